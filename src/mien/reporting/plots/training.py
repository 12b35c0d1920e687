"""Plots of a training: curves over the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from mien.errors import DataError
from mien.reporting.plots.scores import FIRST, MUTED, SECOND, WORDS, as_percent, bare, legend, new_axes
from mien.run_record import EpochRecord, best_epoch

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class CurvesPlot:
    """Training and hold-out scores over the epochs.

    Args:
        history: one record per epoch, as training writes them.
        stop_accuracy: threshold of hold-out accuracy for early stopping; 0 is off.
        patience: epochs without improvement for early stopping; 0 is off.

    Attributes:
        best_epoch: the epoch with the highest hold-out accuracy, the earliest if several tie.

    Raises:
        DataError: there is no epoch yet.
    """

    ax_: Axes

    def __init__(self, history: Sequence[EpochRecord], *, stop_accuracy: float = 0.0, patience: int = 0) -> None:
        if not history:
            raise DataError("The history has no epoch yet: there is no curve to draw.")
        self.epochs = [row.epoch for row in history]
        self.series = {
            "learning_rate": [row.learning_rate for row in history],
            "train_loss": [row.train_loss for row in history],
            "train_accuracy": [row.train_accuracy for row in history],
            "valid_loss": [row.valid_loss for row in history],
            "valid_accuracy": [row.valid_accuracy for row in history],
        }
        self.best_epoch = best_epoch(history).epoch
        self.stop_accuracy, self.patience = stop_accuracy, patience

    def plot(
        self,
        ax: Axes | None = None,
        what: Literal["loss", "accuracy", "learning_rate"] = "accuracy",
        *,
        words: Mapping[str, str] = WORDS,
    ) -> Self:
        """Draw one quantity over the epochs, with the best epoch marked."""
        self.ax_ = ax = ax or new_axes()
        from matplotlib.ticker import FixedLocator, MaxNLocator

        style: dict[str, Any] = {"marker": "o" if len(self.epochs) < 4 else "", "markersize": 4, "linewidth": 1.6}
        if what == "learning_rate":
            ax.plot(self.epochs, self.series[what], color=FIRST, **style)
        else:
            ax.plot(self.epochs, self.series[f"train_{what}"], color=SECOND, label=words["train"], **style)
            ax.plot(self.epochs, self.series[f"valid_{what}"], color=FIRST, label=words["valid"], **style)
            marked = self.series[f"valid_{what}"][self.epochs.index(self.best_epoch)]
            label = words["best"].format(epoch=self.best_epoch)
            ax.plot([self.best_epoch], [marked], "o", color=FIRST, markersize=6.5, label=label)
        if what == "accuracy":
            self._draw_rules(ax, words)
            ax.yaxis.set_major_formatter(as_percent)
        ax.set(xlabel=words["epoch"], ylabel=words[what])
        ax.xaxis.set_major_locator(MaxNLocator(integer=True) if len(self.epochs) > 3 else FixedLocator(self.epochs))
        if len(self.epochs) == 1:
            ax.set_xlim(self.epochs[0] - 0.9, self.epochs[0] + 0.9)
        bare(ax)
        if what == "learning_rate":
            ax.set_ylim(bottom=0)
        else:
            legend(ax)
        return self

    def _draw_rules(self, ax: Axes, words: Mapping[str, str]) -> None:
        if self.stop_accuracy:
            label = words["threshold"].format(value=as_percent(self.stop_accuracy))
            ax.axhline(self.stop_accuracy, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label=label)
        if self.patience:
            label = words["patience"].format(epochs=self.patience)
            ax.axvspan(
                self.best_epoch, self.best_epoch + self.patience, color=FIRST, alpha=0.08, linewidth=0, label=label
            )
