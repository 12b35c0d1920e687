"""Tables of dataclasses with their codebook."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow.parquet
import pytest

from mien.videos import sheets, summaries
from mien.videos.recordings import Track


def test_tables_and_codebook(tmp_path: Path) -> None:
    rows = [Track("=a.mp4", 1, "anna", 0.0, 1.5, 12)]
    sheets.write([sheets.Sheet("tracks", Track, rows)], tmp_path)
    with (tmp_path / "tracks.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert row == {"clip": "'=a.mp4", "track": "1", "person": "anna", "first": "0.0", "last": "1.5", "frames": "12"}
    assert pyarrow.parquet.read_table(tmp_path / "tracks.parquet").to_pylist()[0]["last"] == 1.5
    with (tmp_path / "codebook.csv").open() as file:
        book = {row["column"]: (row["type"], row["meaning"]) for row in csv.DictReader(file)}
    assert list(book) == ["clip", "track", "person", "first", "last", "frames"]
    assert book["last"] == ("number", "time of its last face, in seconds of the clip")


@pytest.mark.parametrize("kind", [summaries.Episode, summaries.ClipSummary, summaries.GroupSummary, Track])
def test_every_column_has_a_meaning(kind: type) -> None:
    assert all(len(column.meaning) > 3 for column in sheets.columns("table", kind))
