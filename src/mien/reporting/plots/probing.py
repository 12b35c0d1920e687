"""Plots of robustness and of agreement with annotators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

from mien import palette
from mien.evaluation.probing.robustness import Curve
from mien.evaluation.voters import Agreement, Level
from mien.reporting.plots import scores
from mien.reporting.texts import cells

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WORDS = {
    "agreement": "share of the votes for the majority",
    "confidence": "mean confidence",
    "majority": "accuracy against the majority",
}
"""The words on these plots; a translation has the same keys."""


class RobustnessPlot:
    """Accuracy (bold, with interval) and recall of each class (thin) over the severity of a corruption.

    Args:
        curve: a model under one corruption.
        classes: K names.
    """

    ax_: Axes

    def __init__(self, curve: Curve, classes: Sequence[str]) -> None:
        self.curve, self.classes = curve, classes

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the curves; severities are at equal distances, a ring marks the clean one."""
        self.ax_ = ax = ax or scores.new_axes()
        curve = self.curve
        places = np.arange(len(curve.corruption.severities))
        for code in np.flatnonzero(curve.support).tolist():
            colour = palette.colour(self.classes[code], self.classes)
            ax.plot(places, curve.recall[:, code], color=colour, linewidth=1, alpha=0.75)
        low, high = np.array(curve.intervals).T
        ax.fill_between(places, low, high, color=scores.INK, alpha=0.14, linewidth=0)
        ax.plot(places, curve.accuracy, color=scores.INK, linewidth=2.4)
        clean = curve.clean
        ax.plot(
            [clean],
            [curve.accuracy[clean]],
            "o",
            color=scores.INK,
            markersize=6,
            markerfacecolor=scores.HOLLOW,
            markeredgewidth=1.8,
        )
        ax.set_xticks(places, [number(value) for value in curve.corruption.severities])
        ax.set(ylim=(-0.02, 1.02), yticks=[0, 0.25, 0.5, 0.75, 1])
        ax.yaxis.set_major_formatter(scores.as_percent)
        scores.bare(ax)
        return self


class AgreementPlot:
    """Confidence and accuracy of a model over the agreement of the annotators.

    Args:
        agreement: the result of ``voters.compare``.
    """

    ax_: Axes

    def __init__(self, agreement: Agreement) -> None:
        self.levels = agreement.levels

    def plot(self, ax: Axes | None = None, *, words: Mapping[str, str] = WORDS) -> Self:
        """Draw confidence and accuracy over the level of agreement, with the number of faces below each."""
        self.ax_ = ax = ax or scores.new_axes()
        places = np.arange(len(self.levels))
        known = [place for place in places if not np.isnan(self.levels[place].accuracy)]
        accuracy = np.array([self.levels[place].accuracy for place in known])
        bounds = np.array([self.levels[place].interval for place in known]).reshape(-1, 2)
        ax.vlines(known, bounds[:, 0], bounds[:, 1], color=scores.SECOND, linewidth=1.6)
        ax.plot(
            known,
            accuracy,
            "D",
            color=scores.SECOND,
            markersize=6,
            markerfacecolor=scores.HOLLOW,
            markeredgewidth=1.6,
            label=words["majority"],
        )
        ax.plot(
            places,
            [level.confidence for level in self.levels],
            "o-",
            color=scores.FIRST,
            markersize=6,
            linewidth=1.6,
            label=words["confidence"],
        )
        names = [f"{level_name(level)}\nn = {cells.count(level.n)}" for level in self.levels]
        ax.set_xticks(places, names)
        ax.set(xlabel=words["agreement"], ylim=(-0.02, 1.02), xlim=(-0.5, len(places) - 0.5))
        ax.yaxis.set_major_formatter(scores.as_percent)
        scores.bare(ax)
        scores.legend(ax)
        return self


def level_name(level: Level) -> str:
    """The label of a level of agreement; the lowest level has no lower bound."""
    if not level.above:
        return f"≤ {cells.exact_percent(level.most)}"
    return f">{cells.whole_interval(level.above, level.most)}%"


def number(value: float) -> str:
    """A severity as tick label, with a typographic minus sign."""
    return cells.true_minus(cells.compact(value))
