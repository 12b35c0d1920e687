"""Small pictures of faces: the right faces at the right times, taken once."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import scenes
from mien import files, typed_json
from mien.videos import study_folder, thumbnails
from mien.videos.recordings import Recording
from mien.videos.study_folder import ClipFile, ClipRecord
from mien.videos.thumbnails import Place

LEVELS = (60, 120, 180)
"""Gray of the square in each second."""


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with the record of a film of three seconds; a square of 40 pixels at (100, 60) has another gray in each."""
    frames = []
    for level in LEVELS:
        frame = np.full((120, 160, 3), 20, np.uint8)
        frame[60:100, 100:140] = level
        frames += [frame] * 25
    film = scenes.clip(tmp_path / "a.mp4", frames, rate=25)
    (tmp_path / "out" / "rows").mkdir(parents=True)
    record = ClipRecord("../a.mp4", ClipFile.of(str(film)), 75, 0)
    files.write_json(study_folder.record_path(tmp_path / "out", "a.mp4"), typed_json.to_json(record))
    return tmp_path / "out"


def recording(readable: list[bool]) -> Recording:
    num = len(readable)
    reasons = np.array(["" if read else "no_face" for read in readable], np.str_)
    boxes = np.tile([1.0, 2.0, 3.0, 4.0], (num, 1))
    times = np.arange(num) / 10
    return Recording("anna", "a.mp4", "", ("happy",), times, np.full(num, 0.1), np.ones((num, 1)), reasons, boxes)


def test_faces_are_spread_over_the_readable_time() -> None:
    assert [place.time for place in thumbnails.choose(recording([True] * 60), 6)] == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    some = thumbnails.choose(recording([False] * 19 + [True] * 2 + [False] * 30 + [True] * 9), 6)
    assert [place.time for place in some] == [1.9, 5.5]  # 2.0 is next to 1.9
    assert thumbnails.choose(recording([False] * 60), 6) == ()


def test_pictures_are_those_of_the_frames(out: Path) -> None:
    places = [Place(second + 0.48, (105, 65, 135, 95)) for second in range(3)]
    found = thumbnails.of_clip(out, "a.mp4", places)
    for place, level in zip(places, LEVELS, strict=True):
        pixels = np.asarray(Image.open(io.BytesIO(found[place])))
        assert pixels.shape == (64, 64, 3)
        assert pixels.mean() == pytest.approx(level, abs=6)
    assert all(len(picture) < 2000 for picture in found.values())


def test_pictures_are_taken_once(out: Path) -> None:
    places = [Place(0.48, (105, 65, 135, 95)), Place(1.48, (105, 65, 135, 95))]
    first = thumbnails.of_clip(out, "a.mp4", places)
    (out.parent / "a.mp4").unlink()
    assert thumbnails.of_clip(out, "a.mp4", places) == first
    assert list(thumbnails.of_clip(out, "a.mp4", [*places[:1], Place(2.4, (0, 0, 9, 9))])) == places[:1]
    assert thumbnails.of_clip(out, "none.mp4", places) == {}
    study_folder.faces_path(out, "a.mp4").write_text("{")
    assert thumbnails.of_clip(out, "a.mp4", places) == {}


def test_faces_at_the_edge_stay_in_the_frame(out: Path) -> None:
    for box in ((-20.0, -20.0, 30.0, 30.0), (120.0, 90.0, 180.0, 150.0), (-500.0, -500.0, 900.0, 900.0)):
        assert len(thumbnails.of_clip(out, "a.mp4", [Place(0.48, box)])) == 1
