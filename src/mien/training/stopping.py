"""Early stopping: the two rules of the course report, and the best epoch."""

from __future__ import annotations

from dataclasses import dataclass

from mien.run_record import Ending


@dataclass
class EarlyStopping:
    """Early stopping by hold-out accuracy.

    Attributes:
        threshold: stop if accuracy exceeds this; 0 is off.
        patience: stop after this many epochs without a new best accuracy; 0 is off.
        best: the highest accuracy so far.
        best_epoch: the epoch with the highest accuracy, counted from 1; the earliest if several tie.
    """

    threshold: float = 0.0
    patience: int = 0
    best: float = -1.0
    best_epoch: int = 0

    def update(self, epoch: int, accuracy: float) -> bool:
        """Add the accuracy of an epoch; return whether it is a new best."""
        if accuracy <= self.best:
            return False
        self.best, self.best_epoch = accuracy, epoch
        return True

    def ending(self, epoch: int) -> Ending | None:
        """Why training should stop after this epoch, or None."""
        if self.threshold and self.best > self.threshold:
            return "accuracy"
        if self.patience and epoch - self.best_epoch >= self.patience:
            return "patience"
        return None
