"""Reading data sets with the help of mien's own models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import scenes
from mien.data import store
from mien.data.faceset import FaceSet
from mien.data.layouts import codes
from mien.emotions import EMOTIONS
from mien.errors import DataError
from mien.inference import datasets
from mien.synthetic import drawn

if TYPE_CHECKING:
    from pathlib import Path


def order_of(name: str, num: int = 7) -> tuple[tuple[str, ...], int]:
    known = next(one for one in codes.CODINGS if one.name == name and len(one.classes) in (num, num + 1))
    first = min(map(int, known.classes))
    return tuple(known.classes[str(first + place)] for place in range(num)), first


def named(faces: FaceSet) -> list[str]:
    return [faces.classes[label] for label in faces.labels]


def test_drawn_faces_are_no_evidence_and_the_shipped_model_says_so(tmp_path: Path) -> None:
    faces = drawn.draw(70, seed=3)
    for row, (face, label) in enumerate(zip(faces.images, faces.labels, strict=True)):
        folder = tmp_path / str(label)
        folder.mkdir(exist_ok=True)
        store._write_png(folder / f"{row}.png", face)
    with pytest.raises(DataError, match="The model 'tiny' can't tell"):
        datasets.read(tmp_path, cache=False)


@pytest.mark.real
@pytest.mark.parametrize("name", ["fer2013", "rafdb", "affectnet", "ferplus", "alphabetical", "fer2013-from-1"])
def test_the_shipped_model_knows_the_codings_of_real_faces(
    fer2013: FaceSet, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, first = order_of(name)
    random = np.random.default_rng(1)
    test = fer2013.split("public_test")
    rows = [random.permutation(np.flatnonzero(test.labels == EMOTIONS.index(one)))[:16] for one in order]
    images = test.images[np.concatenate(rows)]
    lines = [f"{first + row // 16}," + " ".join(map(str, face.ravel().tolist())) for row, face in enumerate(images)]
    path = tmp_path / "train.csv"
    path.write_text("\n".join(["emotion,pixels", *lines]) + "\n")
    found = datasets.read(path, cache=False)
    assert named(found) == [one for one in order for _ in range(16)]


def test_the_largest_face_of_a_photo_is_cut_out_with_its_share_of_the_photo() -> None:
    photo = scenes.background(640, 480)
    scenes.paste(photo, scenes.face("happy", 120), 40, 40)
    scenes.paste(photo, scenes.face("sad", 240, 10), 330, 120)
    found = datasets.find_face(photo, 48)
    assert found is not None
    assert (found.num, found.crop.shape) == (2, (48, 48))
    assert found.crop.dtype == np.uint8
    alone = scenes.background(640, 480)
    scenes.paste(alone, scenes.face("sad", 240, 10), 330, 120)
    again = datasets.find_face(alone, 48)
    assert again is not None
    assert again.num == 1
    assert again.share == pytest.approx(found.share, rel=0.05)
    assert np.abs(found.crop.astype(int) - again.crop).mean() < 5
    assert 0.2 < found.share < 240 / np.sqrt(640 * 480)
    assert datasets.find_face(scenes.background(320, 240), 48) is None
