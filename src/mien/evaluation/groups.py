"""Scores by group: of each person, sex, age, camera, or whatever column the data has, and the largest gap between two groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.evaluation import metrics, resampling
from mien.evaluation.judge import Judgement
from mien.evaluation.metrics import Score

PERSON, SPLIT = "person", "split"
"""Columns that data of any layout may have."""

_PERSON_NAMES = (PERSON, "persons", "subject", "subjects")

UNKNOWN = "unknown"
"""The group of rows without a value."""

MIN_ROWS = 10
"""Smaller groups are listed, but not compared: a few rows can have any accuracy."""

MOST_NUMBERS = 10
"""A column with more different numbers than this is cut at its quartiles."""

NUM_DRAWS = 1000


@dataclass(frozen=True)
class GroupScores:
    """The scores of one group.

    Attributes:
        name: the value of the column.
        n: rows.
        persons: how many persons these show; None if unknown.
        accuracy: with its 95% interval: Wilson's, or if persons are known that of a bootstrap over them, if wider.
        balanced_accuracy, macro_f1: over the classes that the group has.
        is_compared: whether it takes part in the largest gap.
    """

    name: str
    n: int
    persons: int | None
    accuracy: Score
    balanced_accuracy: float
    macro_f1: float
    is_compared: bool


@dataclass(frozen=True)
class Gap:
    """The difference in accuracy between the best and the worst group.

    Attributes:
        best, worst: the two groups.
        difference: with the 95% interval of a bootstrap in which the two groups stay the same.
        by_chance: the mean largest gap if groups are assigned at random. The largest of several gaps is never 0.
        p_value: how often that is as large as the difference.
        over: what is drawn and assigned: persons, or rows.
    """

    best: str
    worst: str
    difference: Score
    by_chance: float
    p_value: float
    over: Literal["persons", "rows"]


@dataclass(frozen=True)
class GroupedScores:
    """The scores by one column.

    Attributes:
        column: its name.
        groups: the worst first; rows without a value last.
        gap: None if fewer than two groups have ``MIN_ROWS`` rows.
        unknown: rows without a value.
    """

    column: str
    groups: tuple[GroupScores, ...]
    gap: Gap | None
    unknown: int


def check(faces: FaceSet, columns: Sequence[str]) -> None:
    """Check that data has columns.

    Raises:
        DataError: it lacks one; the message names those that it has.
    """
    for column in columns:
        values_of(faces, column)


def values_of(faces: FaceSet, column: str) -> NDArray[np.str_]:
    """``(N,)`` the value of each row in a column; empty if unknown.

    Raises:
        DataError: the data has no such column; the message names those that it has.
    """
    name = column.strip().casefold()
    if name == SPLIT:
        return faces.splits
    if name in _PERSON_NAMES and faces.subjects is not None:
        return faces.subjects
    found = next((values for key, values in faces.groups.items() if key.strip().casefold() == name), None)
    if found is None:
        there = [PERSON] if faces.subjects is not None else []
        there = list(dict.fromkeys([*there, SPLIT, *faces.groups, *faces.source.columns]))
        raise DataError(f"The data has no column '{column}': it has {', '.join(there)}.")
    return found


def by_column(judgement: Judgement, column: str) -> GroupedScores:
    """Score each group of the judged rows.

    Args:
        judgement: a judged model.
        column: ``"person"``, ``"split"``, or a column of the data's tables that was read, see ``ReadOptions.columns``.

    Raises:
        DataError: the data has no such column.
    """
    evaluation, faces = judgement.evaluation, judgement.faces
    values = values_of(faces, column)
    is_person = column.strip().casefold() in _PERSON_NAMES
    names = values if is_person else _binned(values)
    known = names != ""
    clusters = None if is_person else resampling.person_clusters(faces.subjects)
    right = (evaluation.predicted == evaluation.labels).astype(np.float64)
    groups = [
        _scores(judgement, str(name), np.flatnonzero(names == name), right, clusters)
        for name in np.unique(names[known])
    ]
    groups.sort(key=lambda one: (one.accuracy.value, one.name))
    if not known.all():
        rows = np.flatnonzero(~known)
        groups.append(_scores(judgement, "", rows, right, clusters))
    return GroupedScores(column, tuple(groups), _gap(groups, names, right, clusters), int((~known).sum()))


def _binned(values: NDArray[np.str_]) -> NDArray[np.str_]:
    """The values; numbers of many different values are cut at their quartiles, each part named by its smallest and largest."""
    known = values != ""
    try:
        numbers = np.array([float(value) for value in values[known].tolist()], np.float64)
    except ValueError:
        return values
    if len(np.unique(numbers)) <= MOST_NUMBERS or not np.isfinite(numbers).all():
        return values
    parts = np.searchsorted(np.unique(np.quantile(numbers, [0.25, 0.5, 0.75])), numbers, side="left")
    named = np.empty(len(numbers), object)
    for part in np.unique(parts):
        inside = numbers[parts == part]
        named[parts == part] = f"{inside.min():g}–{inside.max():g}"
    found = np.full(len(values), "", object)
    found[known] = named
    return found.astype(np.str_)


def _scores(
    judgement: Judgement,
    name: str,
    rows: NDArray[np.int64],
    right: NDArray[np.float64],
    clusters: NDArray[np.int64] | None,
) -> GroupScores:
    evaluation, own = judgement.evaluation, right[rows]
    num = len(evaluation.classes)
    cells = evaluation.labels[rows] * num + evaluation.predicted[rows]
    _, macro_f1, balanced, _ = metrics.scores(metrics.confusions(cells[None], num))[0].tolist()
    low, high = metrics.wilson(float(own.sum()), len(rows))
    persons = None if clusters is None else len(np.unique(clusters[rows]))
    if persons is not None and persons >= resampling.MIN_CLUSTERS and clusters is not None:
        drawn = resampling.mean(own, clusters=np.unique(clusters[rows], return_inverse=True)[1])
        low, high = min(low, drawn.low), max(high, drawn.high)
    accuracy = Score(float(own.mean()), low, high)
    is_compared = bool(name) and len(rows) >= MIN_ROWS
    return GroupScores(name or UNKNOWN, len(rows), persons, accuracy, balanced, macro_f1, is_compared)


def _gap(
    groups: Sequence[GroupScores],
    names: NDArray[np.str_],
    right: NDArray[np.float64],
    clusters: NDArray[np.int64] | None,
) -> Gap | None:
    """The largest gap among the groups that are large enough."""
    compared = [one for one in groups if one.is_compared]
    if len(compared) < 2:
        return None
    worst, best = compared[0], compared[-1]
    if clusters is not None and min(one.persons or 0 for one in compared) < resampling.MIN_CLUSTERS:
        clusters = None  # one person is a whole group: there are no others of it to draw
    places = {one.name: place for place, one in enumerate(compared)}
    codes = np.array([places.get(name, -1) for name in names.tolist()], np.int64)
    rows = np.flatnonzero(codes >= 0)
    codes, right = codes[rows], right[rows]
    clusters = None if clusters is None else np.unique(clusters[rows], return_inverse=True)[1]
    value = best.accuracy.value - worst.accuracy.value
    draws = resampling.draws(len(rows), NUM_DRAWS, clusters=clusters)
    drawn = np.stack([_means(codes[draw], right[draw], len(compared)) for draw in draws])  # (B, G)
    chance = _gaps_by_chance(codes, right, clusters, len(compared))
    return Gap(
        best=best.name,
        worst=worst.name,
        difference=Score(value, *resampling.percentiles(drawn[:, -1] - drawn[:, 0])),
        by_chance=float(chance.mean()),
        p_value=float((1 + (chance >= value - 1e-12).sum()) / (1 + len(chance))),
        over="rows" if clusters is None else "persons",
    )


def _means(codes: NDArray[np.int64], right: NDArray[np.float64], num_groups: int) -> NDArray[np.float64]:
    """``(G,)`` the accuracy of each group; NaN for one without rows."""
    with np.errstate(invalid="ignore"):
        means: NDArray[np.float64] = np.bincount(codes, right, num_groups) / np.bincount(codes, minlength=num_groups)
    return means


def _gaps_by_chance(
    codes: NDArray[np.int64], right: NDArray[np.float64], clusters: NDArray[np.int64] | None, num_groups: int
) -> NDArray[np.float64]:
    """``(NUM_DRAWS,)`` the largest gaps if rows, or persons that are in one group each, are assigned at random."""
    rng = np.random.default_rng(0)
    gaps = np.empty(NUM_DRAWS)
    own = None if clusters is None else _group_of_each(codes, clusters)
    for draw in range(NUM_DRAWS):
        shuffled = rng.permutation(codes) if own is None or clusters is None else rng.permutation(own)[clusters]
        means = _means(shuffled, right, num_groups)
        gaps[draw] = np.nanmax(means) - np.nanmin(means)
    return gaps


def _group_of_each(codes: NDArray[np.int64], clusters: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """The group of each person; None if a person is in several."""
    first = np.unique(clusters, return_index=True)[1]
    own: NDArray[np.int64] = codes[first]
    return own if (own[clusters] == codes).all() else None
