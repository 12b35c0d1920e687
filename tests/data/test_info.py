"""A FaceSet in figures and in words."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from mien.data import info
from mien.data.faceset import FaceSet
from mien.data.source import ClassChange, DroppedRow, Source


def some_faces() -> FaceSet:
    """Three happy rows, one sad one and one without a label; two splits."""
    faces = FaceSet.from_arrays(np.zeros((5, 6, 4), np.uint8), [0, 0, 0, 1, -1], ("happy", "sad"))
    dropped = (*(DroppedRow(f"{row}.png", "it is broken") for row in range(7)), DroppedRow("x.png", "it is blank"))
    return replace(
        faces,
        splits=np.array(["train", "train", "test", "train", "test"]),
        votes=np.array([[5, 0], [0, 0], [1, 1], [0, 2], [0, 0]], np.float32),
        subjects=np.array(["S1", "S1", "S2", "S2", "S3"]),
        source=Source(
            "folders", "set", {"Happiness": "happy", "sad": "sad"}, dropped, ("A note.",), changes=(ClassChange("a", None, 2),)
        ),
    )  # fmt: skip


def test_rows_are_counted_by_split_and_class() -> None:
    described = info.describe(some_faces())
    assert described["splits"]["train"] == {
        "rows": 3, "labelled": 3, "counts": {"happy": 2, "sad": 1}, "shares": {"happy": 2 / 3, "sad": 1 / 3},
    }  # fmt: skip
    assert described["splits"]["test"]["labelled"] == 1
    assert (described["rows"], described["size"], described["subjects"], described["rows_with_votes"]) == (
        5,
        [6, 4],
        3,
        3,
    )
    assert described["hash"] == some_faces().hash
    assert described["changes"] == [{"name": "a", "target": None, "rows": 2}]
    assert len(described["dropped"]) == 8
    assert json.loads(json.dumps(described)) == described


def test_a_split_without_labels_has_shares_of_nothing() -> None:
    faces = some_faces()
    described = info.describe(replace(faces, labels=np.full(5, -1)))
    assert described["splits"]["train"]["shares"] == {"happy": 0.0, "sad": 0.0}


def test_in_words_each_reason_names_its_first_rows() -> None:
    text = info.as_text(info.describe(some_faces()), num_dropped=2)
    assert text.startswith("set: 5 faces of 6x4, read as folders\nhash  ")
    for line in (
        "subjects  3",
        "rows with votes  3",
        "class names  Happiness -> happy",
        "note  A note.",
        "dropped rows  8",
        "  7 x it is broken: 0.png, 1.png, ...",
        "  1 x it is blank: x.png",
    ):
        assert line in text.splitlines()
    rows = [line.split() for line in text.splitlines()]
    assert ["happy", "2", "66.7%", "1", "100.0%"] in rows
    assert ["(no", "label)", "0", "1"] in rows
    assert ["all", "3", "2"] in rows


def test_without_anything_special_no_line_tells_of_it() -> None:
    faces = FaceSet.from_arrays(np.zeros((2, 4, 4), np.uint8), [0, 1], ("happy", "sad"))
    text = info.as_text(info.describe(faces))
    assert text.endswith("dropped rows  none")
    assert not any(word in text for word in ("subjects", "votes", "class names", "(no label)", "note"))
