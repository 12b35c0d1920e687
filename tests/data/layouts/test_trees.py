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


OWN = ("bored", "calm", "pain")


@pytest.mark.parametrize(
    "pattern",
    [
        "{0}/{1}", "{1}/{0}", "train/{0}/{1}", "{0}/test/{1}", "{1}/session{2}/{0}", "{1}/{0}/session{2}", "{0}/{1}/session{2}",
        "data/images/{0}/{1}", "{0}/{1}/images",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "people", [("S01", "S02", "S03"), ("anna", "bob", "eva"), ("subject1", "subject2", "subject3")]
)
@pytest.mark.parametrize("classes", [OWN, ("happy", "sad", "fear")])
def test_classes_are_told_from_people_and_sessions(
    pattern: str, people: tuple[str, ...], classes: tuple[str, ...]
) -> None:
    named = {pattern.format(name, one, turn): (name, one) for name in classes for one in people for turn in (1, 2)}
    found = tree(*named)
    assert {path: found.class_of(f"{path}/1.png") for path in named} == {
        path: name for path, (name, _) in named.items()
    }
    assert {path: found.person(f"{path}/1.png") for path in named} == {path: one for path, (_, one) in named.items()}


def test_batches_and_folders_of_pictures_are_no_classes() -> None:
    found = tree("calm/batch1", "calm/batch2", "pain/batch1", "pain/batch2")
    assert (found.class_of("calm/batch2/0.png"), len(found.people)) == ("calm", 0)
    assert tree("calm/images", "pain/images").class_of("pain/images/0.png") == "pain"
    assert tree("class1", "class2").class_of("class2/0.png") == "class2"


def test_folders_that_are_called_people_are_no_classes(make: Maker) -> None:
    for row in range(4):
        make.picture(f"subject{row % 2}/img{row}.png", row)
    faces = read(make.root)
    assert (faces.source.layout, set(faces.labels.tolist())) == ("numbered", {-1})
    assert read(make.root, layout="folders").classes == ("subject0", "subject1")
