"""Metrics that scikit-learn lacks: pure functions of ``labels (N,)`` and ``probabilities (N, K)``, or of a confusion matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]

SCORES = ("accuracy", "macro_f1", "balanced_accuracy", "worst_recall")
"""What answers are worth, each over the classes that occur."""


def wilson(num_right: int, num: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a share (Wilson, JASA 1927); it stays within 0..1 and suits small ``num``."""
    from scipy.stats import binomtest  # scikit-learn brings SciPy

    interval = binomtest(num_right, num).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def bootstrap_macro(
    confusion: NDArray[np.int64], confidence: float = 0.95, num_draws: int = 2000, seed: int = 0
) -> tuple[Interval, Interval]:
    """Percentile bootstrap intervals of macro-F1 and of balanced accuracy.

    Drawing N rows with replacement is one multinomial draw over the K x K cells of the confusion matrix, so no row is touched.

    Args:
        confusion: ``(K, K)`` counts, true class by row.
        confidence: share of the draws inside the interval.
        num_draws: how many times N rows are drawn.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    num_classes, total = len(confusion), int(confusion.sum())
    draws = rng.multinomial(total, confusion.ravel() / total, size=num_draws).reshape(-1, num_classes, num_classes)
    right = np.einsum("bii->bi", draws).astype(np.float64)  # (B, K)
    true, predicted = draws.sum(2), draws.sum(1)  # (B, K)
    f1 = 2 * right / np.maximum(true + predicted, 1)
    known = true.sum(0) > 0  # a class that no row has doesn't count
    recall = np.where(true[:, known] > 0, right[:, known] / np.maximum(true[:, known], 1), np.nan)
    tail = (1 - confidence) / 2 * 100
    bounds = [
        np.percentile(values, [tail, 100 - tail]) for values in (f1[:, known].mean(1), np.nanmean(recall, axis=1))
    ]
    return (float(bounds[0][0]), float(bounds[0][1])), (float(bounds[1][0]), float(bounds[1][1]))


def calibration_bins(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], num_bins: int = 15
) -> NDArray[np.float64]:
    """How right a model is at each level of confidence.

    Returns:
        ``(num_bins, 3)``: number of rows, mean confidence and accuracy of each bin of equal width; NaN where a bin is empty.
    """
    confidence, right = probabilities.max(1).astype(np.float64), probabilities.argmax(1) == labels
    index = np.minimum((confidence * num_bins).astype(np.int64), num_bins - 1)
    num = np.bincount(index, minlength=num_bins).astype(np.float64)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(index, confidence, num_bins) / num
        accuracy = np.bincount(index, right, num_bins) / num
    return np.stack([num, mean, accuracy], 1)


def untempered(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """The probabilities that a model would give without its temperature.

    The model file gives ``p = softmax(z / T)``. The logarithm of ``p`` is ``z / T`` up to one number a row, which softmax takes out
    again, so ``softmax(T log p)`` is ``softmax(z)`` exactly, up to what float32 rounded to 0.

    Args:
        probabilities: ``(N, K)`` of single readings; a mean of two, as with a mirror image, is no softmax of anything.
        temperature: T, as the model file tells it.
    """
    logs = temperature * np.log(np.maximum(probabilities.astype(np.float64), np.finfo(np.float32).tiny))
    logs -= logs.max(1, keepdims=True)
    rows = np.exp(logs)
    plain: NDArray[np.float32] = (rows / rows.sum(1, keepdims=True)).astype(np.float32)
    return plain


def expected_calibration_error(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], num_bins: int = 15
) -> float:
    """Mean distance between confidence and accuracy over bins of equal width, weighted by rows (Naeini et al., AAAI 2015)."""
    num, mean, accuracy = calibration_bins(labels, probabilities, num_bins).T
    return float(np.nansum(num * np.abs(mean - accuracy)) / num.sum())


def confusions(cells: NDArray[np.int64], num_classes: int) -> NDArray[np.int64]:
    """Confusion matrices ``(S, K, K)``, true class by row, of cell numbers ``(S, N)``: true class times K plus answer."""
    num_cells = num_classes * num_classes
    shifted = cells + num_cells * np.arange(len(cells))[:, None]
    return np.bincount(shifted.ravel(), minlength=len(cells) * num_cells).reshape(-1, num_classes, num_classes)


def scores(matrices: NDArray[np.int64]) -> NDArray[np.float64]:
    """The ``SCORES`` ``(S, 4)`` of confusion matrices ``(S, K, K)`` that share their rows' labels."""
    right = np.einsum("skk->sk", matrices).astype(np.float64)  # (S, K)
    true, said = matrices.sum(2), matrices.sum(1)  # (S, K)
    known = true[0] > 0
    recall = right[:, known] / true[:, known]
    f1 = 2 * right[:, known] / (true + said)[:, known]
    return np.stack([right.sum(1) / true.sum(1), f1.mean(1), recall.mean(1), recall.min(1)], 1)
