from __future__ import annotations

import io
import itertools
import json
import pickle
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mien
import scenes
from mien import modelfile
from mien.emotions import EMOTIONS
from mien.errors import ArgumentError, ImageError, ModelFileError
from mien.inference import pretrained
from mien.inference.photo import Face, Reader


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader("tiny", threads=1)


@pytest.fixture(scope="module")
def photo() -> scenes.Pixels:
    return scenes.scene(("happy", "surprise"), width=800)


def test_the_shortest_way(photo: scenes.Pixels) -> None:
    faces = mien.analyze(photo, model="tiny")
    assert len(faces) == 2
    assert mien.analyze(scenes.background(320, 240), model="tiny") == []


def test_a_face_says_all(reader: Reader, photo: scenes.Pixels) -> None:
    face = reader.analyze(photo)[0]
    assert tuple(face.probabilities) == EMOTIONS
    assert sum(face.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert face.confidence == face.probabilities[face.label] == max(face.probabilities.values())
    assert len(face.landmarks) == 5
    assert 0.7 <= face.detection_score <= 1
    assert json.loads(json.dumps(face.to_dict()))["label"] == face.label
    with pytest.raises(FrozenInstanceError):
        face.label = "sad"  # type: ignore[misc] # that it can't be set is the test


def test_all_forms_of_one_photo_read_the_same(reader: Reader, photo: scenes.Pixels, tmp_path: Path) -> None:
    path = scenes.save(photo, tmp_path / "photo.png")
    expected = reader.analyze(photo)
    alpha = np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)])
    for form in (
        path,
        str(path),
        path.read_bytes(),
        bytearray(path.read_bytes()),
        io.BytesIO(path.read_bytes()),
        Image.open(path),
        alpha,
    ):
        assert reader.analyze(form) == expected


def test_gray_forms_read_the_same(reader: Reader, photo: scenes.Pixels) -> None:
    gray = np.asarray(Image.fromarray(photo).convert("L"))
    expected = reader.analyze(gray)
    assert len(expected) == 2
    assert reader.analyze(gray[:, :, None]) == expected
    assert reader.analyze(Image.fromarray(gray)) == expected


def test_a_turned_phone_is_turned_back(reader: Reader, photo: scenes.Pixels, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.png"
    Image.fromarray(np.ascontiguousarray(np.rot90(photo))).save(path, exif=exif)
    assert reader.analyze(path) == reader.analyze(photo)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_without_exif_is_read_as_if_it_were_upright(
    reader: Reader, photo: scenes.Pixels, quarters: int
) -> None:
    upright = reader.analyze(photo)
    faces = reader.analyze(np.rot90(photo, quarters))
    assert [face.rotated for face in faces] == [90 * quarters] * 2
    for face, other in zip(faces, upright, strict=True):
        assert face.label == other.label
        assert face.probabilities == pytest.approx(dict(other.probabilities), abs=0.05)
        assert face.to_dict()["rotated"] == 90 * quarters
    assert {face.rotated for face in Reader("tiny", rotate=False).analyze(np.rot90(photo, quarters))} <= {0}


def test_a_guess_is_a_warning(reader: Reader, photo: scenes.Pixels) -> None:
    deep = Image.fromarray(np.asarray(Image.fromarray(photo).convert("L")).astype(np.uint16) * 16)
    with pytest.warns(UserWarning, match="decoded with an assumption: its samples are taken as 12 bits deep"):
        assert len(reader.analyze(deep)) == 2


def test_faces_have_a_hash_and_readers_can_be_pickled(photo: scenes.Pixels, tmp_path: Path) -> None:
    path = Path(shutil.copy(pretrained.resolve("tiny"), tmp_path / "own.onnx"))
    reader = Reader(path, threads=1, flip=True, decision="balanced")
    faces = reader.analyze(photo)
    assert len({*faces, *reader.analyze(photo)}) == 2
    path.unlink()  # what was loaded travels, not the file's name
    again = pickle.loads(pickle.dumps(reader))
    assert again.analyze(photo) == faces
    assert again.options == reader.options
    assert again.classifier.sha256 == modelfile.sha256(pretrained.resolve("tiny"))


def test_a_replaced_model_file_is_loaded_again(photo: scenes.Pixels, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    for name in ("tiny", "base", "tiny"):
        shutil.copy(pretrained.resolve(name), path)
        assert mien.analyze(photo, path) == mien.analyze(photo, name)


def test_options_of_the_shortest_way(photo: scenes.Pixels) -> None:
    assert mien.analyze(photo[:, :, ::-1], "tiny", colour="bgr") == mien.analyze(photo, "tiny")
    flipped = mien.analyze(photo, "tiny", flip=True, abstain=1.0)
    assert all(face.abstained for face in flipped)
    assert flipped[0].probabilities != mien.analyze(photo, "tiny")[0].probabilities
    assert mien.load("tiny").classes == EMOTIONS
    with pytest.raises(ImageError, match="more than the 1,000 allowed"):
        mien.analyze(photo, "tiny", max_pixels=1000)
    with pytest.raises(ArgumentError, match="detail=full doesn't fit: it must be one of low, normal, high"):
        mien.analyze(photo, "tiny", detail="full")


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (np.zeros((4, 4, 3), np.float32), r"must be uint8 of shape .* not float32"),
        (np.zeros((4, 4, 2), np.uint8), r"not uint8 of shape \(4, 4, 2\)"),
        (np.zeros((0, 4, 3), np.uint8), "must be uint8 of shape"),
        (7, "A photo is a path, bytes, a file object, a Pillow picture or an array, not int"),
        (io.StringIO("text"), "The file object returns text"),
        (b"", r"is empty \(0 bytes\)"),
        (np.broadcast_to(np.uint8(0), (9_000, 8_000, 3)), "8000x9000 pixels, more than"),
    ],
)
def test_what_is_no_photo_says_so(reader: Reader, form: object, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        reader.analyze(form)  # type: ignore[arg-type] # the wrong type is the test


def test_unsure_faces_are_marked(photo: scenes.Pixels) -> None:
    assert all(face.abstained for face in Reader("tiny", abstain=1.0).analyze(photo))
    assert not any(face.abstained for face in Reader("tiny", abstain=0.0).analyze(photo))


def test_min_confidence_sorts_out(photo: scenes.Pixels) -> None:
    assert Reader("tiny", min_confidence=0.99).analyze(photo) == []
    with pytest.raises(ArgumentError, match="min_confidence=2 doesn't fit: it must be a number from 0 to 1"):
        Reader("tiny", min_confidence=2)


def test_it_may_be_called_from_several_threads(reader: Reader, photo: scenes.Pixels) -> None:
    expected = reader.analyze(photo)
    with ThreadPoolExecutor(4) as pool:
        assert all(faces == expected for faces in pool.map(lambda _: reader.analyze(photo), range(12)))


def test_batches_of_photos_read_as_each_alone(reader: Reader, photo: scenes.Pixels) -> None:
    nothing = scenes.background(320, 240)
    both = reader.read([reader.find(picture) for picture in (photo, nothing, photo)])
    assert [len(faces) for faces in both] == [2, 0, 2]
    for face, alone in zip(both[2], reader.analyze(photo), strict=True):
        assert face.box == alone.box
        assert face.probabilities == pytest.approx(dict(alone.probabilities), abs=1e-5)


def test_a_real_photograph() -> None:
    """The astronaut Eileen Collins, NASA, public domain, as shipped by scikit-image."""
    from skimage import data

    astronaut = data.astronaut()
    (face,) = mien.analyze(astronaut)
    left, top, right, bottom = face.box
    assert 160 < left < 190
    assert 250 < right < 290
    assert 50 < top < 90
    assert 160 < bottom < 210
    assert face.label == "happy"
    assert isinstance(face, Face)


def test_arguments_of_another_kind_are_one_sentence(reader: Reader, photo: scenes.Pixels) -> None:
    calls: list[Callable[[Any], object]] = [
        lambda wrong: Reader(wrong),
        lambda wrong: mien.analyze(photo, wrong),
        lambda wrong: Reader("tiny", wrong),
        lambda wrong: Reader("tiny", threads=wrong),
        lambda wrong: mien.analyze(photo, "tiny", colour=wrong),
        lambda wrong: reader.find(wrong),
        lambda wrong: reader.as_face(wrong),
        lambda wrong: reader.estimate_prior(wrong),
    ]
    for call, wrong in itertools.product(calls, (b"tiny", 3.5)):
        with pytest.raises(ArgumentError):
            call(wrong)
    for shape in ((4, 4), (4, 4, 4), (0, 4, 3)):
        with pytest.raises(ArgumentError, match=r"must be uint8 of shape \(H, W, 3\)"):
            reader.find(np.zeros(shape, np.uint8))
    with pytest.raises(ArgumentError, match="give a list of them"):
        reader.estimate_prior("party.jpg")
    with pytest.raises(ModelFileError, match="There is no model file 'xxx"):
        Reader("x" * 5000)
