"""When training ends before its last epoch: the report's two rules, and which epoch was best."""

from __future__ import annotations

from dataclasses import dataclass

from mien.words import counted


@dataclass
class EarlyStopping:
    """Follows hold-out accuracy from epoch to epoch.

    Attributes:
        threshold: stop once accuracy passes it; 0 never does.
        patience: stop after this many epochs without a new best; 0 never does.
        best: the highest accuracy so far.
        best_epoch: the epoch that had it, counted from 1; the earliest where several tie.
    """

    threshold: float = 0.0
    patience: int = 0
    best: float = -1.0
    best_epoch: int = 0

    def update(self, epoch: int, accuracy: float) -> bool:
        """Take the accuracy of an epoch; return whether it is a new best."""
        if accuracy <= self.best:
            return False
        self.best, self.best_epoch = accuracy, epoch
        return True

    def reason(self, epoch: int) -> str | None:
        """Why training should stop after this epoch, in a few words, or None."""
        if self.threshold and self.best > self.threshold:
            return f"hold-out accuracy {self.best:.4f} passed the threshold {self.threshold:g}"
        if self.patience and epoch - self.best_epoch >= self.patience:
            return f"no better hold-out accuracy for {counted(self.patience, 'epoch')}"
        return None
