"""The temperature of a model: one number that divides the logits so that confidence agrees with accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.modelfile import Spec
from mien.typed_json import JsonObject

LOWEST, HIGHEST = 0.2, 5.0
"""Bounds of the temperature."""

PRIOR = 0.5
"""Standard deviation of the normal prior on log T, around T = 1; a few dozen rows outweigh it."""


@dataclass(frozen=True)
class Temperature:
    """A fitted temperature.

    Attributes:
        value: divisor of the logits.
        interval: 95% interval, from the sampling of the rows.
        num_rows: number of rows that it was fitted on.
        cross_fitted: whether the model of each row's logits was chosen on other rows.
    """

    value: float
    interval: tuple[float, float]
    num_rows: int
    cross_fitted: bool

    @classmethod
    def fit(
        cls, logits: NDArray[np.floating[Any]], labels: NDArray[np.int64], *, cross_fitted: bool = False
    ) -> Temperature:
        """The temperature that minimises the cross-entropy of ``logits / T`` (Guo et al., On Calibration, ICML 2017), with a prior.

        The prior is normal on log T. The targets are smoothed as in Platt (1999): the label has probability ``(N + 1) / (N + 2)``.
        Both matter only if there are few rows or no errors. The minimum is found by golden-section search.

        Args:
            logits: ``(N, K)``.
            labels: ``(N,)``.
            cross_fitted: stored in the result.
        """
        num_rows, num_classes = logits.shape
        logits, smoothing = logits.astype(np.float64), 1 / (num_rows + 2)
        targets = np.eye(num_classes)[labels] * (1 - smoothing) + smoothing / num_classes

        def loss(log_t: float) -> float:
            return -float((targets * log_softmax(logits / np.exp(log_t))).sum()) + 0.5 * (log_t / PRIOR) ** 2

        ratio = (5**0.5 - 1) / 2
        low, high = float(np.log(LOWEST)), float(np.log(HIGHEST))
        while high - low > 1e-4:
            left, right = high - ratio * (high - low), low + ratio * (high - low)
            if loss(left) < loss(right):
                high = right
            else:
                low = left
        best, step = (low + high) / 2, 0.02
        curvature = (loss(best + step) - 2 * loss(best) + loss(best - step)) / step**2
        half = 1.96 / max(curvature, PRIOR**-2) ** 0.5
        return cls(
            float(np.exp(best)), (float(np.exp(best - half)), float(np.exp(best + half))), num_rows, cross_fitted
        )

    @property
    def at_bound(self) -> bool:
        """Whether the optimum is at a bound; the confidence is then not calibrated."""
        return not LOWEST * 1.01 < self.value < HIGHEST / 1.01

    def to_dict(self) -> JsonObject:
        """A dictionary for JSON."""
        return {
            "value": self.value,
            "interval": list(self.interval),
            "rows": self.num_rows,
            "cross_fitted": self.cross_fitted,
            "at_bound": self.at_bound,
        }


def warnings(spec: Spec) -> list[str]:
    """Warnings about a model file's temperature, one line each."""
    if not spec.training.get("temperature", {}).get("at_bound"):
        return []
    return [
        f"warning: the temperature is at its bound ({spec.temperature:.2f}), so the confidence of this model is not calibrated; "
        "hold out more rows, or train again with other settings"
    ]


def log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(N, K)`` logits to the logarithms of their probabilities."""
    shifted = logits - logits.max(1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(1, keepdims=True)), np.float64)
