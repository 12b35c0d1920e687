"""The same faces in several splits: counted at reading, refused before training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.data import layouts, leakage, store
from mien.data.faceset import FaceSet
from mien.data.reading import ReadOptions
from mien.data.source import Leak
from mien.errors import DataError
from mien.synthetic import drawn

FACES = drawn.draw(120, seed=3)


def with_copies(num: int, split: str, of: str = "train", valid: bool = True) -> FaceSet:
    """Drawn faces in three splits, ``num`` of those of ``split`` also standing in ``of``."""
    third = np.arange(len(FACES)) % 3
    names = np.array(["train", "valid" if valid else "train", "test"])[third]
    own, others = np.flatnonzero(names == split)[:num], np.flatnonzero(names == of)[:num]
    images = FACES.images.copy()
    images[own] = images[others]
    return replace(FACES, images=images, splits=names)


def test_copies_are_counted_between_splits_and_within_one() -> None:
    leaky = with_copies(5, "test")
    assert leakage.find(leaky) == (Leak("test", "train", 5, 40),)
    doubled = leaky.select(np.tile(np.arange(len(leaky)), 2))
    found = leakage.find(doubled)
    assert found[0] == Leak("test", "train", 10, 80)
    assert Leak("train", "train", 40, 80) in found
    assert "added twice" in str(found[-1])


def test_blank_pictures_are_no_copies() -> None:
    blank = replace(FACES, images=np.zeros_like(FACES.images))
    assert leakage.find(blank) == ()


@pytest.mark.parametrize(
    ("faces", "chosen_on", "message"),
    [
        (with_copies(1, "valid"), "valid", "1 of 40 faces of the split 'valid' also is in the split 'train'.*the epoch would be chosen"),
        (with_copies(5, "test"), "valid", "5 of 40 faces of the split 'test' also are in the split 'train'.*would not hold for new faces"),
        (with_copies(5, "test", of="valid"), "valid", "5 of 40 faces of the split 'test' also are in the split 'valid'"),
        (with_copies(40, "test", valid=False), "", "40 of 40 faces of the split 'test'"),
        (with_copies(1, "test"), "test", "the epoch would be chosen"),
        (with_copies(4, "test"), "valid", ""),
        (with_copies(4, "test", valid=False), "", ""),
        (with_copies(40, "test", of="valid"), "test", "40 of 40"),
        (FACES, "", ""),
    ],
)  # fmt: skip
def test_training_is_refused_where_splits_leak(faces: FaceSet, chosen_on: str, message: str) -> None:
    if not message:
        leakage.check(faces, chosen_on)
        return
    with pytest.raises(DataError, match=message):
        leakage.check(faces, chosen_on)
    allowed = replace(faces, source=replace(faces.source, options=ReadOptions(allow_leakage=True)))
    leakage.check(allowed, chosen_on)


def elsewhere(faces: FaceSet) -> FaceSet:
    """The same rows as a test set of another file."""
    source = replace(faces.source, path="test.csv")
    return replace(faces, splits=np.full(len(faces), "test"), source=source)


@pytest.mark.parametrize(
    ("copies", "chosen_on", "message"),
    [
        (40, "", "40 of 40 faces of the split 'test' also are in the split 'train'.*Remove them from 'test.csv' or from 'data.csv'"),
        (5, "", "5 of 40 faces of the split 'test' also are in the split 'train'"),
        (4, "", ""),
        (0, "", ""),
    ],
)  # fmt: skip
def test_a_test_set_from_another_place_is_compared_with_the_data(copies: int, chosen_on: str, message: str) -> None:
    third = np.arange(len(FACES)) % 3
    data = replace(FACES.select(third != 2), splits=np.full(80, "train"))
    data = replace(data, source=replace(data.source, path="data.csv"))
    rows = np.concatenate([np.flatnonzero(third == 0)[:copies], np.flatnonzero(third == 2)[: 40 - copies]])
    test = elsewhere(FACES.select(rows))
    assert leakage.across(data, test) == ((Leak("test", "train", copies, 40),) if copies else ())
    if not message:
        leakage.check(data, chosen_on, test)
        return
    with pytest.raises(DataError, match=message):
        leakage.check(data, chosen_on, test)
    allowed = replace(data, source=replace(data.source, options=ReadOptions(allow_leakage=True)))
    leakage.check(allowed, chosen_on, test)


def test_the_datas_own_test_rows_do_not_count_against_another_test_set() -> None:
    data = with_copies(0, "test")
    assert leakage.across(data, elsewhere(data.split("test"))) == ()
    assert leakage.across(data, elsewhere(data.split("valid"))) == (Leak("test", "valid", 40, 40),)
    leakage.check(data, "", elsewhere(data.split("valid")))  # neither trained on nor chosen on
    with pytest.raises(DataError, match="split 'valid'"):
        leakage.check(data, "valid", elsewhere(data.split("valid")))


def test_class_folders_beside_split_folders_are_told_at_reading(tmp_path: Path) -> None:
    store.write_folders(replace(FACES, splits=np.full(len(FACES), "train")), tmp_path / "all")
    (tmp_path / "set").mkdir()
    (tmp_path / "all" / "train").rename(tmp_path / "set" / "data")
    store.write_folders(with_copies(0, "test"), tmp_path / "set" / "split")
    read = layouts.read(tmp_path / "set")
    assert {(leak.split, leak.other, leak.rows) for leak in read.source.leaks} >= {
        ("valid", "train", 40),
        ("test", "train", 40),
    }
    assert any("40 of 40 faces of the split 'test' also are in the split 'train'" in note for note in read.source.notes)
