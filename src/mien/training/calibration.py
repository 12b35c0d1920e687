"""Temperature scaling, fitted on hold-out logits that are independent of the choice of the epoch.

The best epoch is chosen by its accuracy on the hold-out, so its logits on these rows are optimistic, and a temperature fitted
on them would be overconfident. The hold-out is therefore cross-fitted: each half of the rows chooses an epoch by itself, and
each row contributes its logits from the epoch that the other half chose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from mien.data import identity, splits
from mien.data.faceset import FaceSet
from mien.modelfile import Spec
from mien.run import Run
from mien.training import checkpoint
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
        cross_fitted: whether the epoch of each row's logits was chosen on other rows.
    """

    value: float
    interval: tuple[float, float]
    num_rows: int
    cross_fitted: bool

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


def fit(logits: Tensor, labels: Tensor, *, cross_fitted: bool = False) -> Temperature:
    """The temperature that minimises the cross-entropy of ``logits / T`` (Guo et al., On Calibration, ICML 2017), with a prior.

    The prior is normal on log T. The targets are smoothed as in Platt (1999): the label has probability ``(N + 1) / (N + 2)``.
    Both matter only if there are few rows or no errors. The minimum is found by golden-section search.

    Args:
        logits: ``(N, K)``.
        labels: ``(N,)``.
        cross_fitted: stored in the result.
    """
    num_rows, num_classes = logits.shape
    logits, smoothing = logits.double(), 1 / (num_rows + 2)
    targets = F.one_hot(labels, num_classes).double() * (1 - smoothing) + smoothing / num_classes

    def loss(log_t: float) -> float:
        return num_rows * float(F.cross_entropy(logits / np.exp(log_t), targets)) + 0.5 * (log_t / PRIOR) ** 2

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
    return Temperature(
        float(np.exp(best)), (float(np.exp(best - half)), float(np.exp(best + half))), num_rows, cross_fitted
    )


@dataclass(frozen=True)
class Halves:
    """The best accuracy so far on each half of the held-out rows."""

    best: tuple[float, ...]


class CrossFit:
    """Cross-fitted hold-out logits: the epoch of each row's logits is chosen on other rows.

    Args:
        valid_set: the held-out rows; duplicates, and images of one person, are in the same half.
        num_classes: K.
        device: device of the logits.
        keep: as in the recipe; ``"last"`` always takes the logits of the last epoch.
    """

    def __init__(self, valid_set: FaceSet, num_classes: int, device: torch.device, keep: str = "best") -> None:
        first = torch.from_numpy(splits.halves(valid_set)).to(device)
        self.halves = (first, ~first)
        self.keep = keep
        self.logits = torch.full((len(valid_set), num_classes), float("nan"), device=device)  # (V, K)
        self.best = [-1.0, -1.0]

    def update(self, logits: Tensor, labels: Tensor) -> None:
        """Add an epoch's logits ``(V, K)`` of all held-out rows with labels ``(V,)``."""
        correct = logits.argmax(1) == labels
        for index, half in enumerate(self.halves):
            accuracy = float(correct[half].float().mean()) if half.any() else 0.0
            if accuracy > self.best[index] or self.keep == "last":
                self.best[index] = accuracy
                self.logits[~half] = logits[~half]

    def save(self, run: Run) -> None:
        """Write the logits into the run folder."""
        checkpoint.save(run.calibration, {"logits": self.logits}, Halves((self.best[0], self.best[1])))

    def restore(self, run: Run) -> None:
        """Load the logits that ``save`` wrote, if any; runs of earlier versions have none."""
        if run.calibration.exists():
            tensors, state = checkpoint.load(run.calibration, Halves)
            if tensors["logits"].shape == self.logits.shape:
                self.logits, self.best = tensors["logits"].to(self.logits.device), list(state.best)


def readings(run: Run, valid_set: FaceSet) -> Tensor | None:
    """The cross-fitted logits ``(V, K)`` of a run; None if they don't cover all rows, as in runs of earlier versions."""
    if not run.calibration.exists():
        return None
    logits = checkpoint.tensors(run.calibration)["logits"]
    fits = len(logits) == len(valid_set) and bool(torch.isfinite(logits).all())
    return logits if fits else None


def of_run(run: Run, valid_set: FaceSet, logits: Tensor) -> Temperature:
    """Fit a run's temperature.

    Args:
        run: the run.
        valid_set: its held-out rows.
        logits: ``(V, K)`` logits of the exported weights, used if the run has no cross-fitted logits.
    """
    own, labels = readings(run, valid_set), torch.from_numpy(valid_set.labels)
    return fit(logits, labels) if own is None else fit(own, labels, cross_fitted=True)


def rows_in(rows: FaceSet, valid_set: FaceSet) -> NDArray[np.int64]:
    """The index ``(N,)`` of each row in a hold-out that contains all these images."""
    known, asked = identity.hashes(valid_set.images), identity.hashes(rows.images)
    order = np.argsort(known, kind="stable")
    return order[np.searchsorted(known, asked, sorter=order)].astype(np.int64)
