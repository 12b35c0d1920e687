"""Folds of a cross-validation: stratified, with the copies of a picture and the pictures of a person in one fold."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray

from mien.checks import Between, checked
from mien.data import splits
from mien.data.faceset import UNLABELLED, FaceSet
from mien.data.splits import MAX_SEED
from mien.errors import DataError
from mien.words import agreed, counted

_WRITTEN = re.compile(r"(\d+)/(\d+)@(\d+)")


@dataclass(frozen=True)
class Fold:
    """One fold of a division of a data set; as text ``2/5@0``.

    Attributes:
        number: counted from 1.
        of: number of folds.
        seed: seed of the division.
    """

    number: int
    of: int
    seed: int = 0

    def __str__(self) -> str:
        return f"{self.number}/{self.of}@{self.seed}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The fold that a text names.

        Raises:
            DataError: it names none.
        """
        match = _WRITTEN.fullmatch(text)
        fold = cls(*map(int, match.groups())) if match else None
        if fold is None or not 1 <= fold.number <= fold.of or fold.seed > MAX_SEED:
            raise DataError(f"'{text}' names no fold: write NUMBER/FOLDS@SEED, as in 2/5@0.")
        return fold


@checked
def assign(
    faceset: FaceSet, num_folds: Annotated[int, Between(2, 1_000_000)], seed: Annotated[int, Between(0, MAX_SEED)] = 0
) -> NDArray[np.int64]:
    """Assign each labelled row to a fold.

    Groups of rows that stay together are assigned from the largest to the smallest, each to the fold that has the smallest share of
    the group's classes, and among equal ones to the smallest fold.

    Args:
        faceset: the rows.
        num_folds: number of folds.
        seed: order of groups of equal size.

    Returns:
        ``(N,)`` folds from 0 on; -1 for rows without a label.

    Raises:
        DataError: there are fewer persons or pictures than folds, or all rows of a class are in one fold.
    """
    labelled = np.flatnonzero(faceset.labels != UNLABELLED)
    rows = faceset.select(labelled)
    groups = splits.groups_of(rows)
    num_groups = int(groups.max(initial=-1)) + 1
    _check_number(rows, num_groups, num_folds)
    counts = np.zeros((num_groups, len(rows.classes)))
    np.add.at(counts, (groups, rows.labels), 1)
    shares = counts / np.maximum(counts.sum(0), 1)  # (G, K) of the rows of a class
    order = np.random.default_rng(seed).permutation(num_groups)
    order = order[np.argsort(-counts[order].sum(1), kind="stable")]
    filled, sizes = np.zeros((num_folds, len(rows.classes))), np.zeros(num_folds)
    fold_of = np.empty(num_groups, np.int64)
    for group in order:
        fold_of[group] = fold = np.lexsort((sizes, filled @ (shares[group] > 0)))[0]
        filled[fold] += shares[group]
        sizes[fold] += counts[group].sum()
    folds = np.full(len(faceset), -1, np.int64)
    folds[labelled] = fold_of[groups]
    _check_classes(rows, fold_of[groups])
    return folds


def num_persons(faceset: FaceSet) -> int:
    """The number of persons on labelled rows; persons on one picture count as one.

    Raises:
        DataError: the data doesn't name persons.
    """
    if faceset.subjects is None:
        raise DataError(
            "The data doesn't name persons: add a column such as subject, or folders of persons, or divide it without regard to persons."
        )
    rows = faceset.select(faceset.labels != UNLABELLED)
    return int(splits.groups_of(rows).max(initial=-1)) + 1


def take(faceset: FaceSet, text: str) -> FaceSet:
    """The labelled rows, those of a fold as split ``test`` and the others as split ``train``.

    Args:
        faceset: the rows; their own splits don't count.
        text: the fold, see ``Fold``.

    Raises:
        DataError: it is no fold, or ``assign`` can't divide the rows.
    """
    fold = Fold.parse(text)
    folds = assign(faceset, fold.of, fold.seed)
    labelled = folds >= 0
    return as_splits(faceset if labelled.all() else faceset.select(labelled), folds[labelled], fold)


def as_splits(rows: FaceSet, folds: NDArray[np.int64], fold: Fold) -> FaceSet:
    """Labelled rows, whose folds are given ``(N,)``: those of one fold as split ``test``, the others as split ``train``."""
    names = np.where(folds == fold.number - 1, "test", "train")
    return replace(rows, splits=names, source=replace(rows.source, leaks=()))  # the leaks are between the former splits


def _check_number(rows: FaceSet, num_groups: int, num_folds: int) -> None:
    one, many = ("person", "persons") if rows.subjects is not None else ("different picture", "different pictures")
    if num_groups < 2:
        raise DataError(
            f"The data has {counted(num_groups, one, many)} with a label: cross-validation takes two or more."
        )
    if num_groups < num_folds:
        raise DataError(
            f"The data has {counted(num_groups, one, many)} for {num_folds:,} folds: choose {num_groups:,} folds or fewer."
        )


def _check_classes(rows: FaceSet, folds: NDArray[np.int64]) -> None:
    """Refuse a class that a training would never see."""
    single = [
        f"'{name}' ({counted(int(count), 'row')})"
        for code, (name, count) in enumerate(zip(rows.classes, rows.counts(), strict=True))
        if count and len(np.unique(folds[rows.labels == code])) < 2
    ]
    if single:
        raise DataError(
            f"All rows of the {agreed(len(single), 'class', 'classes')} {', '.join(single)} are in one fold, so no training for that fold can learn "
            f"{agreed(len(single), 'it', 'them')}: add other people's faces, or leave {agreed(len(single), 'it', 'them')} out with --drop CLASS."
        )
