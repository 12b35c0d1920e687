"""Clean data: what is dropped, what is corrected, and the list of both."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audited import NUM
from mien import read
from mien.auditing import cleaning
from mien.auditing.audit import DROPS, Audit
from mien.data import duplicates
from mien.errors import OutputError


def test_clean_data_keeps_its_splits_and_lists_what_is_gone(found: Audit, tmp_path: Path) -> None:
    record = cleaning.write(found, tmp_path / "clean.parquet", DROPS[:3])
    kept = read(tmp_path / "clean.parquet")
    assert (len(kept), kept.hash) == (record.rows, record.hash)
    assert kept.split_names == ("train", "test")
    assert record.rows + record.dropped == NUM
    with (tmp_path / "clean.changed.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == record.dropped == sum(record.reasons.values()) == sum(record.splits.values())
    assert {row["done"] for row in rows} == {f"dropped: {reason}" for reason in record.reasons}
    again = duplicates.find(kept.images)
    assert len(np.unique(again.groups)) == len(kept)  # no copy is left
    with pytest.raises(OutputError, match="already exists"):
        cleaning.write(found, tmp_path / "clean.parquet", DROPS[:3])


def test_conflicts_and_label_issues_can_be_put_right_instead(found: Audit, tmp_path: Path) -> None:
    conflict = NUM - 5
    (group,) = [group for group in found.groups if group.labels > 1]
    assert len(cleaning.fix(found, ("conflicts",)).faces) == NUM
    tied = cleaning.fix(found, ("conflicts",))  # one copy says this, one that, and nobody voted
    np.testing.assert_array_equal(tied.faces.labels, found.faces.labels)
    votes = np.zeros((NUM, 7), np.float32)
    right = int(found.faces.labels[group.rows[group.rows != conflict][0]])
    votes[conflict, right] = 10
    voted = replace(found, faces=replace(found.faces, votes=votes))
    fixed = cleaning.fix(voted, ("conflicts",))
    assert set(fixed.faces.labels[group.rows].tolist()) == {right}
    assert fixed.counts.conflicting_groups == 0
    record = cleaning.write(voted, tmp_path / "clean.parquet", ("conflicts",), ("conflicts",))
    assert (record.rows, record.fixed, record.dropped) == (NUM, 1, 0)
    (line,) = (tmp_path / "clean.changed.csv").read_text().splitlines()[1:]
    assert line.endswith(f"now {voted.faces.classes[right]}")
    assert read(tmp_path / "clean.parquet").labels[conflict] == right
    issues_fixed = cleaning.fix(found, ("label-issues",))
    for row in found.label_issues.rows[:5].tolist():
        assert issues_fixed.faces.labels[row] == found.label_issues.of(row).argmax()
    assert not len(issues_fixed.label_issues.rows)
