"""Pictures found by what a list calls them."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

import listed
from mien.data.layouts import read
from mien.data.layouts.pictures import Pictures
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey

if TYPE_CHECKING:
    from tests.data.conftest import Maker


@pytest.mark.parametrize("start", ["../faces", "ROOT/faces"])
def test_a_list_that_was_given_may_name_pictures_elsewhere(make: Maker, start: str) -> None:
    listed.write_pictures(make)
    listed.lines(
        make, "path,emotion", f"{start.replace('ROOT', str(make.root))}/img_{{n}}.png,{{c}}", "lists/train.csv"
    )
    make.file("lists/notes.txt", "made by hand")
    faces = read(make.root / "lists" / "train.csv")
    assert [faces.classes[label] for label in faces.labels] == listed.CLASSES
    assert set(faces.splits.tolist()) == {"train"}


def test_a_packed_list_can_not_name_pictures_outside(make: Maker) -> None:
    listed.write_pictures(make)
    make.picture("pack/own.png", 9)
    listed.lines(make, "path,emotion", f"{make.root}/faces/img_{{n}}.png,{{c}}", "pack/train.csv")
    with zipfile.ZipFile(make.root / "pack.zip", "w") as archive:
        for name in ("own.png", "train.csv"):
            archive.write(make.root / "pack" / name, name)
    faces = read(make.root / "pack.zip")
    assert faces.names.tolist() == ["own.png"]
    assert {row.reason for row in faces.source.dropped} == {"no such picture is there"}


def test_a_picture_is_found_by_path_name_stem_and_number(make: Maker) -> None:
    for name in ("train/img_0007.png", "test/img_0008.png", "other.png"):
        make.picture(name)
    found = Pictures(Survey(make.root))
    wanted = make.root / "train/img_0007.png"
    for key in (
        "train/img_0007.png",
        "img_0007.png",
        "img_0007",
        "7",
        "007",
        "train\\img_0007.png",
        " root/train/img_0007.png ",
    ):
        assert found.find(key) == wanted, key
    for key in ("img_7", "9", "test/img_0007.png", "train/img_0008.png"):
        assert found.find(key) is None, key
    assert (found.find("8", split="test"), found.find("8", split="train")) == (make.root / "test/img_0008.png", None)
    assert (found.split(wanted), found.split(make.root / "other.png")) == ("train", None)


def test_a_path_from_the_list_goes_first_and_leads_elsewhere_only_if_allowed(make: Maker) -> None:
    for name in ("set/1.png", "set/a/1.png", "away/9.png"):
        make.picture(name)
    survey = Survey(make.root / "set")
    assert Pictures(survey).find("1.png", beside=make.root / "set/a") == make.root / "set/a/1.png"
    assert Pictures(survey).find("../../away/9.png", beside=make.root / "set/a") is None
    there = Pictures(survey, elsewhere=True)
    assert there.find("../../away/9.png", beside=make.root / "set/a") == make.root / "away/9.png"
    assert there.find("../../away/2.png", beside=make.root / "set/a") is None


def test_pictures_that_no_list_names_are_noted(make: Maker) -> None:
    for number in (1, 2, 10):
        make.picture(f"{number}.png")
    found = Pictures(Survey(make.root))
    found.find("2")
    assert [name for name, _ in found.unlisted()] == ["1.png", "10.png"]
    rows = Rows("test", make.root)
    found.note_unlisted(rows)
    assert rows.notes == ["2 pictures there are in no list and were not read."]


def test_a_name_in_several_folders_is_the_picture_of_the_rows_person(make: Maker) -> None:
    for place, person in enumerate(("anna", "ben")):
        for number in range(4):
            make.picture(f"{person}/{number}.png", 10 * number + place)
    rows = [
        f"{person},{number}.png,{'happy' if number % 2 else 'sad'}" for number in range(4) for person in ("ben", "anna")
    ]
    make.file("labels.csv", "\n".join(["person,filename,label", *rows]))
    faces = read(make.root)
    assert (len(faces), faces.source.dropped) == (8, ())
    expected = [make.face(10 * number + place) for number in range(4) for place in (1, 0)]
    assert (faces.images == np.stack(expected)).all()
    assert faces.subjects is not None
    assert faces.subjects.tolist() == ["ben", "anna"] * 4


def test_a_name_of_several_pictures_is_dropped_unless_they_are_copies(make: Maker) -> None:
    make.picture("a/1.png", 1)
    make.picture("b/1.png", 2)
    make.picture("a/2.png", 3)
    make.picture("b/2.png", 3)
    make.file("labels.csv", "filename,label\n1.png,happy\n2.png,sad\n")
    faces = read(make.root)
    assert faces.names.tolist() == ["2.png"]
    assert (faces.images[0] == make.face(3)).all()
    (dropped,) = faces.source.dropped
    assert dropped.name == "1.png"
    assert (
        dropped.reason == "2 different pictures have this name, such as a/1.png and b/1.png: write the folder before it"
    )
