"""Folders beside those of the classes: people, splits and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mien.data.layouts import read, trees

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def tree(*folders: str) -> trees.Tree:
    return trees.look([f"{folder}/{number}.png" for folder in folders for number in range(2)])


@pytest.mark.parametrize("people", [("S01", "S02"), ("1", "2"), ("person_1", "person_2"), ("Actor 01", "Actor 02")])
def test_numbered_folders_above_or_below_the_classes_are_people(people: tuple[str, str]) -> None:
    above = [f"{one}/{name}" for one in people for name in ("happy", "sad")]
    below = [f"{name}/{one}" for one in people for name in ("happy", "sad")]
    assert tree(*above).people == tree(*below).people == set(people)
    assert tree(*[f"train/{path}" for path in above]).people == set(people)


def test_names_are_people_where_each_has_several_classes() -> None:
    paths = [f"{one}/{name}" for one in ("anna", "bob", "eva") for name in ("happy", "sad")]
    assert tree(*paths).people == {"anna", "bob", "eva"}
    assert tree(*paths[:4]).people == set()
    assert tree(*paths[:4]).unknown == ("anna", "bob")


def test_own_classes_stay_classes_on_either_side_of_people() -> None:
    assert tree("pain/S01", "pain/S02", "calm/S01", "calm/S02").people == {"S01", "S02"}
    assert tree("S01/pain", "S01/calm", "S02/pain", "S02/calm").people == {"S01", "S02"}
    assert tree("0/S01", "0/S02", "1/S01", "1/S02").people == {"S01", "S02"}
    assert tree("S01/0", "S01/1", "S02/0", "S02/1").people == {"S01", "S02"}


@pytest.mark.parametrize(
    "folders",
    [
        ("happy", "sad"), ("train/happy", "test/happy", "train/sad"), ("images/images/happy", "images/images/sad"),
        ("train/1", "train/2", "test/1"), ("a/train/happy", "a/test/sad"),
    ],
)  # fmt: skip
def test_classes_and_splits_alone_have_no_people(folders: tuple[str, ...]) -> None:
    assert tree(*folders) == trees.Tree()


def test_folders_that_name_no_split_are_told() -> None:
    assert tree("train/happy", "train/sad", "extra/happy").unknown == ("extra",)
    assert tree("batch1/happy", "batch1/sad", "batch2/happy", "batch2/sad").unknown == ("batch1", "batch2")


def test_people_are_subjects_and_splits_keep_them_apart(make: Maker) -> None:
    for row, folder in enumerate(["S01/happy", "S01/sad", "S02/happy", "S02/sad", "S03/happy", "S03/sad"]):
        make.picture(f"train_set/{folder}/{row}.png", row)
    faces = read(make.root)
    assert faces.subjects is not None
    assert faces.subjects.tolist() == ["S01", "S01", "S02", "S02", "S03", "S03"]
    assert (faces.classes, faces.split_names) == (("happy", "sad"), ("train",))
    assert any("'S01', 'S02', 'S03' beside the classes are read as people" in note for note in faces.source.notes)


def test_people_below_the_classes_are_subjects(make: Maker) -> None:
    for row, folder in enumerate(["happy/p1", "happy/p2", "sad/p1", "sad/p2"]):
        make.picture(f"{folder}/{row}.png", row)
    faces = read(make.root)
    assert faces.classes == ("happy", "sad")
    assert faces.subjects is not None
    assert sorted(faces.subjects.tolist()) == ["p1", "p1", "p2", "p2"]
