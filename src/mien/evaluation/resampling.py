"""The bootstrap: rows drawn anew, one by one or with all rows of a person together.

Pictures of one person resemble each other, so they tell less than as many pictures of different people. Where persons are known,
whole persons are drawn (cluster bootstrap: Field and Welsh, Journal of the Royal Statistical Society B 69, 2007).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mien.evaluation import metrics
from mien.evaluation.metrics import Score

LEVEL = 0.95
MIN_CLUSTERS = 2
"""With fewer persons there is nothing to draw from: rows are drawn instead."""


def person_clusters(subjects: NDArray[np.str_] | None) -> NDArray[np.int64] | None:
    """Which rows are of one person.

    Args:
        subjects: ``(N,)`` who is on each picture; a row with an empty text stands for itself. Or None.

    Returns:
        ``(N,)`` numbers from 0 on, the same for the rows of a person; None where persons aren't known, or there is only one.
    """
    if subjects is None or not (subjects != "").any():
        return None
    own = np.array([name or f"\0{row}" for row, name in enumerate(subjects.tolist())], np.str_)
    clusters = np.unique(own, return_inverse=True)[1].astype(np.int64)
    return clusters if clusters.max() + 1 >= MIN_CLUSTERS else None


def draws(
    num_rows: int, num_draws: int, *, clusters: NDArray[np.int64] | None = None, seed: int = 0
) -> Iterator[NDArray[np.int64]]:
    """Draw rows with replacement.

    Args:
        num_rows: N.
        num_draws: how many times.
        clusters: ``(N,)`` which rows are drawn together; None draws each row for itself.
        seed: of the draws.

    Yields:
        Indices of rows: N of them, or those of as many clusters as there are.
    """
    rng = np.random.default_rng(seed)
    if clusters is None:
        for _ in range(num_draws):
            yield rng.integers(num_rows, size=num_rows)
        return
    order = np.argsort(clusters, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(clusters))[:-1])
    for _ in range(num_draws):
        yield np.concatenate([members[chosen] for chosen in rng.integers(len(members), size=len(members))])


def drawn_scores(cells: NDArray[np.int64], num_classes: int, rows: Iterable[NDArray[np.int64]]) -> NDArray[np.float64]:
    """The ``metrics.SCORES`` ``(B, S, 4)`` of S models on each of B bootstrap samples of the rows.

    Args:
        cells: ``(S, N)`` cell numbers, see ``metrics.confusions``.
        num_classes: K.
        rows: B arrays of row indices, such as ``draws`` yields.
    """
    counts = [metrics.class_counts(metrics.confusions(cells[:, drawn], num_classes)) for drawn in rows]
    return metrics.scores_of_counts(np.stack(counts, 1))


def percentiles(values: Sequence[float] | NDArray[np.float64]) -> metrics.Interval:
    """The percentile interval of a figure in draws ``(B,)``, without draws where it isn't defined (NaN)."""
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.nanpercentile(np.asarray(values, np.float64), [tail, 100 - tail])
    return float(low), float(high)


def mean(values: NDArray[np.float64], *, clusters: NDArray[np.int64] | None = None, num_draws: int = 1000) -> Score:
    """The mean of values ``(N,)`` with its percentile interval."""
    drawn = [float(values[rows].mean()) for rows in draws(len(values), num_draws, clusters=clusters)]
    return Score(float(values.mean()), *percentiles(drawn))


def scores(
    labels: NDArray[np.int64],
    answers: NDArray[np.int64],
    num_classes: int,
    *,
    clusters: NDArray[np.int64] | None = None,
    num_draws: int = 1000,
) -> Mapping[str, Score]:
    """The ``metrics.SCORES`` of answers, each with its interval.

    Args:
        labels, answers: ``(N,)`` each.
        num_classes: K.
        clusters: ``(N,)`` which rows are drawn together. As few persons differ by chance too little, an interval is never
            narrower than that of rows.
        num_draws: how often rows are drawn.
    """
    cells = labels * num_classes + answers
    matrix = metrics.confusions(cells[None], num_classes)
    values = metrics.scores(matrix)[0]
    drawn = drawn_scores(cells[None], num_classes, draws(len(labels), num_draws, clusters=clusters))[:, 0]
    bounds = dict(zip(metrics.SCORES, map(percentiles, drawn.T), strict=True))
    by_rows = dict(zip(("macro_f1", "balanced_accuracy"), metrics.bootstrap_macro(matrix[0]), strict=True))
    by_rows["accuracy"] = metrics.wilson(float(np.trace(matrix[0])), len(labels))
    if clusters is None:
        bounds |= by_rows
    bounds = {key: _wider(ends, by_rows.get(key, ends)) for key, ends in bounds.items()}
    return {key: Score(float(value), *bounds[key]) for key, value in zip(metrics.SCORES, values, strict=True)}


def _wider(one: metrics.Interval, other: metrics.Interval) -> metrics.Interval:
    return min(one[0], other[0]), max(one[1], other[1])
