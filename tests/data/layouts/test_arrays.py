"""Arrays of faces in NumPy's files and in HDF5, by whatever names and shapes people give them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.data.layouts import read
from mien.emotions import EMOTIONS
from mien.errors import DataError

if TYPE_CHECKING:
    from tests.data.conftest import Maker

LABELS = np.array([0, 3, 6, 5, 1, 2, 4])
NAMES = [EMOTIONS[label] for label in LABELS]


def stack(make: Maker) -> NDArray[np.uint8]:
    return np.stack([make.face(row) for row in range(len(LABELS))])


def npz(make: Maker, **arrays: Any) -> Path:
    np.savez(make.root / "faces.npz", **arrays)
    return make.root / "faces.npz"


def npy(make: Maker, **arrays: Any) -> Path:
    folder = make.root / "set"
    folder.mkdir()
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


def hdf5(make: Maker, **arrays: Any) -> Path:
    h5py = pytest.importorskip("h5py")
    with h5py.File(make.root / "faces.h5", "w") as file:
        for name, array in arrays.items():
            file[name.replace("__", "/")] = array
    return make.root / "faces.h5"


def colour(faces: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(faces[..., None], 3, axis=3)


WAYS: dict[str, Callable[[Maker], Path]] = {
    "images and labels": lambda make: npz(make, images=stack(make), labels=LABELS),
    "x_train and y_train": lambda make: npz(make, x_train=stack(make), y_train=LABELS),
    "X and y": lambda make: npz(make, X=stack(make).reshape(7, -1), y=LABELS[:, None]),
    "without names": lambda make: npz(make, arr_0=stack(make), arr_1=LABELS),
    "one channel": lambda make: npz(make, images=stack(make)[..., None], labels=LABELS),
    "one channel first": lambda make: npz(make, images=stack(make)[:, None], labels=LABELS),
    "colours": lambda make: npz(make, data=colour(stack(make)), target=LABELS),
    "colours first": lambda make: npz(make, data=colour(stack(make)).transpose(0, 3, 1, 2), target=LABELS),
    "from 0 to 1": lambda make: npz(make, images=(stack(make) / 255).astype(np.float32), labels=LABELS),
    "floats to 255": lambda make: npz(make, images=stack(make).astype(np.float64), labels=LABELS.astype(np.float64)),
    "one-hot": lambda make: npz(make, images=stack(make), labels=np.eye(7, dtype=np.float32)[LABELS]),
    "names of classes": lambda make: npz(
        make, images=stack(make), labels=6 - LABELS, class_names=np.array(EMOTIONS[::-1])
    ),
    "text": lambda make: npz(make, images=stack(make), emotion=np.array(NAMES)),
    "features beside": lambda make: npz(
        make, images=stack(make), landmarks=np.zeros((7, 196)), labels=LABELS, confidence=np.ones(7)
    ),
    "two .npy": lambda make: npy(make, images=stack(make), labels=LABELS),
    "Xtrain.npy": lambda make: npy(make, Xtrain=stack(make), ytrain=LABELS),
    "hdf5": lambda make: hdf5(make, images=stack(make), labels=LABELS),
    "hdf5 of Training_pixel": lambda make: hdf5(make, Training_pixel=stack(make), Training_label=LABELS),
    "hdf5 with groups and text": lambda make: hdf5(
        make, train__images=stack(make), train__emotion=np.array(NAMES, dtype="S")
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_saving_gives_the_same_faces(make: Maker, way: str) -> None:
    faces = read(WAYS[way](make), coding="fer2013")
    assert faces.source.layout == "arrays"
    assert [faces.classes[label] for label in faces.labels] == NAMES
    np.testing.assert_array_equal(faces.images, stack(make))
    assert set(faces.splits.tolist()) == {"train"}


def test_splits_subjects_and_unlabelled_parts(make: Maker) -> None:
    part = {"x_train": stack(make), "y_train": LABELS, "x_test": stack(make)[:3]}
    faces = read(npz(make, **part, subjects_train=np.array(list("aabbccd"))), coding="fer2013")
    assert faces.splits.tolist() == ["train"] * 7 + ["test"] * 3
    assert faces.labels.tolist()[7:] == [-1, -1, -1]
    assert faces.subjects is not None
    assert faces.subjects[6] == "d"
    splits = np.array(["Training", "PublicTest", "Training", "Training", "PrivateTest", "Training", "elsewhere"])
    faces = read(npz(make, images=stack(make), labels=LABELS, usage=splits), coding="fer2013")
    assert faces.splits.tolist() == ["train", "public_test", "train", "train", "private_test", "train"]
    assert faces.source.dropped[0].reason == "unknown split 'elsewhere'"


def test_weights_beside_a_table_are_no_faces_but_faces_are(make: Maker) -> None:
    make.fer2013()
    np.savez(make.root / "weights.npz", kernel=np.zeros((3, 3, 32)), bias=np.zeros(32))
    make.file("model.h5", b"\x89HDF\r\n\x1a\n" + bytes(500))
    assert read(make.root).source.layout == "fer2013-csv"
    (make.root / "model.h5").unlink()
    npz(make, images=stack(make), labels=LABELS)
    with pytest.raises(DataError, match="several data sets: arrays"):
        read(make.root)


def test_labels_of_another_number_than_the_faces_are_refused(make: Maker) -> None:
    np.savez(
        make.root / "a.npz",
        images=np.stack([make.face(row) for row in range(4)]),
        labels=np.array(["happy", "sad", "sad"]),
    )
    with pytest.raises(DataError, match=r"has 4 faces, but 'a/labels' has 3 labels: save one for each face"):
        read(make.root / "a.npz")


BAD: dict[str, tuple[Callable[[Maker], Path], str]] = {
    "no faces": (lambda make: npz(make, a=np.zeros(3)), r"holds no array of faces.*/a float64\(3,\)"),
    "standardised": (lambda make: npz(make, x=stack(make) / 127.5 - 1, y=LABELS), r"values from -1 to .*: save pixels"),
    "not a number": (lambda make: npz(make, x=np.full((7, 48, 48), np.nan), y=LABELS), r"values from nan to nan"),
}


@pytest.mark.parametrize("case", BAD)
def test_arrays_that_are_no_faces_get_one_sentence(make: Maker, case: str) -> None:
    with pytest.raises(DataError, match=BAD[case][1]) as caught:
        read(BAD[case][0](make))
    assert "\n" not in str(caught.value)
