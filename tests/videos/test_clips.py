"""The clips at some paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien.errors import DataError
from mien.videos import clips


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("s2/talk.MP4", "s1/talk.mp4", "notes.txt", "._talk.mp4", "odd.dat"):
        path = tmp_path / "films" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "films"


def test_a_folder_stands_for_its_videos_and_a_file_for_itself(folder: Path) -> None:
    found = clips.expand([str(folder), str(folder / "odd.dat")])
    assert [clip.name for clip in found] == ["s1/talk.mp4", "s2/talk.MP4", "odd.dat"]
    assert [clip.file_name for clip in found] == ["s1__talk.mp4", "s2__talk.MP4", "odd.dat"]
    assert Path(found[0].path).samefile(folder / "s1" / "talk.mp4")


def test_names_that_are_used_twice_are_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"Two clips have the name 'talk\.MP4'"):
        clips.expand([str(folder / "s1" / "talk.mp4"), str(folder / "s2" / "talk.MP4")])


def test_no_videos_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="There are no videos at"):
        clips.expand([str(tmp_path / "empty")])
    with pytest.raises(DataError, match="does not exist"):
        clips.expand([str(tmp_path / "absent.mp4")])
