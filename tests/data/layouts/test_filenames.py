"""Pictures whose own names tell their classes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mien.data.layouts import filenames, read

if TYPE_CHECKING:
    from tests.data.conftest import Maker


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("happy_001.png", "happy"), ("12-sad.jpg", "sad"), ("AngryMan3.png", "Angry"), ("S01_Surprise_2.png", "Surprise"),
        ("sad sadness 1.png", "sad"), ("not_happy.png", None), ("happy_or_sad.png", None), ("img_3.png", None), ("an_1.png", None),
    ],
)  # fmt: skip
def test_the_one_expression_of_a_name(name: str, word: str | None) -> None:
    assert filenames.expression_in(Path(name)) == word


@pytest.mark.parametrize("pattern", ["{0}_{1}.png", "{1}{0}.png", "faces/{0}.{1}.png"])
def test_names_of_pictures_tell_the_classes(make: Maker, pattern: str) -> None:
    for row, name in enumerate(["happy", "sad", "happy", "fear"]):
        make.picture(pattern.format(name, row), row)
    faces = read(make.root)
    told = {name: faces.classes[label] for name, label in zip(faces.names.tolist(), faces.labels.tolist(), strict=True)}
    assert told == {pattern.format(n, r): n for r, n in enumerate(["happy", "sad", "happy", "fear"])}
    assert faces.source.layout == "file-names"
    assert "The classes are the expressions in the names of the pictures." in faces.source.messages


def test_folders_beside_such_names_are_splits_and_people(make: Maker) -> None:
    rows = [("train", "subject1", "happy"), ("train", "subject1", "sad"), ("test", "subject2", "sad"), ("test", "subject2", "happy")]  # fmt: skip
    for row, (split, one, name) in enumerate(rows):
        make.picture(f"{split}/{one}/{name}{row}.png", row)
    faces = read(make.root)
    assert faces.subjects is not None
    assert {*zip(faces.splits.tolist(), faces.subjects.tolist(), strict=True)} == {("train", "subject1"), ("test", "subject2")}  # fmt: skip
    assert faces.classes == ("happy", "sad")


def test_a_table_and_folders_of_expressions_go_before_names(make: Maker) -> None:
    for row, (one, other) in enumerate([("happy", "sad"), ("sad", "happy")]):
        make.picture(f"folders/{one}/{other}_{row}.png", row)
        make.picture(f"listed/{other}_{row}.png", row)
    make.file("listed/labels.csv", "file,label\nsad_0.png,calm\nhappy_1.png,pain\n")
    assert read(make.root / "folders").source.layout == "folders"
    assert read(make.root / "listed").classes == ("calm", "pain")


def test_a_name_without_an_expression_is_left_out_and_counted(make: Maker) -> None:
    for row in range(4):
        make.picture(f"{('happy', 'sad')[row % 2]}_{row}.png", row)
    make.picture("cover.png")
    faces = read(make.root)
    assert [row.name for row in faces.source.dropped] == ["cover.png"]
    assert len(faces) == 4
