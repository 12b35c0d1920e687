from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.data import folds, layouts, store
from mien.data.faceset import UNLABELLED, FaceSet
from mien.data.folds import Fold
from mien.errors import ArgumentError, DataError

RNG = np.random.default_rng(2)


def faces(labels: list[int], subjects: list[str] | None = None, num_classes: int = 3) -> FaceSet:
    images = RNG.integers(0, 256, (len(labels), 8, 8)).astype(np.uint8)
    made = FaceSet.from_arrays(images, labels, tuple("abcdef"[:num_classes]))
    return replace(made, subjects=None if subjects is None else np.array(subjects))


def test_each_fold_has_its_share_of_each_class() -> None:
    labels = [0] * 50 + [1] * 30 + [2] * 10
    given = folds.assign(faces(labels), 5)
    shares = np.array(
        [[((given == fold) & (np.array(labels) == code)).sum() for code in range(3)] for fold in range(5)]
    )
    assert shares.tolist() == [[10, 6, 2]] * 5


def test_a_person_is_in_one_fold(faces_of_people: FaceSet) -> None:
    given = folds.assign(faces_of_people, 4)
    assert faces_of_people.subjects is not None
    for person in np.unique(faces_of_people.subjects):
        assert len(set(given[faces_of_people.subjects == person].tolist())) == 1
    assert set(given.tolist()) == {0, 1, 2, 3}
    assert np.bincount(given).min() >= 0.8 * len(given) / 4


@pytest.fixture(scope="module")
def faces_of_people() -> FaceSet:
    labels = RNG.integers(0, 3, 200).tolist()
    return faces(labels, [f"p{row % 20}" for row in range(200)])


def test_copies_of_a_picture_are_in_one_fold() -> None:
    made = faces([0, 1] * 30, num_classes=2)
    images = made.images.copy()
    images[40:60:2] = images[0]
    given = folds.assign(replace(made, images=images), 5)
    assert len(set(given[[0, *range(40, 60, 2)]].tolist())) == 1


def test_another_seed_gives_another_division(faces_of_people: FaceSet) -> None:
    one, same, other = (folds.assign(faces_of_people, 5, seed) for seed in (0, 0, 1))
    assert one.tolist() == same.tolist()
    assert one.tolist() != other.tolist()


def test_each_person_may_have_a_fold(faces_of_people: FaceSet) -> None:
    assert folds.num_persons(faces_of_people) == 20
    given = folds.assign(faces_of_people, 20)
    assert np.bincount(given).tolist() == [10] * 20


def test_rows_without_a_label_are_in_no_fold() -> None:
    given = folds.assign(faces([0, 1, UNLABELLED, 0, 1, UNLABELLED], num_classes=2), 2)
    assert (given < 0).tolist() == [False, False, True, False, False, True]


def test_a_fold_is_the_test_split_of_the_data_as_it_is_read(tmp_path: Path) -> None:
    """The splits of the data don't count, and none of its leaks is left."""
    made = faces([0, 1, 2] * 10)
    made = replace(made, splits=np.array(["train", "test", "valid"] * 10))
    path = store.write_parquet(made, tmp_path / "faces.parquet")
    parts = [layouts.read(path, fold=f"{number}/3@1") for number in (1, 2, 3)]
    given = folds.assign(made, 3, 1)
    for number, part in enumerate(parts):
        assert ((part.splits == "test") == (given == number)).all()
        assert set(part.splits.tolist()) == {"train", "test"}
        assert part.source.options.fold == f"{number + 1}/3@1"
    assert len({part.hash for part in parts}) == 3


@pytest.mark.parametrize(
    ("made", "num", "message"),
    [
        (faces([0, 1] * 5, ["ann"] * 10, 2), 2, "The data has 1 person with a label: cross-validation takes two or more."),
        (faces([0, 1] * 6, ["a", "b", "c"] * 4, 2), 5, "The data has 3 persons for 5 folds: choose 3 folds or fewer."),
        (faces([0, 1, 1], num_classes=2), 4, "3 different pictures for 4 folds"),
        (faces([0, 1] * 6 + [2], num_classes=3), 3, r"class 'c' \(1 row\) are in one fold, .* leave it out with --drop CLASS"),
        (faces([0, 1] * 6, ["a"] * 6 + ["b", "c"] * 3, 2), 3, None),
        (faces([0] * 6 + [1] * 6, ["a"] * 6 + ["b", "c"] * 3, 2), 3, r"class 'a' \(6 rows\) are in one fold"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_divided_is_refused_in_one_sentence(made: FaceSet, num: int, message: str | None) -> None:
    if message is None:
        folds.assign(made, num)
        return
    with pytest.raises(DataError, match=message):
        folds.assign(made, num)


def test_persons_must_be_named_to_be_counted() -> None:
    with pytest.raises(DataError, match="doesn't name persons"):
        folds.num_persons(faces([0, 1], num_classes=2))
    with pytest.raises(ArgumentError):
        folds.assign(faces([0, 1], num_classes=2), 1)


@pytest.mark.parametrize("text", ["", "2", "0/5@0", "6/5@0", "1/5", "a/b@c"])
def test_a_text_that_names_no_fold(text: str) -> None:
    with pytest.raises(DataError, match="names no fold"):
        Fold.parse(text)


def test_a_fold_is_read_as_it_was_written() -> None:
    assert Fold.parse(str(Fold(2, 5, 7))) == Fold(2, 5, 7)
