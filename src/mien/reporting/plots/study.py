"""Plots of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

from mien import palette
from mien.errors import DataError
from mien.experiments.arms import Arm
from mien.experiments.results import ArmResult
from mien.reporting.plots import scores
from mien.reporting.texts import cells

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WORDS = {
    "difference": "difference in points",
    "mean": "mean, with its 95% interval",
    "seeds": "each seed",
    "epoch": "epoch",
    "accuracy": "accuracy on the hold-out",
}
"""The words on these plots; a translation has the same keys."""


class DifferencePlot:
    """Difference of each arm from the first, with its interval and its seeds.

    Args:
        arms: the arms of a study's result.
        score: a name from ``metrics.SCORES``.

    Raises:
        DataError: there is only one arm.
    """

    ax_: Axes

    def __init__(self, arms: Sequence[ArmResult], score: str) -> None:
        if len(arms) < 2:
            raise DataError("There is only one arm: there is no difference to draw.")
        first, *others = arms
        self.names = [str(one.arm) for one in others]
        middles = [one.compared.difference[score] for one in others if one.compared.difference]
        self.values = np.array(middles) * 100  # (A, 3): middle, low, high
        base = [run[score] for run in first.compared.scores]
        self.seeds = [
            [100 * (run[score] - own) for run, own in zip(one.compared.scores, base, strict=True)] if one.paired else []
            for one in others
        ]

    def plot(
        self, ax: Axes | None = None, *, names: Sequence[str] | None = None, words: Mapping[str, str] = WORDS
    ) -> Self:
        """Draw a row for each arm except the first, which is the line at 0."""
        self.ax_ = ax = ax or scores.new_axes()
        from matplotlib.ticker import MaxNLocator

        ax.axvline(0, color=scores.MUTED, linewidth=1, linestyle=(0, (4, 3)))
        places = np.arange(len(self.names))
        ax.hlines(places, self.values[:, 1], self.values[:, 2], color=scores.FIRST, linewidth=2)
        ax.plot(self.values[:, 0], places, "o", color=scores.FIRST, markersize=7, label=words["mean"])
        for place, own in enumerate(self.seeds):
            ax.plot(own, [place] * len(own), "|", color=scores.SECOND, markersize=11, markeredgewidth=1.6)
        if any(self.seeds):
            ax.plot([], [], "|", color=scores.SECOND, markersize=11, markeredgewidth=1.6, label=words["seeds"])
        ax.set_yticks(places, list(names or self.names))
        ax.set(xlabel=words["difference"], ylim=(len(places) - 0.5, -0.5))
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], min_n_ticks=3))
        ax.xaxis.set_major_formatter(cells.signed_tick)
        scores.bare(ax, grid="x")
        scores.legend(ax)
        return self


class ArmCurvesPlot:
    """Hold-out accuracy over the epochs, the mean over the seeds of each arm that was trained.

    Args:
        arms: the arms of a study's result.
    """

    ax_: Axes

    def __init__(self, arms: Sequence[ArmResult]) -> None:
        self.curves = {one.arm: one.curve for one in arms if one.curve}

    def plot(
        self,
        ax: Axes | None = None,
        *,
        names: Mapping[Arm, str] | None = None,
        words: Mapping[str, str] = WORDS,
    ) -> Self:
        """Draw a curve for each arm."""
        self.ax_ = ax = ax or scores.new_axes()
        from matplotlib.ticker import MaxNLocator

        for number, (arm, curve) in enumerate(self.curves.items()):
            ax.plot(
                range(1, len(curve) + 1),
                curve,
                linestyle=palette.DASHES[number % len(palette.DASHES)],
                color=palette.CURVES[number % len(palette.CURVES)],
                linewidth=1.7,
                marker="o" if len(curve) < 4 else "",
                markersize=4,
                label=(names or {}).get(arm, str(arm)),
            )
        ax.set(xlabel=words["epoch"], ylabel=words["accuracy"])
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.yaxis.set_major_formatter(scores.as_percent)
        scores.bare(ax)
        scores.legend(ax)
        return self
