"""Temperature scaling, fitted on hold-out logits that are independent of the choice of the epoch.

The best epoch is chosen by its accuracy on the hold-out, so its logits on these rows are optimistic, and a temperature fitted
on them would be overconfident. The hold-out is therefore cross-fitted: each half of the rows chooses an epoch by itself, and
each row contributes its logits from the epoch that the other half chose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mien.data import identity, splits
from mien.data.faceset import FaceSet
from mien.run import Run
from mien.training import checkpoint
from mien.training.temperature import Temperature


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
    own = readings(run, valid_set)
    chosen = logits if own is None else own
    return Temperature.fit(chosen.numpy(), valid_set.labels, cross_fitted=own is not None)


def rows_in(rows: FaceSet, valid_set: FaceSet) -> NDArray[np.int64]:
    """The index ``(N,)`` of each row in a hold-out that contains all these images."""
    known, asked = identity.hashes(valid_set.images), identity.hashes(rows.images)
    order = np.argsort(known, kind="stable")
    return order[np.searchsorted(known, asked, sorter=order)].astype(np.int64)
