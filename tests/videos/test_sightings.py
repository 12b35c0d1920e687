"""The faces of single frames, before they are tracked and smoothed."""

from __future__ import annotations

import numpy as np
import pytest

import drawn_films
from mien import typed_json
from mien.inference.photo import Reader
from mien.videos.reader import VideoReader
from mien.videos.sightings import Sighting, Watcher, stacked


@pytest.fixture(scope="module")
def sightings(tmp_path_factory: pytest.TempPathFactory) -> list[Sighting]:
    """Every fifth of a hundred frames; nobody is there in the last ten, and frame 60 is a cut."""
    path = drawn_films.film(tmp_path_factory.mktemp("film") / "film.mp4", 100)
    watcher = Watcher(Reader("tiny", threads=1))
    with VideoReader(str(path)) as clip:
        return [watcher.look(frame) for frame in clip.frames() if frame.number % 5 == 0]


def test_frames_are_seen_one_by_one(sightings: list[Sighting]) -> None:
    assert [one.frame for one in sightings] == list(range(0, 100, 5))
    assert [one.frame for one in sightings if one.is_cut] == [60, 75, 80]  # 75 is the flash
    assert [one.frame for one in sightings if one.is_return] == [80]
    assert [len(one.faces) for one in sightings[18:]] == [0, 0]
    happy = sightings[0].faces[0]
    assert happy.label == "happy"
    np.testing.assert_allclose(sightings[0].boxes[0], happy.box, atol=0.005)


def test_the_probabilities_of_all_faces(sightings: list[Sighting]) -> None:
    rows = stacked(sightings, 7)
    assert rows.shape == (sum(len(one.faces) for one in sightings), 7)
    np.testing.assert_array_equal(rows[0], list(sightings[0].faces[0].probabilities.values()))
    assert stacked(sightings[18:], 7).shape == (0, 7)


def test_json_keeps_all_bits(sightings: list[Sighting]) -> None:
    for one in sightings:
        assert typed_json.from_json(typed_json.to_json(one), Sighting) == one
