"""Cleaning of a data set after an audit: corrected labels, dropped rows, and a list of the changes with reasons."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import escapes, files
from mien.auditing.audit import DROPS, Audit
from mien.data import duplicates, store
from mien.data.faceset import UNLABELLED, FaceSet
from mien.data.source import DroppedRow
from mien.errors import DataError, OutputError
from mien.typed_json import JsonObject

FIXES = ("conflicts", "label-issues")
"""Findings whose labels can be corrected instead of dropping the rows."""


@dataclass(frozen=True)
class Cleaned:
    """What ``write`` has written.

    Attributes:
        out: the file or folder of the rows that stay.
        listing: the CSV of all changes.
        drop, fix: names out of ``audit.DROPS`` and of ``FIXES``.
        fixed: how many labels were corrected.
        rows, hash: how many rows stay, and their content hash.
        reasons, splits: how many rows were dropped, by reason and by split.
    """

    out: str
    listing: str
    drop: tuple[str, ...]
    fix: tuple[str, ...]
    fixed: int
    rows: int
    hash: str
    reasons: dict[str, int]
    splits: dict[str, int]

    @property
    def dropped(self) -> int:
        """How many rows were dropped."""
        return sum(self.reasons.values())

    def to_dict(self) -> JsonObject:
        """Plain values, fit for JSON."""
        return {
            "out": self.out,
            "list": self.listing,
            "drop": list(self.drop),
            "fix": list(self.fix),
            "fixed": self.fixed,
            "rows": self.rows,
            "hash": self.hash,
            "dropped": self.dropped,
            "reasons": self.reasons,
            "splits": self.splits,
        }


def parse(text: str, known: tuple[str, ...] = DROPS) -> tuple[str, ...]:
    """Parse a list such as ``"blank,conflicts"``; the result has the order of the known names (``audit.DROPS`` or ``FIXES``).

    Raises:
        OutputError: a name is unknown.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise OutputError(
            f"There is no '{unknown[0]}' to {'drop' if known is DROPS else 'fix'}: name some of {', '.join(known)}."
        )
    return tuple(name for name in known if name in names)


def fix(audit: Audit, what: tuple[str, ...]) -> Audit:
    """The audit with corrected labels; findings that remain can be dropped afterwards.

    Duplicates with conflicting labels get the class with most annotators' votes, or, without votes, the most frequent label of
    the group. A label issue gets the class with most votes, or, without votes, the class predicted in the audit. In a tie, the
    labels are unchanged.

    Args:
        audit: the audit.
        what: names from ``FIXES``.
    """
    faces, still = audit.faces, audit.label_issues
    labels, shown = faces.labels.copy(), audit.contrast >= duplicates.MIN_CONTRAST
    if "conflicts" in what:
        for group in audit.groups:
            rows = group.rows[shown[group.rows] & (faces.labels[group.rows] != UNLABELLED)]
            carried = np.bincount(faces.labels[rows], minlength=len(faces.classes)).astype(np.float64)
            if group.labels > 1 and (label := _first(_votes(faces, rows), carried)) is not None:
                labels[rows] = label
    if "label-issues" in what:
        for row in still.rows.tolist():
            label = _first(_votes(faces, np.array([row])), still.of(row))
            labels[row] = labels[row] if label is None else label
        still = replace(still, rows=still.rows[labels[still.rows] == faces.labels[still.rows]])
    return replace(audit, faces=replace(faces, labels=labels), label_issues=still)


def clean(audit: Audit, what: tuple[str, ...]) -> FaceSet:
    """The data without the dropped rows; these are added to ``source.dropped``.

    Raises:
        DataError: all rows would be dropped.
    """
    faces, drops = audit.faces, audit.drops(what)
    if len(drops) == len(faces):
        raise DataError("All rows would be dropped: drop fewer kinds.")
    gone = tuple(DroppedRow(str(faces.names[row]), reason) for row, reason in drops.items())
    kept = np.setdiff1d(np.arange(len(faces)), list(drops))
    return replace(faces.select(kept), source=replace(faces.source, dropped=faces.source.dropped + gone))


def write(
    audit: Audit,
    path: str | os.PathLike[str],
    what: tuple[str, ...],
    fixes: tuple[str, ...] = (),
    *,
    overwrite: bool = False,
) -> Cleaned:
    """Write the cleaned data with ``store.convert``, and the changes as ``<name>.changed.csv``: name, split, label, change.

    Args:
        audit: the audit.
        path: the file to write.
        what: findings to drop, names from ``audit.DROPS``.
        fixes: findings whose labels are corrected first, names from ``FIXES``.
        overwrite: whether ``path`` may exist.

    Raises:
        OutputError: the file can't be written, or exists and ``overwrite`` is false.
        DataError: all rows would be dropped.
    """
    right = fix(audit, fixes)
    kept, drops = clean(right, what), right.drops(what)
    fixed = np.flatnonzero(right.faces.labels != audit.faces.labels)
    listing = Path(path).with_suffix(".changed.csv")
    files.check(listing, inputs=[audit.faces.source.path])
    store.convert(kept, path, overwrite=overwrite)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["name", "split", "label", "done"])
    for row in fixed.tolist():
        cells = audit.faces.names[row], audit.faces.splits[row], audit.label(row), f"now {right.label(row)}"
        writer.writerow([escapes.cell(str(cell)) for cell in cells])
    for row, reason in drops.items():
        cells = audit.faces.names[row], audit.faces.splits[row], right.label(row), f"dropped: {reason}"
        writer.writerow([escapes.cell(str(cell)) for cell in cells])
    files.write_text(listing, table.getvalue())
    return Cleaned(
        out=str(path),
        listing=str(listing),
        drop=what,
        fix=fixes,
        fixed=len(fixed),
        rows=len(kept),
        hash=kept.hash,
        reasons=dict(Counter(drops.values())),
        splits=dict(Counter(str(audit.faces.splits[row]) for row in drops)),
    )


def _votes(faces: FaceSet, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Number of votes for each class ``(K,)`` on these rows; all 0 without votes."""
    return np.zeros(len(faces.classes)) if faces.votes is None else faces.votes[rows].sum(0).astype(np.float64)


def _first(votes: NDArray[np.float64], otherwise: NDArray[np.float64]) -> int | None:
    """The class with most votes, or, without votes, with the largest alternative count; None in a tie."""
    counts = votes if votes.any() else otherwise
    best = np.flatnonzero(counts == counts.max())
    return int(best[0]) if len(best) == 1 else None
