"""Comparison of methods on the same rows: means over seeds, and paired differences with confidence intervals.

A difference varies with the sample of rows and with the seeds of the runs. The rows are resampled with fixed runs (bootstrap).
This includes the effect of the rows on single runs, so only the variance between the seeds that the rows don't explain is added,
by Student's t with S - 1 degrees of freedom. docs/studies.md reports the measured coverage of the intervals.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mien.errors import ArgumentError, DataError
from mien.evaluation import metrics, predictions, resampling

NUM_DRAWS = 1000
LEVEL = 0.95

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Comparison:
    """The scores of a method, and their differences from the first method.

    Attributes:
        scores: scores of each run, by the names in ``metrics.SCORES``.
        mean: means over the runs.
        sd: standard deviations over the runs; None for one run.
        difference: for each score, the mean difference from the first method and its 95% interval; None for the first method.
        family: for each score, the simultaneous interval for all methods (Bonferroni); None for the first method.
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
    clusters: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> dict[K, Comparison]:
    """Compare methods with the first of them, on the same rows.

    Args:
        labels: ``(N,)``.
        answers: for each method, the predicted classes ``(N,)`` of its runs, in the order of their seeds.
        num_classes: K.
        paired: whether each run is paired with the run of the first method with the same seed. If not, or with one run each, the
            intervals cover the sampling of the rows only.
        clusters: ``(N,)`` numbers of groups of rows that are drawn together, such as those of a person; None draws single rows.
        seed: seed of the bootstrap.

    Returns:
        The comparison of each method.

    Raises:
        ArgumentError: labels or predictions aren't numbers, or there is no method.
        DataError: lengths differ, values aren't class numbers, or paired methods have different numbers of runs.
    """
    labels, answers = _checked(labels, answers, num_classes, paired)
    codes = {name: np.stack(runs) + labels * num_classes for name, runs in answers.items()}  # (S, N), a cell of K x K
    first = next(iter(codes))
    full = {name: metrics.scores(metrics.confusions(cells, num_classes)) for name, cells in codes.items()}  # (S, 4)
    rows = list(resampling.draws(len(labels), NUM_DRAWS, clusters=clusters, seed=seed))
    drawn = _draws(codes, first, num_classes, paired, rows)
    num_others = max(1, len(codes) - 1)
    result: dict[K, Comparison] = {}
    for name, values in full.items():
        own_scores = Comparison(
            scores=tuple(_named(run) for run in values),
            mean=_named(values.mean(0)),
            sd=_named(values.std(0, ddof=1)) if len(values) > 1 else None,
        )
        if name == first:
            result[name] = own_scores
            continue
        own = values - full[first] if paired else values.mean(0, keepdims=True) - full[first].mean(0)  # (S, 4)
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
    """Confidence interval of a mean difference, over rows and seeds.

    The part of the rows is the distance from the mean to the bootstrap percentiles. The part of the seeds is ``t * sqrt(V / S)``,
    where V is the variance of the runs' differences minus the variance added by resampling, and at least 0. The two parts are
    independent, so their lengths are added in quadrature, separately for each side.

    Args:
        own: ``(S,)`` differences of the S pairs of runs on the original rows.
        drawn: ``(B, S)`` differences in each of B bootstrap samples.
        level: confidence level.
    """
    from scipy.special import ndtri, stdtrit  # scikit-learn brings SciPy

    middle, means = float(own.mean()), drawn.mean(1)
    low, high = np.percentile(means, [100 * (1 - LEVEL) / 2, 100 * (1 + LEVEL) / 2])
    # There are too few draws for extreme percentiles, so the interval is scaled by the normal distribution.
    stretch = float(ndtri((1 + level) / 2) / ndtri((1 + LEVEL) / 2))
    below, above = stretch * max(0.0, middle - low), stretch * max(0.0, high - middle)
    seeds = 0.0
    if len(own) > 1:
        between = own.var(ddof=1)
        excess = max(0.0, between - (drawn.var(1, ddof=1).mean() - between))
        seeds = float(stdtrit(len(own) - 1, (1 + level) / 2) * np.sqrt(excess / len(own)))
    return middle - float(np.hypot(below, seeds)), middle + float(np.hypot(above, seeds))


def _intervals(own: NDArray[np.float64], drawn: NDArray[np.float64], level: float) -> list[tuple[float, float]]:
    """The interval of each score: ``own`` ``(S, 4)``, ``drawn`` ``(B, S, 4)``."""
    return [interval(own[:, index], drawn[:, :, index], level) for index in range(own.shape[1])]


def _draws(
    codes: Mapping[K, NDArray[np.int64]],
    first: K,
    num_classes: int,
    paired: bool,
    draws: Sequence[NDArray[np.int64]],
) -> dict[K, NDArray[np.float64]]:
    """For each method except the first, the differences ``(B, S, 4)`` of its runs on each of B bootstrap samples of the rows."""
    scores = {name: resampling.drawn_scores(cells, num_classes, draws) for name, cells in codes.items()}
    base = scores.pop(first)
    if paired:
        return {name: values - base for name, values in scores.items()}
    return {name: (values.mean(1) - base.mean(1))[:, None] for name, values in scores.items()}


def _named(values: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(metrics.SCORES, map(float, values), strict=True))
