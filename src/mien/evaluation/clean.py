"""A data set without what an audit found: the rows that stay, and a list of those that don't, each with its reason."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mien import files
from mien.data import store
from mien.data.faceset import DroppedRow, FaceSet
from mien.errors import DataError, OutputError
from mien.evaluation.audit import DROPS, Audit


def parse(text: str) -> tuple[str, ...]:
    """The names of a list such as ``"blank,conflicts"``, in the order of ``audit.DROPS``.

    Raises:
        OutputError: a name is unknown.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in DROPS]
    if unknown:
        raise OutputError(f"There is no '{unknown[0]}' to drop: name some of {', '.join(DROPS)}.")
    return tuple(name for name in DROPS if name in names)


def clean(audit: Audit, what: tuple[str, ...]) -> FaceSet:
    """The rows that stay, in their order and their splits; ``source.dropped`` has the others, beside those dropped before.

    Raises:
        DataError: no row would stay.
    """
    faces, drops = audit.faces, audit.drops(what)
    if len(drops) == len(faces):
        raise DataError("No row would stay: drop less.")
    gone = tuple(DroppedRow(str(faces.names[row]), reason) for row, reason in drops.items())
    kept = np.setdiff1d(np.arange(len(faces)), list(drops))
    return replace(faces.select(kept), source=replace(faces.source, dropped=faces.source.dropped + gone))


def write(
    audit: Audit, path: str | os.PathLike[str], what: tuple[str, ...], *, overwrite: bool = False
) -> dict[str, Any]:
    """Write the rows that stay as ``store.convert`` does, and beside them ``<name>.dropped.csv``: name, split, label, reason.

    Returns:
        Path and hash of what was written, how many rows it has, and how many were dropped, by reason and by split.

    Raises:
        OutputError: the place can't be written to, or exists and ``overwrite`` is false.
        DataError: no row would stay.
    """
    kept, drops = clean(audit, what), audit.drops(what)
    store.convert(kept, path, overwrite=overwrite)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["name", "split", "label", "reason"])
    for row, reason in drops.items():
        writer.writerow([audit.faces.names[row], audit.faces.splits[row], audit.label(row), reason])
    listing = Path(path).with_suffix(".dropped.csv")
    files.write_text(listing, table.getvalue())
    return {
        "out": str(path),
        "list": str(listing),
        "drop": list(what),
        "rows": len(kept),
        "hash": kept.hash,
        "dropped": len(drops),
        "reasons": dict(Counter(drops.values())),
        "splits": dict(Counter(str(audit.faces.splits[row]) for row in drops)),
    }
