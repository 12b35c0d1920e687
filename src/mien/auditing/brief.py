"""A brief audit: the numbers of rows and duplicates of a data set, without a check of labels or a search for faces."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mien.data import duplicates
from mien.data.duplicates import Copies
from mien.data.faceset import UNLABELLED, FaceSet


@dataclass(frozen=True)
class SplitCount:
    """The rows of a split.

    Attributes:
        name: the split.
        rows: how many rows it has.
        counts: its labelled rows of each class.
    """

    name: str
    rows: int
    counts: tuple[int, ...]


@dataclass(frozen=True)
class SharedRows:
    """The rows of one split that have a copy in another.

    Attributes:
        split, other: the two splits.
        rows: rows of ``split``.
        exact: rows with a copy in ``other``, pixel for pixel.
        near: rows with a copy in ``other``, exact or near; blank rows don't count.
    """

    split: str
    other: str
    rows: int
    exact: int
    near: int


@dataclass(frozen=True)
class BriefAudit:
    """The counts of a brief audit.

    Attributes:
        classes: in the order of the counts.
        size: height and width of the faces, in pixels.
        splits: the rows of each split.
        exact_copies: rows that repeat another one, pixel for pixel.
        near_copies: rows of the groups of copies, exact or near, less one for each group.
        conflicts: groups of copies with different labels.
        blank: rows whose grays deviate by less than ``duplicates.MIN_CONTRAST``.
        shared: for each two splits that share faces, how many.
    """

    classes: tuple[str, ...]
    size: tuple[int, ...]
    splits: tuple[SplitCount, ...]
    exact_copies: int
    near_copies: int
    conflicts: int
    blank: int
    shared: tuple[SharedRows, ...]

    @property
    def rows(self) -> int:
        """Of all splits."""
        return sum(split.rows for split in self.splits)


def audit(faceset: FaceSet, test: FaceSet | None = None) -> BriefAudit:
    """Count rows and copies.

    Args:
        faceset: the data.
        test: a test set of the same classes from another place; its rows count as further rows of the split ``test``.

    Raises:
        DataError: there are too many near duplicates.
    """
    faces = faceset if test is None else _joined(faceset, test)
    copies = duplicates.find(faces.images)
    shown = duplicates.contrast(faces.images) >= duplicates.MIN_CONTRAST
    names = faces.split_names
    pairs = [(name, other) for index, name in enumerate(names) for other in names[:index]]
    shared = [_shared(faces, copies, shown, name, other) for name, other in pairs]
    return BriefAudit(
        classes=faceset.classes,
        size=faceset.size,
        splits=tuple(_count(faces.split(name), name) for name in names),
        exact_copies=len(faces) - len(np.unique(copies.pictures)),
        near_copies=len(faces) - len(np.unique(copies.groups)),
        conflicts=_conflicts(faces, copies, shown),
        blank=int((~shown).sum()),
        shared=tuple(one for one in shared if one.exact or one.near),
    )


def _count(rows: FaceSet, name: str) -> SplitCount:
    return SplitCount(name, len(rows), tuple(rows.counts().tolist()))


def _conflicts(faces: FaceSet, copies: Copies, shown: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    """Groups of rows that are not blank and carry more than one label."""
    kept = shown & (faces.labels != UNLABELLED)
    labels_of = np.unique(np.stack([copies.groups[kept], faces.labels[kept]]), axis=1)[0]
    return int((np.bincount(labels_of) > 1).sum())


def _shared(
    faces: FaceSet, copies: Copies, shown: np.ndarray[tuple[int], np.dtype[np.bool_]], name: str, other: str
) -> SharedRows:
    rows, others = (np.flatnonzero(faces.splits == split) for split in (name, other))
    nearest, _ = copies.nearest(rows, others)
    return SharedRows(
        split=name,
        other=other,
        rows=len(rows),
        exact=int(np.isin(copies.pictures[rows], copies.pictures[others]).sum()),
        near=int(((nearest >= 0) & shown[rows]).sum()),
    )


def _joined(faceset: FaceSet, test: FaceSet) -> FaceSet:
    """The rows of both, for counting: without votes and subjects."""
    more = test.resized(faceset.size)
    return replace(
        faceset,
        images=np.concatenate([faceset.images, more.images]),
        labels=np.concatenate([faceset.labels, more.labels]),
        names=np.concatenate([faceset.names, more.names]),
        splits=np.concatenate([faceset.splits, more.splits]),
        votes=None,
        subjects=None,
    )
