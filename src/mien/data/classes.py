"""Rename, drop and order classes on request, for every layout; all changes are counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from mien import emotions
from mien.data.faceset import UNLABELLED, FaceSet
from mien.data.reading import ReadOptions
from mien.data.source import ClassChange, DroppedRow
from mien.errors import DataError


def choose(faceset: FaceSet, options: ReadOptions) -> FaceSet:
    """Rename, drop and order classes as requested; the ``source`` of the result counts the changes.

    Names match a class by mien's name, by the source's name, or by another spelling of the same expression.
    Renaming comes first: ``drop`` and ``classes`` use the new names.

    Raises:
        DataError: the data has no such class, one is renamed twice, or no row is left.
    """
    if options.map:
        faceset = _renamed(faceset, options.map)
    if options.drop:
        unwanted = {_found(faceset, name) for name in options.drop}
        faceset = _kept(faceset, [name for name in faceset.classes if name not in unwanted], "its class is left out")
    if options.classes:
        wanted = list(dict.fromkeys(_found(faceset, name) for name in options.classes))
        faceset = _kept(faceset, wanted, "its class is none of those to keep")
    return faceset


def _found(faceset: FaceSet, name: str) -> str:
    known = _match(faceset, name)
    if known is None:
        raise DataError(f"The data has no class '{name}': it has {', '.join(faceset.classes) or 'none'}.")
    return known


def _match(faceset: FaceSet, name: str) -> str | None:
    """The class that matches a name, or None."""
    plain = name.strip().casefold()
    spellings = [*((ours, ours) for ours in faceset.classes), *faceset.source.class_map.items()]
    for spelling, ours in spellings:
        if spelling.strip().casefold() == plain and ours in faceset.classes:
            return ours
    canonical = emotions.canonical(name)
    return canonical if canonical in faceset.classes else None


def _renamed(faceset: FaceSet, pairs: Iterable[tuple[str, str]]) -> FaceSet:
    new_names: dict[str, str] = {}
    for old, new in pairs:
        name = _found(faceset, old)
        target = _match(faceset, new)
        if target in (None, name):  # another spelling of the same class counts as a new name
            target = new.strip()
        if not target:
            raise DataError(f"The class '{name}' needs a new name: write {name}=NAME.")
        if new_names.get(name, target) != target:
            raise DataError(f"The class '{name}' gets two names, '{new_names[name]}' and '{target}': give it one.")
        new_names[name] = target
    after = [new_names.get(name, name) for name in faceset.classes]
    classes = emotions.in_order(after)
    lookup = np.array([*(classes.index(name) for name in after), UNLABELLED], np.int64)
    votes = None
    if faceset.votes is not None:
        votes = faceset.votes @ np.eye(len(classes), dtype=np.float32)[lookup[:-1]]
    counts = dict(zip(faceset.classes, faceset.counts().tolist(), strict=True))
    changes = [ClassChange(old, new, counts[old]) for old, new in new_names.items() if old != new]
    source = faceset.source
    class_map = {theirs: new_names.get(ours, ours) for theirs, ours in source.class_map.items()}
    source = replace(source, class_map=class_map, changes=(*source.changes, *changes))
    return replace(faceset, labels=lookup[faceset.labels], classes=classes, votes=votes, source=source)


def _kept(faceset: FaceSet, classes: Sequence[str], reason: str) -> FaceSet:
    """The rows of these classes, in this order, and the unlabelled ones; the others are dropped with the reason."""
    codes = [faceset.classes.index(name) for name in classes]
    stays = np.isin(faceset.labels, [*codes, UNLABELLED])
    if not stays.any():
        raise DataError(f"No row is left of '{faceset.source.path}' when {', '.join(faceset.classes)} are left out.")
    lookup = np.full(len(faceset.classes) + 1, UNLABELLED, np.int64)
    lookup[codes] = np.arange(len(codes))
    counts = dict(zip(faceset.classes, faceset.counts().tolist(), strict=True))
    changes = [ClassChange(name, None, counts[name]) for name in faceset.classes if name not in classes]
    dropped = [
        DroppedRow(name, f"{reason}, as requested", is_requested=True) for name in faceset.names[~stays].tolist()
    ]
    source = faceset.source
    class_map = {theirs: ours for theirs, ours in source.class_map.items() if ours in classes}
    source = replace(
        source,
        class_map=class_map,
        dropped=(*source.dropped, *dropped),
        changes=(*source.changes, *changes),
    )
    rows = faceset.select(stays)
    votes = None if rows.votes is None else rows.votes[:, codes]
    return replace(rows, labels=lookup[rows.labels], classes=tuple(classes), votes=votes, source=source)
