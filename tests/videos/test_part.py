"""The sightings of an unfinished clip: what was written is what is read, bit for bit, also from a file that was cut off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import drawn_films
from mien.errors import OutputError
from mien.inference.photo import Reader
from mien.videos.part import Part
from mien.videos.reader import VideoReader
from mien.videos.sightings import Sighting, Watcher

ON = {"clip": "a"}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Sighting], Watcher]:
    """The sightings of 64 frames with a cut at frame 60."""
    path = drawn_films.film(tmp_path_factory.mktemp("film") / "film.mp4", 64)
    watcher = Watcher(Reader("tiny", threads=1))
    with VideoReader(str(path)) as clip:
        return [watcher.look(frame) for frame in clip.frames() if frame.number % 2 == 0], watcher


def test_sightings_come_back_bit_for_bit(seen: tuple[list[Sighting], Watcher], tmp_path: Path) -> None:
    sightings, watcher = seen
    with Part(tmp_path / "a.part", ON) as part:
        part.add(sightings[:20], watcher.cuts)
        part.add(sightings[20:], watcher.cuts)
    assert sum(one.is_cut for one in sightings) == 1
    assert any(one.faces for one in sightings)
    with Part(tmp_path / "a.part", ON) as part:
        assert list(part.sightings()) == sightings
        assert (part.last, part.time, part.cuts) == (62, sightings[-1].time, watcher.cuts)


def test_what_was_cut_off_is_left_out(seen: tuple[list[Sighting], Watcher], tmp_path: Path) -> None:
    sightings, watcher = seen
    path = tmp_path / "a.part"
    with Part(path, ON) as part:
        part.add(sightings[:20], watcher.cuts)
        part.add(sightings[20:], watcher.cuts)
    whole = path.read_bytes()
    second = whole.rindex(b"\n", 0, -1) + 1
    for cut in (second + 1, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with Part(path, ON) as part:
            assert (part.last, path.read_bytes()) == (38, whole[:second])
            part.add(sightings[20:], watcher.cuts)
        assert path.read_bytes() == whole
    path.write_bytes(whole.replace(b'"cut_at": ', b'"cut_at": x', 1))  # damaged in the first block
    with Part(path, ON) as part:
        assert part.last == -1


def test_another_clip_is_begun_anew(seen: tuple[list[Sighting], Watcher], tmp_path: Path) -> None:
    sightings, watcher = seen
    with Part(tmp_path / "a.part", ON) as part:
        part.add(sightings, watcher.cuts)
    with Part(tmp_path / "a.part", {"clip": "b"}) as part:
        assert part.last == -1
        assert list(part.sightings()) == []
    assert not (tmp_path / "a.part").exists()  # it had nothing


def test_two_processes_don_t_write_one_file(tmp_path: Path) -> None:
    with Part(tmp_path / "a.part", ON), pytest.raises(OutputError, match="Another process reads this clip"):
        Part(tmp_path / "a.part", ON)
    with pytest.raises(OutputError, match="can't be written"):
        Part(tmp_path / "none" / "a.part", ON)


def test_the_state_of_cuts_comes_back(seen: tuple[list[Sighting], Watcher]) -> None:
    """A detector that goes on from a state decides as the one that saw all frames."""
    _, watcher = seen
    again = Watcher(watcher.reader, watcher.cuts)
    assert again.cuts == watcher.cuts
    rng = np.random.default_rng(0)
    for number in range(4):
        pixels = rng.integers(0, 255, (240, 320, 3), dtype=np.uint8)
        for one in (watcher, again):
            one._cuts.look(pixels, 3 + number / 25)
        assert (again._cuts.is_cut, again._cuts.is_return) == (watcher._cuts.is_cut, watcher._cuts.is_return)
