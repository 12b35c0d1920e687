"""The temperature: how sure the model file is, fitted on held-out readings that didn't choose the epoch.

The epoch with the highest hold-out accuracy is a little lucky on these very rows, and a temperature fitted to its readings of them
takes the luck for knowledge. So the hold-out is cross-fitted: each half of the rows chooses an epoch by itself, and what counts for
a row are the logits of the epoch that the other half has chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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

LOWEST, HIGHEST = 0.2, 5.0
"""Bounds of a temperature."""

PRIOR = 0.5
"""Standard deviation of the prior on log T, around T = 1: a few dozen rows outweigh it."""


@dataclass(frozen=True)
class Temperature:
    """A fitted temperature.

    Attributes:
        value: what logits are divided by.
        interval: its 95% interval, of the chance of the rows.
        num_rows: how many it was fitted on.
        cross_fitted: whether their readings are of epochs that other rows have chosen.
    """

    value: float
    interval: tuple[float, float]
    num_rows: int
    cross_fitted: bool

    @property
    def at_bound(self) -> bool:
        """Whether the rows ask for more than the bounds allow: then the confidence isn't calibrated."""
        return not LOWEST * 1.01 < self.value < HIGHEST / 1.01

    def to_dict(self) -> dict[str, Any]:
        """Fit for JSON."""
        return {
            "value": self.value,
            "interval": list(self.interval),
            "rows": self.num_rows,
            "cross_fitted": self.cross_fitted,
            "at_bound": self.at_bound,
        }


def warnings(spec: Spec) -> list[str]:
    """What people must know of a model file's temperature, in lines."""
    if not spec.training.get("temperature", {}).get("at_bound"):
        return []
    return [
        f"warning: the temperature is at its bound ({spec.temperature:.2f}), so the confidence of this model is not calibrated; "
        "hold out more rows, or train again with other settings"
    ]


def fit(logits: Tensor, labels: Tensor, *, cross_fitted: bool = False) -> Temperature:
    """The temperature that minimises the cross-entropy of ``logits / T`` (Guo et al., On Calibration, ICML 2017), with a prior.

    The prior is normal on log T. The targets are Platt's (1999): each row counts as right ``(N + 1) / (N + 2)``, as rows without an
    error don't show that there is none. Both matter only for few rows, or for a hold-out that is all right. Golden-section search.

    Args:
        logits: ``(N, K)``.
        labels: ``(N,)``.
        cross_fitted: what the result says of the logits.
    """
    num_rows, num_classes = logits.shape
    logits, doubt = logits.double(), 1 / (num_rows + 2)
    targets = F.one_hot(labels, num_classes).double() * (1 - doubt) + doubt / num_classes

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
    """The held-out readings of epochs that other rows have chosen.

    Args:
        valid_set: the held-out rows; copies of a picture, and pictures of a person, are in one half.
        num_classes: K.
        device: where the readings are.
        keep: as in the recipe; ``"last"`` chooses no epoch, so that the last one's readings count.
    """

    def __init__(self, valid_set: FaceSet, num_classes: int, device: torch.device, keep: str = "best") -> None:
        first = torch.from_numpy(splits.halves(valid_set)).to(device)
        self.halves = (first, ~first)
        self.keep = keep
        self.logits = torch.full((len(valid_set), num_classes), float("nan"), device=device)  # (V, K)
        self.best = [-1.0, -1.0]

    def update(self, logits: Tensor, labels: Tensor) -> None:
        """Take an epoch's logits ``(V, K)`` of all held-out rows with labels ``(V,)``."""
        right = logits.argmax(1) == labels
        for index, half in enumerate(self.halves):
            accuracy = float(right[half].float().mean()) if half.any() else 0.0
            if accuracy > self.best[index] or self.keep == "last":
                self.best[index] = accuracy
                self.logits[~half] = logits[~half]

    def save(self, run: Run) -> None:
        """Write the readings into the run's folder."""
        checkpoint.save(run.calibration, {"logits": self.logits}, Halves((self.best[0], self.best[1])))

    def restore(self, run: Run) -> None:
        """Take up what ``save`` wrote, if anything; a run of an earlier version has nothing."""
        if run.calibration.exists():
            tensors, state = checkpoint.load(run.calibration, Halves)
            if tensors["logits"].shape == self.logits.shape:
                self.logits, self.best = tensors["logits"].to(self.logits.device), list(state.best)


def readings(run: Run, valid_set: FaceSet) -> Tensor | None:
    """The cross-fitted logits ``(V, K)`` of a run; None where it has none for all these rows, as runs of earlier versions."""
    if not run.calibration.exists():
        return None
    logits = checkpoint.tensors(run.calibration)["logits"]
    fits = len(logits) == len(valid_set) and bool(torch.isfinite(logits).all())
    return logits if fits else None


def of_run(run: Run, valid_set: FaceSet, logits: Tensor) -> Temperature:
    """A run's temperature.

    Args:
        run: the run.
        valid_set: its held-out rows.
        logits: ``(V, K)`` what its pretrained weights say of them, used where the run has no cross-fitted readings.
    """
    own, labels = readings(run, valid_set), torch.from_numpy(valid_set.labels)
    return fit(logits, labels) if own is None else fit(own, labels, cross_fitted=True)


def rows_in(rows: FaceSet, valid_set: FaceSet) -> NDArray[np.int64]:
    """Where each of these rows stands ``(N,)`` in a hold-out that has all their pictures."""
    known, asked = identity.hashes(valid_set.images), identity.hashes(rows.images)
    order = np.argsort(known, kind="stable")
    return order[np.searchsorted(known, asked, sorter=order)].astype(np.int64)
