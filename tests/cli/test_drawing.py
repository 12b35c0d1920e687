"""Annotated pictures: where they are written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mien import files, images
from mien.cli.drawing import Drawer
from mien.errors import OutputError

Invoke = Callable[..., tuple[int, str, str]]


def test_annotated_pictures_lie_as_the_photos_do(invoke: Invoke, album: Path, tmp_path: Path) -> None:
    assert invoke("predict", album, "--model", "tiny", "--annotate", tmp_path / "drawn")[0] == 0
    drawn = sorted(str(path.relative_to(tmp_path / "drawn")) for path in (tmp_path / "drawn").rglob("*.*"))
    assert drawn == ["a.jpg", "sub/a.jpg", "z.png"]
    assert images.decode(tmp_path / "drawn" / "a.jpg").shape == (480, 800, 3)
    assert invoke("predict", album / "a.jpg", "--model", "tiny", "--annotate", tmp_path / "one.png")[0] == 0
    difference = images.decode(tmp_path / "one.png").astype(int) - images.decode(album / "a.jpg")
    assert 0.002 < (np.abs(difference).max(2) > 40).mean() < 0.3
    pattern = (album / "**" / "*.jpg", "--annotate", tmp_path / "many.png")  # several photos never share one picture
    assert invoke("predict", *pattern, "--model", "tiny")[0] == 0
    assert len(list((tmp_path / "many.png").iterdir())) == 2
    same_name = (album / "a.jpg", album / "sub" / "a.jpg")
    assert invoke("predict", *same_name, "--model", "tiny", "--annotate", tmp_path / "both")[0] == 0
    assert sorted(path.name for path in (tmp_path / "both").iterdir()) == ["a-2.jpg", "a.jpg"]


def names(drawer: Drawer, *photos: str) -> list[str]:
    unique = files.UniqueNames()
    return [drawer._name(photo, unique) for photo in photos]


def test_pictures_are_called_as_the_photos_and_end_in_what_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    drawer = Drawer(tmp_path / "out", (str(tmp_path / "in"),))
    below = str(tmp_path / "in" / "sub")
    assert names(drawer, f"{below}/a.JPG", f"{below}/b.heic", "elsewhere/c.png", "-") == [
        "sub/a.JPG", "sub/b.png", "c.png", "photo.png",
    ]  # fmt: skip


def test_equal_names_are_numbered_whatever_their_case(tmp_path: Path) -> None:
    drawer = Drawer(tmp_path / "out", ("x/*", "y/*"))
    assert names(drawer, "x/a.png", "y/A.png", "z/a.PNG") == ["a.png", "A-2.png", "a-3.PNG"]
    drawer.keep(["a.png"])
    assert drawer._name("x/A.png", drawer._unique) == "A-2.png"


def test_one_photo_is_drawn_into_a_file_and_a_folder_s_into_a_folder(album: Path, tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    one = (str(album / "a.jpg"),)
    assert Drawer(tmp_path / "out.png", one).file == tmp_path / "out.png"
    assert Drawer(tmp_path / "out.png", ("-",)).file == tmp_path / "out.png"
    for out, photos in (("out", one), ("folder.png", one), ("out.png", (str(album),)), ("out.png", one * 2)):
        assert Drawer(tmp_path / out, photos).file is None, (out, photos)


def test_no_photo_is_replaced_by_its_picture(album: Path, tmp_path: Path) -> None:
    photos = [str(album / "a.jpg"), str(album / "z.png")]
    inputs = files.Inputs(photos)
    Drawer(tmp_path, (str(album),)).check(photos, inputs)
    with pytest.raises(OutputError, match=r"a\.jpg"):
        Drawer(album, (str(album),)).check(photos, inputs)
    with pytest.raises(OutputError, match=r"a\.jpg"):
        Drawer(album / "a.jpg", (photos[0],)).check(photos[:1], inputs)
