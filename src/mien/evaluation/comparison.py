"""Ways to train or to answer, compared on the same rows: means over seeds, and paired differences with their intervals.

A difference varies with the rows that are judged and with the seeds of the runs. The rows are drawn anew with the runs fixed
(bootstrap). That already holds what rows do to single runs, so only the part of the variance between the seeds that the rows
don't explain is added, with Student's t on S - 1 degrees of freedom. docs/studies.md has how often such intervals hold the truth.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mien.errors import ArgumentError, DataError
from mien.evaluation import metrics, predictions

NUM_DRAWS = 1000
LEVEL = 0.95

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Comparison:
    """The scores of a way to train or to answer, and how far they are from those of the first way.

    Attributes:
        scores: of each run, by the names in ``metrics.SCORES``.
        mean: over the runs.
        sd: their standard deviation; None for one run.
        difference: of each score the mean difference from the first way and its 95% interval; None for the first way.
        family: of each score the interval that holds for all ways at once (Bonferroni); None for the first way.
    """

    scores: tuple[Mapping[str, float], ...]
    mean: Mapping[str, float]
    sd: Mapping[str, float] | None
    difference: Mapping[str, tuple[float, ...]] | None = None
    family: Mapping[str, tuple[float, ...]] | None = None


def compare(
    labels: NDArray[np.int64],
    answers: Mapping[K, Sequence[NDArray[np.int64]]],
    num_classes: int,
    *,
    paired: bool = True,
    seed: int = 0,
) -> dict[K, Comparison]:
    """Compare ways on the same rows with the first of them.

    Args:
        labels: ``(N,)``.
        answers: for each way the answers ``(N,)`` of its runs, in the order of their seeds.
        num_classes: K.
        paired: whether a way's runs belong, one by one, to the first way's, as those of the same seed do. If not, or with one
            run each, the intervals tell of the rows alone.
        seed: of the draws.

    Returns:
        What each way came to.

    Raises:
        ArgumentError: labels or answers are no numbers, or there is no way.
        DataError: they aren't of the same rows, or no classes; or runs are paired, and not as many for each way.
    """
    labels, answers = _checked(labels, answers, num_classes, paired)
    codes = {name: np.stack(runs) + labels * num_classes for name, runs in answers.items()}  # (S, N), a cell of K x K
    first = next(iter(codes))
    whole = {name: metrics.scores(metrics.confusions(cells, num_classes)) for name, cells in codes.items()}  # (S, 4)
    drawn = _draws(codes, first, num_classes, paired, seed)
    num_others = max(1, len(codes) - 1)
    result: dict[K, Comparison] = {}
    for name, values in whole.items():
        own_scores = Comparison(
            scores=tuple(_named(run) for run in values),
            mean=_named(values.mean(0)),
            sd=_named(values.std(0, ddof=1)) if len(values) > 1 else None,
        )
        if name == first:
            result[name] = own_scores
            continue
        own = values - whole[first] if paired else values.mean(0, keepdims=True) - whole[first].mean(0)  # (S, 4)
        middle = own.mean(0).tolist()
        single, family = (_intervals(own, drawn[name], 1 - (1 - LEVEL) / num) for num in (1, num_others))
        result[name] = replace(
            own_scores,
            difference={score: (middle[index], *single[index]) for index, score in enumerate(metrics.SCORES)},
            family=dict(zip(metrics.SCORES, family, strict=True)),
        )
    return result


def _checked(
    labels: NDArray[np.int64], answers: Mapping[K, Sequence[NDArray[np.int64]]], num_classes: int, paired: bool
) -> tuple[NDArray[np.int64], dict[K, list[NDArray[np.int64]]]]:
    if not isinstance(answers, Mapping) or not answers or not all(len(runs) for runs in answers.values()):
        raise ArgumentError("Answers must be a mapping from the name of each way to the answers of its runs.")
    labels = predictions.check_codes(labels, num_classes, "Labels")
    runs = {
        name: [predictions.check_codes(run, num_classes, f"The answers of '{name}'") for run in own]
        for name, own in answers.items()
    }
    lengths = {len(run) for own in runs.values() for run in own}
    if not len(labels) or lengths != {len(labels)}:
        raise DataError(
            f"Every run must have one answer for each of {len(labels):,} labels, of which there must be some."
        )
    if paired and len({len(own) for own in runs.values()}) > 1:
        raise DataError("Paired ways need as many runs each: the first run of one belongs to the first of every other.")
    return labels, runs


def interval(own: NDArray[np.float64], drawn: NDArray[np.float64], level: float = LEVEL) -> tuple[float, float]:
    """The interval of a mean difference over rows and seeds.

    The rows' part reaches from the mean to the bootstrap's percentiles; the seeds' part is ``t * sqrt(V / S)``, where V is the
    variance of the runs' differences less the variance that the draws add to it, and at least 0. The two parts are independent,
    so their lengths add as squares, on each side for itself.

    Args:
        own: ``(S,)`` differences of the S pairs of runs on the rows as they are.
        drawn: ``(B, S)`` the same in each of B draws of the rows.
        level: how often the interval should hold the truth.
    """
    from scipy.stats import norm, t  # scikit-learn brings SciPy

    middle, means = float(own.mean()), drawn.mean(1)
    low, high = np.percentile(means, [100 * (1 - LEVEL) / 2, 100 * (1 + LEVEL) / 2])
    # Percentiles far out take more draws than there are.
    stretch = norm.ppf((1 + level) / 2) / norm.ppf((1 + LEVEL) / 2)
    below, above = stretch * max(0.0, middle - low), stretch * max(0.0, high - middle)
    seeds = 0.0
    if len(own) > 1:
        between = own.var(ddof=1)
        excess = max(0.0, between - (drawn.var(1, ddof=1).mean() - between))
        seeds = float(t.ppf((1 + level) / 2, len(own) - 1) * np.sqrt(excess / len(own)))
    return middle - float(np.hypot(below, seeds)), middle + float(np.hypot(above, seeds))


def _intervals(own: NDArray[np.float64], drawn: NDArray[np.float64], level: float) -> list[tuple[float, float]]:
    """Of each score: ``own`` ``(S, 4)``, ``drawn`` ``(B, S, 4)``."""
    return [interval(own[:, index], drawn[:, :, index], level) for index in range(own.shape[1])]


def _draws(
    codes: Mapping[K, NDArray[np.int64]], first: K, num_classes: int, paired: bool, seed: int
) -> dict[K, NDArray[np.float64]]:
    """For each way but the first, its runs' differences ``(NUM_DRAWS, S, 4)`` from it on rows that are drawn anew."""
    rng = np.random.default_rng(seed)
    names = [name for name in codes if name != first]
    drawn: dict[K, list[NDArray[np.float64]]] = {name: [] for name in names}
    num_rows = codes[first].shape[1]
    for _ in range(NUM_DRAWS):
        rows = rng.integers(num_rows, size=num_rows)
        base = metrics.scores(metrics.confusions(codes[first][:, rows], num_classes))
        for name in names:
            values = metrics.scores(metrics.confusions(codes[name][:, rows], num_classes))
            drawn[name].append(values - base if paired else values.mean(0, keepdims=True) - base.mean(0))
    return {name: np.stack(values) for name, values in drawn.items()}


def _named(values: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(metrics.SCORES, map(float, values), strict=True))
