"""Plots of a hyperparameter search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Self

from mien.experiments.results import SweepResult, TrialResult
from mien.recipes.search_space import Axis, Choice, Range
from mien.reporting.plots import scores
from mien.reporting.texts import cells

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WORDS = {
    "epoch": "epoch",
    "accuracy": "accuracy on the hold-out",
    "best": "best trial",
    "finished": "finished",
    "stopped": "stopped early",
}
"""The words on these plots; a translation has the same keys."""


class TrialCurvesPlot:
    """Hold-out accuracy over the epochs of each trial.

    Args:
        result: what ``tuning.run`` gives.
    """

    ax_: Axes

    def __init__(self, result: SweepResult) -> None:
        self.best = result.best
        self.trials = [trial for trial in result.trials if trial.curve]

    def plot(self, ax: Axes | None = None, *, words: Mapping[str, str] = WORDS) -> Self:
        """Draw a curve for each trial; a cross marks a stopped trial."""
        self.ax_ = ax = ax or scores.new_axes()
        from matplotlib.ticker import MaxNLocator

        for trial in sorted(self.trials, key=lambda trial: trial.number == self.best):  # the best on top
            kind, colour, width = _look(trial, self.best)
            epochs = range(1, len(trial.curve) + 1)
            ax.plot(epochs, trial.curve, color=colour, linewidth=width, alpha=1.0 if kind == "best" else 0.75)
            ax.plot(epochs[-1], trial.curve[-1], marker="x" if kind == "stopped" else "o", color=colour, markersize=5)
        for kind, (colour, width) in STYLES.items():
            if any(_look(trial, self.best)[0] == kind for trial in self.trials):
                marker = "x" if kind == "stopped" else "o"
                ax.plot([], [], color=colour, linewidth=width, marker=marker, markersize=5, label=words[kind])
        ax.set(xlabel=words["epoch"], ylabel=words["accuracy"])
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.yaxis.set_major_formatter(scores.as_percent)
        scores.bare(ax)
        scores.legend(ax)
        return self


class FieldPoint(NamedTuple):
    """A trial on a plot of a field: its place on the axis, and its kind with the colour."""

    place: float
    trial: TrialResult
    kind: str
    colour: str


class FieldPlot:
    """Accuracy of the trials over the values of one field.

    Args:
        result: what ``tuning.run`` gives.
        axis: one of its ``space``.
    """

    ax_: Axes

    def __init__(self, result: SweepResult, axis: Axis) -> None:
        self.field = axis.field
        self.options = list(axis.options) if isinstance(axis, Choice) else []
        self.log = isinstance(axis, Range) and axis.log
        self.points = [
            FieldPoint(_place(trial.values[axis.field], self.options), trial, *_look(trial, result.best)[:2])
            for trial in result.trials
            if trial.state != "failed"
        ]

    def plot(self, ax: Axes | None = None, *, words: Mapping[str, str] = WORDS) -> Self:
        """Draw a mark for each trial."""
        self.ax_ = ax = ax or scores.new_axes()
        for point in sorted(self.points, key=lambda point: point.kind == "best"):
            size, marker = (8 if point.kind == "best" else 6), ("x" if point.kind == "stopped" else "o")
            ax.plot(point.place, point.trial.accuracy, marker=marker, color=point.colour, markersize=size)
        if self.options:
            ax.set_xticks(range(len(self.options)), self.options)
            ax.set_xlim(-0.5, len(self.options) - 0.5)
        elif self.log:
            ax.set_xscale("log")
            ax.minorticks_off()
            _few_ticks(ax, [point.place for point in self.points])
        ax.set(xlabel=self.field, ylabel=words["accuracy"])
        ax.yaxis.set_major_formatter(scores.as_percent)
        scores.bare(ax)
        return self


STYLES = {
    "best": (scores.SECOND, 2.4),
    "finished": (scores.FIRST, 1.4),
    "stopped": (scores.MUTED, 1.1),
}
"""Colour and width of the curves of a kind of trial."""


def _look(trial: TrialResult, best: int) -> tuple[str, str, float]:
    kind = "best" if trial.number == best else "finished" if trial.state == "finished" else "stopped"
    return kind, *STYLES[kind]


def _place(value: float | str, options: Sequence[str]) -> float:
    return float(options.index(str(value))) if options else float(value)


def _few_ticks(ax: Axes, places: Sequence[float]) -> None:
    """Ticks at 1, 2 and 5 times each power of ten; default ticks of a logarithmic scale can miss a narrow range."""
    ticks = [
        digit * 10.0**power
        for power in range(-9, 6)
        for digit in (1, 2, 5)
        if places and min(places) <= digit * 10.0**power <= max(places)
    ]
    if ticks:
        ax.set_xticks(ticks, [cells.compact(tick) for tick in ticks])
