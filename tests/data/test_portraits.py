"""Portraits are noticed, and their faces cut out where that is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

import mien
import scenes
from mien.data import layouts
from mien.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ["KA.HA1.1.tiff", "KA.SA1.2.tiff", "KM.HA1.3.tiff", "KM.SU1.4.tiff"]


@pytest.fixture(scope="module")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four portraits of 256x256 named as in JAFFE, whose faces have 110 pixels; the last shows nobody."""
    folder = tmp_path_factory.mktemp("jaffe")
    for number, name in enumerate(NAMES):
        photo = scenes.background(256, 256, number)
        if number < 3:
            scenes.paste(photo, scenes.face("happy", 130, 3 + 5 * number), 60, 60)
        Image.fromarray(photo).convert("L").save(folder / name)
    return folder


def test_portraits_are_noticed(portraits: Path) -> None:
    faces = mien.read(portraits)
    assert (len(faces), faces.size) == (4, (256, 256))
    assert any("look like portraits" in note and "--find-faces" in note for note in faces.source.notes)
    assert not any("portraits" in note for note in layouts.read(portraits).source.notes)


def test_each_face_is_found_and_what_has_none_is_told(portraits: Path) -> None:
    faces = mien.read(portraits, find_faces=True)
    assert (len(faces), faces.size) == (3, (96, 96))
    assert [(row.name, row.reason) for row in faces.source.dropped] == [(NAMES[3], "no face was found in it")]
    assert any("in 1 of 4 pictures no face was detected" in note for note in faces.source.notes)
    again = mien.read(portraits, find_faces=True, size=48)
    assert again.size == (48, 48)


def test_the_crop_is_that_of_predict(portraits: Path) -> None:
    reader = mien.Reader("tiny")
    faces = mien.read(portraits, find_faces=True, size=reader.classifier.spec.size[0], cache=False)
    photo = np.asarray(Image.open(portraits / NAMES[0]).convert("RGB"))
    np.testing.assert_array_equal(faces.images[0], reader.find(photo).crops[0])


def test_cropped_faces_are_no_portraits(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / "happy").mkdir(exist_ok=True)
        (tmp_path / "sad").mkdir(exist_ok=True)
        crop = scenes.face("happy", 150, 3 + 5 * number)[15:-10, 15:-15]
        Image.fromarray(crop).save(tmp_path / ("happy" if number % 2 else "sad") / f"{number}.png")
    assert not any("portraits" in note for note in mien.read(tmp_path).source.notes)


def test_without_the_detector_faces_are_not_looked_for(portraits: Path) -> None:
    with pytest.raises(DataError, match=r"needs the face detector: read the data with mien\.read"):
        layouts.read(portraits, find_faces=True)


def test_the_command_line_finds_faces(portraits: Path, invoke: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = invoke("data", "info", portraits, "--find-faces")
    assert code == 0
    assert "3 faces of 96x96" in out
    assert "1 x no face was found in it" in out
