"""Metrics: pure functions of ``labels (N,)`` and ``probabilities (N, K)``, or of a confusion matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.errors import ArgumentError
from mien.evaluation import predictions

Interval = tuple[float, float]

_CELLS = 2**21  # of the confusion matrices that are drawn at once

SCORES = ("accuracy", "macro_f1", "balanced_accuracy", "worst_recall")
"""The scores of ``scores``; means are over the classes that occur."""


@dataclass(frozen=True)
class Score:
    """A figure and the ends of its 95% interval."""

    value: float
    low: float
    high: float

    @property
    def interval(self) -> Interval:
        """Both ends."""
        return self.low, self.high

    def named(self, name: str) -> dict[str, float | list[float]]:
        """The value by its name and the interval as ``<name>_interval``, as records in JSON have them."""
        return {name: self.value, f"{name}_interval": [self.low, self.high]}


@dataclass(frozen=True, eq=False)
class PerClass:
    """The scores of each class, and their means over the classes that occur.

    Attributes:
        precision, recall, f1: ``(K,)`` each; NaN where undefined: precision of a class that is never predicted, recall and F1 of
            a class without rows.
        support: ``(K,)`` rows of each class.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    support: NDArray[np.int64]

    @property
    def macro_f1(self) -> float:
        """Mean F1 over the classes that occur."""
        return float(self.f1[self.support > 0].mean())

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall over the classes that occur (UAR)."""
        return float(self.recall[self.support > 0].mean())


def per_class(labels: NDArray[np.int64], predicted: NDArray[np.int64], num_classes: int) -> PerClass:
    """Precision, recall and F1 of each class; NaN where there are no rows to divide by.

    It doesn't use scikit-learn, whose import takes longer than most evaluations; a test compares the two.

    Args:
        labels: ``(N,)`` true classes.
        predicted: ``(N,)`` predicted classes.
        num_classes: K.
    """
    right, support, named = (
        np.bincount(rows, minlength=num_classes) for rows in (labels[labels == predicted], labels, predicted)
    )
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN
        precision, recall, f1 = right / named, right / support, 2 * right / (support + named)
    return PerClass(precision, recall, np.where(support > 0, f1, np.nan), support)


def wilson(num_right: float, num: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a share (Wilson, JASA 1927); it is within 0..1 and also valid for small ``num``."""
    from scipy.special import ndtri  # scikit-learn brings SciPy

    if not 0 <= num_right <= num or num < 1 or not 0 < confidence < 1:
        raise ArgumentError(
            f"Needed: 0 <= num_right <= num, num >= 1 and a confidence between 0 and 1; not {num_right}, {num}, {confidence}."
        )
    hits, z = round(num_right), float(ndtri((1 + confidence) / 2))
    share, scale = hits / num, 2 * (num + z**2)
    centre = (2 * num * share + z**2) / scale
    half = z / scale * math.sqrt(4 * num * share * (1 - share) + z**2)
    return (centre - half if hits else 0.0), (centre + half if hits < num else 1.0)


def f1_interval(num_right: int, num_either: int) -> Interval:
    """An interval of F1 from Wilson's interval of the Jaccard index J, because ``F1 = 2 J / (1 + J)`` increases with J.

    Args:
        num_right: rows that are labelled with and predicted as the class.
        num_either: rows that are labelled with or predicted as the class.
    """
    low, high = wilson(num_right, num_either)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def mean_interval(values: NDArray[np.float64], *, lowest: float = -np.inf, confidence: float = 0.95) -> Interval | None:
    """Student's t interval of the mean of values ``(N,)``, cut off at ``lowest``; None for a single value."""
    from scipy.special import stdtrit  # scikit-learn brings SciPy

    if len(values) < 2:
        return None
    half = float(stdtrit(len(values) - 1, (1 + confidence) / 2) * values.std(ddof=1) / len(values) ** 0.5)
    return max(lowest, float(values.mean()) - half), float(values.mean()) + half


def bootstrap_macro(
    confusion: NDArray[np.int64], confidence: float = 0.95, num_draws: int = 2000, seed: int = 0
) -> tuple[Interval, Interval]:
    """Percentile bootstrap intervals of macro-F1 and of balanced accuracy.

    Drawing N rows with replacement equals one multinomial draw over the K x K cells of the confusion matrix. Both scores are
    means over the classes that occur in a draw. If every class has a score of 0 or 1, as in a perfect score, all draws are equal;
    the interval is then computed from the classes' Wilson intervals (MOVER: Zou and Donner, Statistics in Medicine 27, 2008).

    Args:
        confusion: ``(K, K)`` counts, true class by row.
        confidence: confidence level.
        num_draws: number of bootstrap samples.
        seed: seed of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    num_classes, total = len(confusion), int(confusion.sum())
    shares, block = confusion.ravel() / total, max(1, _CELLS // confusion.size)
    drawn = [
        _by_class(rng.multinomial(total, shares, size=min(block, num_draws - start)).reshape(-1, *confusion.shape))
        for start in range(0, num_draws, block)
    ]
    f1, recall = (np.concatenate(parts) for parts in zip(*drawn, strict=True))  # (B, K)
    own_f1, own_recall = (values[0] for values in _by_class(confusion[None]))  # (K,)
    right, true, said = confusion.diagonal().tolist(), confusion.sum(1).tolist(), confusion.sum(0).tolist()
    known = [index for index in range(num_classes) if true[index]]
    by_wilson = [f1_interval(right[index], true[index] + said[index] - right[index]) for index in known]
    return (
        _macro_interval(own_f1[known], f1, by_wilson, confidence),
        _macro_interval(own_recall[known], recall, [wilson(right[index], true[index]) for index in known], confidence),
    )


def _by_class(matrices: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """F1 and recall ``(B, K)`` of confusion matrices ``(B, K, K)``; NaN for a class without rows."""
    right = np.einsum("bii->bi", matrices).astype(np.float64)
    true, said = matrices.sum(2), matrices.sum(1)
    f1 = np.where(true > 0, 2 * right / np.maximum(true + said, 1), np.nan)
    return f1, np.where(true > 0, right / np.maximum(true, 1), np.nan)


def _macro_interval(
    own: NDArray[np.float64], drawn: NDArray[np.float64], by_wilson: list[Interval], confidence: float
) -> Interval:
    mean = float(own.mean())
    if np.isin(own, (0.0, 1.0)).all():
        below, above = (
            np.linalg.norm(own - np.array([pair[side] for pair in by_wilson])) / len(own) for side in (0, 1)
        )
        return max(0.0, mean - float(below)), min(1.0, mean + float(above))
    tail = (1 - confidence) / 2 * 100
    low, high = np.percentile(np.nanmean(drawn, axis=1), [tail, 100 - tail])
    return min(mean, float(low)), max(mean, float(high))


def calibration_bins(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], num_bins: int = 15
) -> NDArray[np.float64]:
    """Accuracy in bins of confidence of equal width.

    Returns:
        ``(num_bins, 3)``: number of rows, mean confidence and accuracy of each bin; NaN for an empty bin.
    """
    labels, probabilities = predictions.check(labels, probabilities)
    confidence, right = probabilities.max(1).astype(np.float64), probabilities.argmax(1) == labels
    index = np.minimum((confidence * num_bins).astype(np.int64), num_bins - 1)
    num = np.bincount(index, minlength=num_bins).astype(np.float64)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(index, confidence, num_bins) / num
        accuracy = np.bincount(index, right, num_bins) / num
    return np.stack([num, mean, accuracy], 1)


def untempered(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """The probabilities of a model without its temperature.

    The model file returns ``p = softmax(z / T)``. ``log p`` equals ``z / T`` up to a constant per row, and softmax is invariant to
    such a constant, so ``softmax(T log p) = softmax(z)``, except for probabilities that float32 rounded to 0.

    Args:
        probabilities: ``(N, K)`` of single predictions; a mean with the mirror image is not valid.
        temperature: T, from the model file.
    """
    if not isinstance(temperature, int | float) or not 0 < temperature < np.inf:
        raise ArgumentError(f"A temperature must be a number above 0, not {temperature!r:.40}.")
    probabilities = predictions.check_probabilities(probabilities)
    logs = temperature * np.log(np.maximum(probabilities.astype(np.float64), np.finfo(np.float32).tiny))
    logs -= logs.max(1, keepdims=True)
    rows = np.exp(logs)
    plain: NDArray[np.float32] = (rows / rows.sum(1, keepdims=True)).astype(np.float32)
    return plain


def expected_calibration_error(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], num_bins: int = 15
) -> float:
    """Mean absolute difference of confidence and accuracy over bins of equal width, weighted by rows (Naeini et al., AAAI 2015)."""
    num, mean, accuracy = calibration_bins(labels, probabilities, num_bins).T
    return float(np.nansum(num * np.abs(mean - accuracy)) / num.sum())


@dataclass(frozen=True)
class CalibrationError:
    """An expected calibration error (ECE) with its interval and its bias.

    Attributes:
        value: mean absolute difference of confidence and accuracy over the bins.
        interval: 95% interval of the true ECE. The value is biased upwards, because random differences in a bin count too; the
            interval corrects for this, and starts at 0 if a perfectly calibrated model could have this value by chance.
        if_perfect: mean ECE of a perfectly calibrated model with this number of rows.
        if_perfect_most: 95th percentile of the ECE of such a model.
    """

    value: float
    interval: Interval
    if_perfect: float
    if_perfect_most: float


def calibration_error(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], num_bins: int = 15, num_draws: int = 2000
) -> CalibrationError:
    """The expected calibration error with its interval and its bias.

    The difference of a bin, in rows, is approximately normal: for a calibrated model with the variance from its confidences, in
    general with the variance from its number of correct rows.
    """
    labels, probabilities = predictions.check(labels, probabilities)
    confidence, right = probabilities.max(1).astype(np.float64), probabilities.argmax(1) == labels
    index = np.minimum((confidence * num_bins).astype(np.int64), num_bins - 1)
    num = np.bincount(index, minlength=num_bins)
    gaps = np.bincount(index, confidence - right, num_bins)  # (bins,) in rows
    hits = np.bincount(index, right, num_bins)
    if_perfect = np.sqrt(np.bincount(index, confidence * (1 - confidence), num_bins))
    as_it_is = np.sqrt(hits * (num - hits) / np.maximum(num, 1))
    normal = np.random.default_rng(0).standard_normal((num_draws, num_bins))
    total, value = len(labels), float(np.abs(gaps).sum() / len(labels))
    most = float(np.percentile(np.abs(if_perfect * normal).sum(1), 95) / total)
    drawn = np.abs(gaps + as_it_is * normal).sum(1) / total
    low, high = 2 * value - float(np.percentile(drawn, 97.5)), value + 1.96 * float(drawn.std())
    return CalibrationError(
        value,
        (min(value, max(0.0, low)) if value > most else 0.0, min(1.0, high)),
        float(np.sqrt(2 / np.pi) * if_perfect.sum() / total),  # the mean of |Z| is sqrt(2 / pi)
        most,
    )


def confusions(cells: NDArray[np.int64], num_classes: int) -> NDArray[np.int64]:
    """Confusion matrices ``(S, K, K)``, true class by row, from cell numbers ``(S, N)``: true class times K plus prediction."""
    num_cells = num_classes * num_classes
    shifted = cells + num_cells * np.arange(len(cells))[:, None]
    return np.bincount(shifted.ravel(), minlength=len(cells) * num_cells).reshape(-1, num_classes, num_classes)


def scores(matrices: NDArray[np.int64]) -> NDArray[np.float64]:
    """The ``SCORES`` ``(..., 4)`` of confusion matrices ``(..., K, K)``."""
    return scores_of_counts(class_counts(matrices))


def class_counts(matrices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Correct, labelled and predicted rows of each class ``(3, ..., K)`` in confusion matrices ``(..., K, K)``."""
    return np.stack([np.einsum("...kk->...k", matrices), matrices.sum(-1), matrices.sum(-2)])


def scores_of_counts(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The ``SCORES`` ``(..., 4)`` of counts ``(3, ..., K)`` as ``class_counts`` returns them."""
    right, true, said = counts
    known = true > 0
    num_known = known.sum(-1)
    recall, f1 = right / np.maximum(true, 1), 2 * right / np.maximum(true + said, 1)  # 0 for a class without rows
    return np.stack(
        [
            right.sum(-1) / true.sum(-1),
            f1.sum(-1) / num_known,
            recall.sum(-1) / num_known,
            np.where(known, recall, np.inf).min(-1),
        ],
        -1,
    )
