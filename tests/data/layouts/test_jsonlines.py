"""Lines of JSON as a table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

import listed
from mien.data.layouts import jsonlines, read
from mien.errors import DataError

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def test_metadata_beside_split_folders_names_pictures_of_its_own_folder(make: Maker) -> None:
    for split, seed in (("train", 0), ("test", 10)):
        rows = [{"file_name": f"{n}.png", "label": name, "person": "p1"} for n, name in enumerate(listed.CLASSES)]
        for number in range(len(listed.CLASSES)):
            make.picture(f"{split}/{number}.png", seed + number)
        make.file(f"{split}/metadata.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    faces = read(make.root)
    assert faces.splits.tolist() == ["train"] * 4 + ["test"] * 4
    np.testing.assert_array_equal(faces.images[4], make.face(10))
    assert faces.subjects is not None


def test_the_keys_of_all_objects_are_columns_and_values_are_cells(make: Maker) -> None:
    path = make.file("m.jsonl", '{"a": "x", "b": 1.5}\n\n{"c": ["one"], "b": null}\n{"a": [1, 2], "d": {"e": true}}\n')
    keys, sample = jsonlines.recognise(path)
    assert keys == ("a", "b", "c", "d")
    assert sample == [["x", "1.5", "", ""], ["", "", "one", ""], ["[1, 2]", "", "", '{"e": true}']]
    assert list(jsonlines.rows(path, ("b",))) == [["1.5"], [""], [""]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1}\n{"a": \n', "has no JSON in line 2: repair that line"), (b'{"a": 1}\n\n[1]\n', "has no object of JSON in line 3"),
        (b"\xff{}", "is no JSON in UTF-8"), (b"\n\n", "holds no objects of JSON"), (b"[" * 100_000, "has no JSON in line 1"),
    ],
)  # fmt: skip
def test_lines_that_are_no_objects_are_named(make: Maker, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        jsonlines.recognise(make.file("m.jsonl", content))


def test_a_file_that_is_not_there_says_so(make: Maker) -> None:
    with pytest.raises(DataError, match="can't be read: No such file"):
        jsonlines.recognise(make.root / "m.jsonl")
