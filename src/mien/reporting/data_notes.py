"""Notes on the data of a result: duplicates across its splits, changes of its classes, and rows that were left out."""

from __future__ import annotations

from mien.data.source import ReadingRecord
from mien.reporting.texts import Texts


def of(read: ReadingRecord, t: Texts, unlabelled: int = 0) -> list[str]:
    """All notes.

    Args:
        read: how the data was read.
        t: the texts of a language.
        unlabelled: rows without a label, which could not be evaluated.
    """
    leaks = [
        t(
            "notes.repeat" if leak.split == leak.other else "notes.leak",
            rows=leak.rows,
            total=leak.total,
            split=t(f"splits.{leak.split}"),
            other=t(f"splits.{leak.other}"),
        )
        for leak in read.leaks
    ]
    return leaks + left_out(read, t, unlabelled)


def left_out(read: ReadingRecord, t: Texts, unlabelled: int = 0) -> list[str]:
    """Renamed classes, and the rows that are not in the result: of classes that were left out, unusable, or without a label."""
    notes = [
        t(
            "notes.renamed" if change.target else "notes.left_out",
            rows=change.rows,
            name=change.name,
            target=change.target,
        )
        for change in read.changes
    ]
    unusable = read.num_dropped - sum(change.rows for change in read.changes if change.target is None)
    notes += [t("notes.unusable", rows=unusable)] if unusable > 0 else []
    return notes + ([t("notes.unlabelled", rows=unlabelled)] if unlabelled else [])
