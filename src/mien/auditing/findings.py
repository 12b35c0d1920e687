"""Findings of an audit: groups of duplicates, leakage between splits, counts, and votes against labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Group:
    """A group of duplicate rows.

    Attributes:
        rows: ``(R,)`` row indices in the order of the data.
        exact: whether the images are identical.
        across: whether the rows are in more than one split.
        labels: number of different labels; labels of blank rows don't count.
    """

    rows: NDArray[np.int64]
    exact: bool
    across: bool
    labels: int


@dataclass(frozen=True)
class Leakage:
    """Number of rows of one split with a duplicate in another split.

    Attributes:
        split, other: the two splits.
        rows: number of rows of ``split``.
        exact: rows with an exact duplicate in ``other``, including blank ones.
        near: rows with a near or exact duplicate in ``other``, without blank ones.
        conflicting: rows of ``near`` whose nearest duplicate has another label.
    """

    split: str
    other: str
    rows: int
    exact: int
    near: int
    conflicting: int


@dataclass(frozen=True)
class Counts:
    """Number of rows or groups of each finding.

    Attributes:
        rows: all rows.
        pictures: different images.
        exact_copies: rows minus different images.
        groups, rows_in_groups: groups of duplicates, and their rows.
        groups_across_splits: groups with rows in more than one split.
        conflicting_groups, conflicting_rows: groups with more than one label, and their rows.
        blank, no_face_found, label_issues: rows with this finding.
        judged: rows whose labels were checked.
    """

    rows: int
    pictures: int
    exact_copies: int
    groups: int
    rows_in_groups: int
    groups_across_splits: int
    conflicting_groups: int
    conflicting_rows: int
    blank: int
    no_face_found: int
    label_issues: int
    judged: int


@dataclass(frozen=True)
class OutvotedShares:
    """Shares of rows whose most frequent vote is not the label; rows without votes don't count.

    Attributes:
        judged: share of all rows whose labels were checked.
        label_issues: share of the label issues.
        first: share of the first ``audit.NUM_FIRST`` label issues, the most likely ones.
    """

    judged: float
    label_issues: float
    first: float
