"""The FaceSet: its checks, its rows, its hash."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mien.data.faceset import UNLABELLED, FaceSet, canonical_split
from mien.data.source import Source
from mien.errors import ArgumentError, DataError, MienError

GOOD: dict[str, Any] = {
    "images": np.zeros((2, 4, 4), np.uint8), "labels": [0, 1], "classes": ("happy", "sad"), "split": "train",
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"images": [[0]]}, {"images": np.zeros((2, 4, 4))}, {"images": np.zeros((2, 0, 0), np.uint8)}, {"images": None},
        {"labels": [0.5, 1]}, {"labels": ["happy", "sad"]}, {"labels": np.eye(2, dtype=int)}, {"labels": [0]}, {"labels": [0, 2]},
        {"classes": "ab"}, {"classes": [0, 1]}, {"classes": ["a", "a"]}, {"classes": ["", "a"]}, {"split": "nope"}, {"split": 5},
    ],
)  # fmt: skip
def test_arrays_that_make_no_face_set_are_refused(change: dict[str, Any]) -> None:
    assert len(FaceSet.from_arrays(**GOOD)) == 2
    with pytest.raises(MienError):
        FaceSet.from_arrays(**{**GOOD, **change})


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("Training", "train"), ("train_set", "train"), ("Train Data", "train"), ("FER2013Train", "train"),
        ("trainset", "train"), ("TrainingSet", "train"), ("images_train", "train"), ("train2017", "train"),
        ("val_set", "valid"), ("FER2013Valid", "valid"), ("Validation", "valid"), ("valid data", "valid"),
        ("TESTDATA", "test"), ("FER2013Test", "test"), ("test_images", "test"),
        ("Public Test", "public_test"), ("PrivateTest", "private_test"),
        ("eval", "valid"), ("Evaluation set", "valid"), ("tr", "train"), ("va", "valid"), ("te", "test"), ("hold-out", "test"),
        ("trainval", "train"), ("set", None), ("data", None), ("fer2013", None), ("happy_train", None), ("1", None), ("", None),
    ],
)  # fmt: skip
def test_names_of_splits(name: str, split: str | None) -> None:
    assert canonical_split(name) == split


def small(**changes: Any) -> FaceSet:
    """Four faces of two classes and one without a label, in two splits, with votes and subjects."""
    made = FaceSet(
        images=np.arange(5 * 16, dtype=np.uint8).reshape(5, 4, 4),
        labels=np.array([1, 0, 1, 1, UNLABELLED]),
        classes=("happy", "sad"),
        names=np.array(list("abcde")),
        splits=np.array(["test", "train", "train", "test", "train"]),
        votes=np.arange(10, dtype=np.float32).reshape(5, 2),
        subjects=np.array(["S1", "S2", "S1", "S3", "S2"]),
    )
    return replace(made, **changes)


def test_what_it_holds_in_figures() -> None:
    faces = small()
    assert (len(faces), faces.size, faces.split_names) == (5, (4, 4), ("train", "test"))
    assert faces.counts().tolist() == [1, 3]
    assert FaceSet.from_arrays(**GOOD).names.tolist() == ["0", "1"]


def test_labels_have_names() -> None:
    faces = replace(FaceSet.from_arrays(**GOOD), labels=np.array([1, UNLABELLED]))
    assert faces.label_names.tolist() == ["sad", ""]


def test_rows_are_chosen_with_all_that_belongs_to_them() -> None:
    test = small().split("test")
    assert (test.names.tolist(), test.labels.tolist()) == (["a", "d"], [1, 1])
    assert test.images[1, 0, 0] == 48
    assert test.votes is not None
    assert test.votes.tolist() == [[0, 1], [6, 7]]
    assert test.subjects is not None
    assert test.subjects.tolist() == ["S1", "S3"]
    assert small().select(np.array([4, 0])).names.tolist() == ["e", "a"]
    with pytest.raises(DataError, match="has no split 'valid': it has train, test"):
        small().split("valid")
    with pytest.raises(DataError, match="no such rows among these 5 faces"):
        small().select(np.array([9]))


def test_the_hash_is_that_of_the_content_and_not_of_names_and_source() -> None:
    faces = small()
    assert faces.hash == small(names=np.array(list("vwxyz")), source=Source(path="elsewhere")).hash
    assert faces.hash == small(labels=faces.labels.astype(np.int32), images=np.asfortranarray(faces.images)).hash
    changes: list[dict[str, Any]] = [
        {"images": faces.images[::-1]}, {"labels": faces.labels[::-1]}, {"classes": ("happy", "calm")},
        {"splits": faces.splits[::-1]}, {"votes": None}, {"subjects": None}, {"subjects": np.array(["S1", "S2", "S1", "S3", "S3"])},
    ]  # fmt: skip
    assert len({faces.hash, *(small(**change).hash for change in changes)}) == len(changes) + 1
    alone = {small(**change).faces_hash for change in changes[3:]}
    assert alone == {faces.faces_hash}
    assert len({faces.faces_hash, *(small(**change).faces_hash for change in changes[:3])}) == 4


def test_rows_at_another_size() -> None:
    faces = small(images=np.repeat(np.arange(5, dtype=np.uint8), 16).reshape(5, 4, 4))
    assert faces.resized((4, 4)) is faces
    resized = faces.resized((2, 6))
    assert (resized.size, resized.labels.tolist()) == ((2, 6), faces.labels.tolist())
    np.testing.assert_array_equal(resized.images, faces.images[:, :2, :1].repeat(6, axis=2))
    with pytest.raises(ArgumentError, match="must be a height and a width from 1 to 1,024"):
        small().resized((0, 4))


def test_labels_and_votes_are_renumbered_for_other_classes() -> None:
    faces = small().to_classes(("sad", "fear", "happy"))
    assert faces.labels.tolist() == [0, 2, 0, 0, UNLABELLED]
    assert faces.votes is not None
    assert faces.votes[1].tolist() == [3, 0, 2]
    assert small().to_classes(("happy", "sad")).labels.tolist() == small().labels.tolist()
    with pytest.raises(DataError, match=r"doesn't know: happy \(1 row\)\. It knows sad, fear\."):
        small().to_classes(("sad", "fear"))
    only_sad = small().select(np.array([0, 2]))
    assert only_sad.to_classes(("sad",)).labels.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.zeros((5, 4, 2000), np.uint8)}, "Faces of 4x2000 are larger than 1024 pixels: resize them"),
        ({"labels": np.array([0, 1])}, "There are 5 faces but 2 labels: each face needs one"),
        ({"labels": np.array([0, 1, 2, 0, 0])}, r"Labels must be in 0\.\.1 \(or be -1 where unknown\), not 0\.\.2"),
        ({"splits": np.array(["train"] * 4 + ["exam"])}, "There is no split 'exam': name it one of train, valid, test"),
        ({"votes": np.zeros((5, 3), np.float32)}, r"Votes must have shape \(5, 2\), not \(5, 3\)"),
        ({"classes": ("a", "a")}, "The classes must differ, but are a, a"),
        ({"names": [1, 2, 3, 4, 5]}, "The names must be a NumPy array, not list"),
        ({"subjects": np.arange(5)}, "The subjects must be texts, not int64"),
    ],
)
def test_parts_that_do_not_fit_one_another_say_so(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        small(**change)


def test_a_mask_of_all_rows_or_of_one_piece_copies_no_image() -> None:
    faces = FaceSet.from_arrays(np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2), [0, 1, 0, 1, 0], ("happy", "sad"))
    mask = np.array([False, True, True, True, False])
    assert faces.select(np.ones(5, np.bool_)) is faces
    piece = faces.select(mask)
    assert np.shares_memory(piece.images, faces.images)
    assert piece.hash == faces.select(np.flatnonzero(mask)).hash
    assert piece.names.tolist() == ["1", "2", "3"]
    assert faces.select(np.array([True, False, True, False, False])).names.tolist() == ["0", "2"]
    assert len(faces.select(np.zeros(5, np.bool_))) == 0
    with pytest.raises(DataError, match="no such rows"):
        faces.select(np.ones(4, np.bool_))
