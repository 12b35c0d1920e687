from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mien.data import store
from mien.data.faceset import UNLABELLED, FaceSet
from mien.data.source import ClassChange, Leak, ReadingRecord
from mien.reporting import data_notes
from mien.reporting.texts import Texts

READ = ReadingRecord(
    num_dropped=12,
    changes=(ClassChange("calm", "neutral", 3), ClassChange("contempt", None, 7)),
    leaks=(Leak("train", "test", 2, 50),),
)


def test_every_row_that_is_left_out_is_counted_once() -> None:
    assert data_notes.left_out(READ, Texts("en"), 4) == [
        "The class calm of the data (3 rows) is renamed to neutral, as requested.",
        "The class contempt of the data (7 rows) was left out, as requested.",
        "5 rows of the data could not be used, such as unreadable images or unknown labels.",
        "4 rows without a label were left out.",
    ]
    assert data_notes.left_out(ReadingRecord(), Texts("en")) == []


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_leaks_come_first(lang: str) -> None:
    notes = data_notes.of(READ, Texts(lang), 4)
    assert len(notes) == 5
    assert "50" in notes[0]


def test_evaluate_counts_what_it_leaves_out(
    faces: FaceSet, tmp_path: Path, invoke: Callable[..., tuple[int, str, str]]
) -> None:
    test = faces.split("test")
    labels = test.labels.copy()
    labels[:4] = UNLABELLED
    num_sad = int((labels == test.classes.index("sad")).sum())
    path = store.write_parquet(replace(test, labels=labels), tmp_path / "test.parquet")
    words = ("evaluate", "tiny", path, "--drop", "sad")
    code, out, _ = invoke(*words, "--json")
    record = json.loads(out)
    assert (code, record["n"], record["unlabelled"]) == (0, 66 - num_sad, 4)
    assert (record["read"]["num_dropped"], record["read"]["changes"][0]["rows"]) == (num_sad, num_sad)
    _, out, _ = invoke(*words)
    assert f"The class sad of the data ({num_sad} rows) was left out, as requested." in out
    assert "4 rows without a label were left out." in out
