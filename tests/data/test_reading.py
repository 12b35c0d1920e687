"""The options of reading: kept in a run folder, taken by the function as keywords, and what they do to classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from mien.data import layouts
from mien.data.reading import ReadFields, ReadOptions

ALL = {
    "layout": "folders",
    "size": 32,
    "votes": "/votes.csv",
    "classes": ["happy", "sad"],
    "drop": ["contempt"],
    "map": {"calm": "neutral"},
    "allow_leakage": True,
}


def test_every_option_is_a_keyword_of_read_and_comes_back_from_a_record() -> None:
    assert set(ALL) <= {field.name for field in fields(ReadOptions)} == set(ReadFields.__annotations__)
    options = ReadOptions.of(**ALL)
    assert options.to_dict() == ALL
    assert ReadOptions.from_dict(options.to_dict()) == options
    assert ReadOptions().to_dict() == {}
    assert ReadOptions.of(drop="contempt").drop == ("contempt",)


def test_the_function_takes_the_options_one_by_one(faces_file: Path) -> None:
    plain = layouts.read(faces_file)
    read = layouts.read(faces_file, map={"fear": "awe"}, drop=["disgust"])
    assert read.classes == ("angry", "happy", "sad", "surprise", "neutral", "awe")
    assert len(read) == len(plain) - plain.counts()[1]
    assert read.source.options == ReadOptions.of(map={"fear": "awe"}, drop=["disgust"])
    assert layouts.read(faces_file).hash == plain.hash  # the cache keeps the data as it is


def test_the_options_as_words_of_the_command_line() -> None:
    options = ReadOptions.of(**{**ALL, "coding": {0: "sad"}, "find_faces": True})
    assert options.arguments() == [
        "--layout", "folders", "--votes", "votes.csv", "--coding", "0=sad", "--find-faces", "--classes", "happy,sad",
        "--drop", "contempt", "--map", "calm=neutral", "--allow-leakage",
    ]  # fmt: skip
    assert ReadOptions().arguments() == []


def test_readers_and_other_data_take_a_part_of_the_options() -> None:
    options = ReadOptions.of(**ALL)
    assert options.for_readers() == {"layout": "folders", "size": 32, "votes": "/votes.csv"}
    assert options.for_classes() == ReadOptions.of(classes=["happy", "sad"], drop="contempt", map={"calm": "neutral"})


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
