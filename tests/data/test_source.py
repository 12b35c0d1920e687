"""Where a FaceSet came from, in words."""

from __future__ import annotations

import json

import pytest

from mien.data.source import ChosenCoding, ClassChange, DroppedRow, Leak, ReadingRecord, Source


def test_rows_that_were_left_out_are_told_with_the_notes() -> None:
    dropped = tuple(DroppedRow(str(row), "unknown split 'odd'") for row in range(2))
    source = Source(notes=("A note.",), dropped=(*dropped, DroppedRow("2", "it has no pixels")))
    assert source.messages == ["A note.", "3 rows were left out: 2 x unknown split 'odd', 1 x it has no pixels."]
    assert Source().messages == []


def test_changes_and_leaks_in_words() -> None:
    assert str(ClassChange("calm", "neutral", 1)) == "'calm' (1 row) was renamed to 'neutral'"
    assert str(ClassChange("contempt", None, 12)) == "'contempt' (12 rows) was left out"
    assert str(Leak("train", "test", 1, 10)) == (
        "1 of 10 faces of the split 'train' also is in the split 'test', pixel for pixel."
    )
    assert str(Leak("train", "train", 6, 10)) == (
        "6 of 10 faces of the split 'train' repeat another face of the split, pixel for pixel. The data may have been added twice."
    )


def test_a_coding_says_how_it_was_found_and_survives_json() -> None:
    stated = ChosenCoding("own", "option", {"0": "happy", "1": "sad"})
    assert str(stated) == "The labels are numbers in the coding own (0 happy, 1 sad), as stated."
    told = ChosenCoding("rafdb", "model", {"1": "surprise"}, "tiny", 112, {"rafdb": 0.64, "fer2013": 0.315, "x": 0.1})
    assert told.evidence == (
        "since the model and it agree best: of 112 faces, 'tiny' agrees with rafdb 64%, fer2013 32%"
    )
    assert ChosenCoding.from_dict(json.loads(json.dumps(told.to_dict()))) == told
    with pytest.raises((TypeError, KeyError)):
        ChosenCoding.from_dict({"name": "x"})


def test_more_than_three_reasons_are_cut_short_and_the_reading_counts_them_all() -> None:
    dropped = tuple(DroppedRow(str(row), f"reason {reason}") for row, reason in enumerate([1, 1, 1, 2, 2, 3, 4]))
    source = Source("folders", "here", notes=("A note.",), dropped=dropped)
    assert source.messages[-1] == "7 rows were left out: 3 x reason 1, 2 x reason 2, 1 x reason 3 and other reasons."
    assert source.reading() == ReadingRecord("folders", notes=("A note.",), num_dropped=7)
