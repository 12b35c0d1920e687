"""Agreement of coders over time: Cohen's and Fleiss' kappa, and the intraclass correlation, with intervals.

Spans of time take the place of rows: each counts by its duration. Moments that follow each other resemble each other, so the
bootstrap draws blocks of time, or whole clips, with all of their spans.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mien.evaluation import resampling
from mien.evaluation.metrics import Score

NUM_DRAWS = 1000

Figure = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""A figure of sums ``(...)`` over blocks, for one or many draws."""


@dataclass(frozen=True, eq=False)
class CodedTime:
    """What several coders say over time.

    Attributes:
        seconds: ``(N,)`` duration of each span, within which nobody changes the label.
        labels: ``(N, R)`` label of each of R coders, from 0 to K - 1; -1 where a coder has none.
        blocks: ``(N,)`` the block of time that a span belongs to, from 0 on; blocks are drawn whole.
        num_classes: K.
    """

    seconds: NDArray[np.float64]
    labels: NDArray[np.int64]
    blocks: NDArray[np.int64]
    num_classes: int

    def of(self, *coders: int) -> CodedTime:
        """The time that all of some coders coded, with their labels only."""
        known = (self.labels[:, coders] >= 0).all(1)
        return CodedTime(self.seconds[known], self.labels[known][:, coders], self.blocks[known], self.num_classes)


def confusion(time: CodedTime) -> NDArray[np.float64]:
    """The seconds ``(K, K)`` in which the first coder has one label (row) and the second another (column)."""
    return np.asarray(_by_block(time.of(0, 1)).sum(0), np.float64)


def agreement(time: CodedTime) -> Score:
    """The share of time in which two coders have the same label."""
    return _bootstrapped(_by_block(time.of(0, 1)), _agreement)


def cohen(time: CodedTime) -> Score:
    """Cohen's kappa of two coders (J. Cohen, Educational and Psychological Measurement 20, 1960); NaN where it is not defined."""
    return _bootstrapped(_by_block(time.of(0, 1)), cohen_of)


def cohen_by_class(time: CodedTime) -> list[Score]:
    """Cohen's kappa for each class against all others; NaN for a class that neither coder uses."""
    blocks = _by_block(time.of(0, 1))
    scores = []
    for number in range(time.num_classes):
        both = blocks[:, number, number]
        rows, columns = blocks[:, number].sum(-1), blocks[:, :, number].sum(-1)
        rest = blocks.sum((1, 2)) - rows - columns + both
        pairs = np.stack([both, rows - both, columns - both, rest], -1).reshape(-1, 2, 2)
        scores.append(_bootstrapped(pairs, cohen_of))
    return scores


def fleiss(time: CodedTime) -> Score:
    """Fleiss' kappa of all coders over the time that all coded (J. L. Fleiss, Psychological Bulletin 76, 1971)."""
    time = time.of(*range(time.labels.shape[1]))
    num = time.labels.shape[1]
    votes = (time.labels[:, :, None] == np.arange(time.num_classes)).sum(1)  # (N, K)
    agreeing = ((votes**2).sum(1) - num) / (num * (num - 1))  # (N,) share of pairs that agree
    sums = np.column_stack([np.ones(len(votes)), agreeing, votes / num]) * time.seconds[:, None]
    blocks = np.zeros((_num_blocks(time), sums.shape[1]))
    np.add.at(blocks, time.blocks, sums)
    return _bootstrapped(blocks, _fleiss)


def icc(ratings: NDArray[np.float64]) -> Score:
    """The intraclass correlation ICC(2,1): absolute agreement of single ratings, targets and raters drawn at random.

    P. E. Shrout and J. L. Fleiss, "Intraclass correlations: uses in assessing rater reliability", Psychological Bulletin 86,
    1979; their interval.

    Args:
        ratings: ``(n, k)`` ratings of n targets by k raters.

    Returns:
        NaN with fewer than three targets, or without any differences.
    """
    n, k = ratings.shape
    grand, of_target, of_rater = ratings.mean(), ratings.mean(1), ratings.mean(0)
    nothing = Score(float("nan"), float("nan"), float("nan"))
    if n < 3 or k < 2 or np.ptp(ratings) < 1e-12:
        return nothing
    bms = k * float(((of_target - grand) ** 2).sum()) / (n - 1)
    jms = n * float(((of_rater - grand) ** 2).sum()) / (k - 1)
    ems = float(((ratings - of_target[:, None] - of_rater + grand) ** 2).sum()) / ((n - 1) * (k - 1))
    value = (bms - ems) / (bms + (k - 1) * ems + k * (jms - ems) / n)
    if ems < 1e-12:
        return Score(float(value), float("nan"), float("nan"))
    f_j, part = jms / ems, n * (1 + (k - 1) * value) - k * value
    freedom = (k - 1) * (n - 1) * (k * value * f_j + part) ** 2 / ((n - 1) * (k * value * f_j) ** 2 + part**2)
    tail = 1 - (1 - resampling.LEVEL) / 2
    low_f, high_f = stats.f.ppf(tail, n - 1, freedom), stats.f.ppf(tail, freedom, n - 1)
    rest = k * jms + (k * n - k - n) * ems
    low = n * (bms - low_f * ems) / (low_f * rest + n * bms)
    high = n * (high_f * bms - ems) / (rest + n * high_f * bms)
    return Score(float(value), float(low), float(high))


def cohen_of(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cohen's kappa of confusion matrices ``(..., K, K)``."""
    total = counts.sum((-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        same = np.trace(counts, axis1=-2, axis2=-1) / total
        chance = (counts.sum(-1) * counts.sum(-2)).sum(-1) / total**2
        return np.asarray(np.where(chance < 1 - 1e-12, (same - chance) / (1 - chance), np.nan))


def _agreement(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.trace(counts, axis1=-2, axis2=-1) / counts.sum((-2, -1)))


def _fleiss(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fleiss' kappa of sums ``(..., 2 + K)``: time, agreeing time, and time by class."""
    with np.errstate(invalid="ignore", divide="ignore"):
        same = sums[..., 1] / sums[..., 0]
        chance = ((sums[..., 2:] / sums[..., :1]) ** 2).sum(-1)
        return np.asarray(np.where(chance < 1 - 1e-12, (same - chance) / (1 - chance), np.nan))


def _by_block(time: CodedTime) -> NDArray[np.float64]:
    """The confusion in seconds of each block ``(B, K, K)``."""
    counts = np.zeros((_num_blocks(time), time.num_classes, time.num_classes))
    np.add.at(counts, (time.blocks, time.labels[:, 0], time.labels[:, 1]), time.seconds)
    return counts


def _num_blocks(time: CodedTime) -> int:
    return int(time.blocks.max()) + 1 if len(time.blocks) else 1


def _bootstrapped(blocks: NDArray[np.float64], figure: Figure) -> Score:
    """A figure of the sum of blocks ``(B, ...)``, with the percentile interval over draws of blocks that have time."""
    blocks = blocks[blocks.reshape(len(blocks), -1).sum(1) > 0]
    value = float(figure(blocks.sum(0)))
    if len(blocks) < resampling.MIN_CLUSTERS or np.isnan(value):
        return Score(value, float("nan"), float("nan"))
    drawn = np.stack([blocks[rows].sum(0) for rows in resampling.draws(len(blocks), NUM_DRAWS)])
    values = figure(drawn)
    return Score(value, *resampling.percentiles(values[~np.isnan(values)]))
