from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mien.data import splits
from mien.data.faceset import UNLABELLED, FaceSet
from mien.data.splits import hold_out
from mien.errors import DataError

if TYPE_CHECKING:
    from tests.data.conftest import Maker

COUNTS = (400, 44, 410, 720, 480, 320, 500)
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def some_faces(counts: tuple[int, ...] = COUNTS, seed: int = 0) -> FaceSet:
    random = np.random.default_rng(seed)
    labels = random.permutation(np.repeat(np.arange(len(counts)), counts))
    pixels = random.integers(0, 256, (len(labels), 4, 4), np.uint8)
    return FaceSet.from_arrays(pixels, labels, CLASSES[: len(counts)])


def pictures(faces: FaceSet) -> set[bytes]:
    return {face.tobytes() for face in faces.images}


@pytest.mark.parametrize("share", [0.05, 0.12, 0.5, 0.85])
def test_every_class_gives_its_share(share: float) -> None:
    faces = some_faces()
    train, valid = hold_out(faces, share)
    assert len(train) + len(valid) == len(faces)
    assert set(train.splits) == {"train"}
    assert set(valid.splits) == {"valid"}
    assert np.abs(valid.counts() - share * faces.counts()).max() <= 1
    assert sorted(map(int, [*train.names, *valid.names])) == list(range(len(faces)))
    assert train.names.tolist() == sorted(train.names.tolist(), key=int)


def test_the_seed_decides() -> None:
    faces = some_faces()
    assert hold_out(faces)[1].names.tolist() == hold_out(faces)[1].names.tolist()
    assert hold_out(faces)[1].names.tolist() != hold_out(faces, seed=1)[1].names.tolist()


def test_copies_of_a_picture_stay_on_one_side_even_with_other_labels() -> None:
    faces = some_faces((200, 200))
    random = np.random.default_rng(1)
    pixels = faces.images[random.integers(0, 120, len(faces))]
    faces = replace(faces, images=pixels)
    train, valid = hold_out(faces, 0.25)
    assert not pictures(train) & pictures(valid)
    assert abs(len(valid) - 100) <= 6


@pytest.mark.parametrize("seed", range(5))
def test_whole_subjects_are_held_out(seed: int) -> None:
    faces = some_faces((100, 100))
    subjects = np.array([f"S{number:03}" for number in np.random.default_rng(seed).integers(0, 20, 200)])
    train, valid = hold_out(replace(faces, subjects=subjects), 0.2, seed)
    assert train.subjects is not None
    assert valid.subjects is not None
    assert not set(train.subjects) & set(valid.subjects)
    assert abs(len(valid) - 40) <= np.unique(subjects, return_counts=True)[1].max() / 2


def test_a_picture_of_two_subjects_joins_them() -> None:
    faces = some_faces((6, 6))
    pixels = faces.images.copy()
    pixels[3] = pixels[0]
    subjects = np.repeat(["a", "b", "c", "d"], 3)
    for seed in range(10):
        _, valid = hold_out(replace(faces, images=pixels, subjects=subjects), 0.3, seed)
        assert valid.subjects is not None
        assert ("a" in valid.subjects) == ("b" in valid.subjects)


def test_at_least_one_group_is_on_each_side() -> None:
    two = some_faces((1, 1))
    assert [len(side) for side in hold_out(two, 0.01)] == [1, 1]
    assert [len(side) for side in hold_out(two, 0.89)] == [1, 1]
    people = replace(some_faces((10, 10)), subjects=np.array(["a"] * 15 + ["b"] * 5))
    assert [len(side) for side in hold_out(people, 0.05)] == [15, 5]


@pytest.mark.parametrize("share", [0.0, -0.1, 0.9, 1.0])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(DataError, match=r"can't be held out: choose one between 0 and 0\.9"):
        hold_out(some_faces((5, 5)), share)


def test_what_cannot_be_divided_is_refused(make: Maker) -> None:
    faces = some_faces((5, 5))
    with pytest.raises(DataError, match="2 rows have no label"):
        hold_out(replace(faces, labels=np.array([-1, 0, 0, -1, 1, 1, 1, 1, 0, 0])))
    with pytest.raises(DataError, match="has 1 subject: at least 2 are needed to hold some out"):
        hold_out(replace(faces, subjects=np.full(10, "S1")))
    with pytest.raises(DataError, match="has 1 different picture: at least 2"):
        hold_out(replace(faces, images=np.zeros((10, 4, 4), np.uint8)))
    with pytest.raises(DataError, match="has 0 different pictures: at least 2"):
        hold_out(faces.select(np.zeros(10, bool)))


def test_a_sample_has_the_shares_of_classes_and_splits_and_keeps_rows_without_labels() -> None:
    labels = np.array([0] * 600 + [1] * 300 + [2] * 3 + [UNLABELLED] * 20)
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 4, 4)).astype(np.uint8)
    names = np.array(["train", "test", "train"] * 308)[: len(labels)]
    drawn = splits.sample(replace(FaceSet.from_arrays(images, labels, ("a", "b", "c")), splits=names), 90)
    for split, counts in (("train", [40, 20]), ("test", [20, 10])):
        assert drawn.split(split).counts()[:2].tolist() == counts
    assert (drawn.labels == 2).sum() == 2
    assert (drawn.labels == UNLABELLED).sum() == 20
    assert splits.sample(drawn, 1000).hash == drawn.hash
