"""Classes renamed, left out and ordered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.data import classes
from mien.data.faceset import UNLABELLED, FaceSet
from mien.data.reading import ReadOptions
from mien.data.source import DroppedRow, Source
from mien.errors import DataError


def four() -> FaceSet:
    """Four rows: angry, happy, sad, and one without a label."""
    images = np.arange(4 * 64, dtype=np.uint8).reshape(4, 8, 8)
    return FaceSet.from_arrays(images, [0, 1, 2, UNLABELLED], ("angry", "happy", "sad"))


def test_classes_are_renamed_then_left_out_and_all_is_counted() -> None:
    chosen = classes.choose(four(), ReadOptions.of(map={"angry": "anger", "Sadness": "low"}, drop=["HAPPY"]))
    assert chosen.classes == ("anger", "low")
    assert chosen.labels.tolist() == [0, 1, UNLABELLED]
    assert chosen.names.tolist() == ["0", "2", "3"]
    assert [(change.name, change.target, change.rows) for change in chosen.source.changes] == [
        ("angry", "anger", 1),
        ("sad", "low", 1),
        ("happy", None, 1),
    ]
    assert [(row.name, row.reason) for row in chosen.source.dropped] == [("1", "its class is left out, as requested")]


def test_classes_that_are_left_out_on_request_are_noted_once() -> None:
    images = np.arange(2 * 64, dtype=np.uint8).reshape(2, 8, 8)
    faces = FaceSet.from_arrays(images, [0, 1], ("angry", "happy"))
    broken = replace(faces, source=Source(dropped=(DroppedRow("2", "it is broken"),)))
    chosen = classes.choose(broken, ReadOptions.of(drop=["happy"]))
    assert [str(change) for change in chosen.source.changes] == ["'happy' (1 row) was left out"]
    assert chosen.source.messages == ["1 row was left out: 1 x it is broken."]
    assert chosen.source.reading().num_dropped == 2


def test_classes_that_get_one_name_are_one_class_and_their_votes_add_up() -> None:
    faces = four()
    votes = np.array([[1, 2, 3], [0, 5, 1], [1, 0, 0], [0, 0, 0]], np.float32)
    voted = FaceSet(faces.images, faces.labels, faces.classes, faces.names, faces.splits, votes)
    merged = classes.choose(voted, ReadOptions.of(map={"angry": "sad"}))
    assert merged.classes == ("happy", "sad")
    assert merged.labels.tolist() == [1, 0, 1, UNLABELLED]
    assert merged.votes is not None
    assert merged.votes.tolist() == [[2, 4], [5, 1], [0, 1], [0, 0]]


def test_classes_to_keep_give_the_order_too() -> None:
    kept = classes.choose(four(), ReadOptions.of(classes=["sad", "angry"]))
    assert kept.classes == ("sad", "angry")
    assert kept.labels.tolist() == [1, 0, UNLABELLED]
    swapped = classes.choose(four(), ReadOptions.of(map={"sad": "happy", "happy": "sad"}))
    assert swapped.labels.tolist() == [0, 2, 1, UNLABELLED]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"drop": ["calm"]}, "The data has no class 'calm': it has angry, happy, sad."),
        ({"classes": ["happpy"]}, "The data has no class 'happpy'"),
        ({"map": {"calm": "neutral"}}, "The data has no class 'calm'"),
        ({"map": [("sad", "a"), ("sadness", "b")]}, "The class 'sad' gets two names, 'a' and 'b': give it one."),
    ],
)
def test_what_the_data_lacks_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(DataError) as error:
        classes.choose(four(), ReadOptions.of(**fields))
    assert message in str(error.value)
