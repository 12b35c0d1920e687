"""The options of reading: kept in a run folder, taken by the function as keywords, and what they do to classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from mien.data import classes, layouts
from mien.data.faceset import UNLABELLED, FaceSet
from mien.data.reading import ReadFields, ReadOptions
from mien.errors import DataError

ALL = {
    "layout": "folders",
    "size": 32,
    "votes": "/votes.csv",
    "classes": ["happy", "sad"],
    "drop": ["contempt"],
    "map": {"calm": "neutral"},
    "allow_leakage": True,
}


def four() -> FaceSet:
    """Four rows: angry, happy, sad, and one without a label."""
    images = np.arange(4 * 64, dtype=np.uint8).reshape(4, 8, 8)
    return FaceSet.from_arrays(images, [0, 1, 2, UNLABELLED], ("angry", "happy", "sad"))


def test_every_option_is_a_keyword_of_read_and_comes_back_from_a_record() -> None:
    assert set(ALL) <= {field.name for field in fields(ReadOptions)} == set(ReadFields.__annotations__)
    options = ReadOptions.of(**ALL)
    assert options.to_dict() == ALL
    assert ReadOptions.from_dict(options.to_dict()) == options
    assert ReadOptions().to_dict() == {}
    assert ReadOptions.of(drop="contempt").drop == ("contempt",)


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
    assert [(row.name, row.reason) for row in chosen.source.dropped] == [("1", "its class is left out, as asked for")]


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


def test_the_function_takes_the_options_one_by_one(faces_file: Path) -> None:
    plain = layouts.read(faces_file)
    read = layouts.read(faces_file, map={"fear": "awe"}, drop=["disgust"])
    assert read.classes == ("angry", "happy", "sad", "surprise", "neutral", "awe")
    assert len(read) == len(plain) - plain.counts()[1]
    assert read.source.options == ReadOptions.of(map={"fear": "awe"}, drop=["disgust"])
    assert layouts.read(faces_file).hash == plain.hash  # the cache keeps the data as it is


VERBS = ("train", "report", "evaluate", "explain", "decide", "submit", "study", "tune", "data info", "data convert", "data audit")  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_that_reads_data_has_the_options(verb: str, invoke: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = invoke(*verb.split(), "--help")
    assert code == 0
    missing = [option for option in ("--layout", "--votes", "--classes", "--drop", "--map") if f"{option} " not in out]
    assert missing == []
    assert ("--allow-leakage" in out) == (verb in ("train", "study", "tune"))


def test_a_map_without_two_classes_is_a_usage_error(
    faces_file: Path, invoke: Callable[..., tuple[int, str, str]]
) -> None:
    code, _, err = invoke("data", "info", faces_file, "--map", "calm")
    assert code == 2
    assert "write --map OLD=NEW" in err
