"""Plots of figures with intervals, and of the difference of two confusion matrices, in the style of ``scores``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.metrics import Score
from mien.reporting.plots import scores
from mien.reporting.texts import cells

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def signed_points(value: float, position: float | None = None) -> str:
    """A tick of an axis of differences of shares, in points."""
    del position
    return cells.signed_tick(round(100 * value, 6))


class IntervalPlot:
    """A row for each figure, with its interval.

    Args:
        names: of the rows.
        values: their figures.
        reference: the figure that they are compared with, drawn as a line; None draws none.
    """

    ax_: Axes

    def __init__(self, names: Sequence[str], values: Sequence[Score], reference: float | None = None) -> None:
        self.names = list(names)
        self.values: NDArray[np.float64] = np.array([(one.value, one.low, one.high) for one in values], np.float64)
        self.reference = reference

    def plot(
        self,
        ax: Axes | None = None,
        *,
        label: str = "",
        ticks: Callable[[float, float | None], str] = signed_points,
    ) -> Self:
        """Draw the rows, the first on top; ``label`` says what the axis measures, and ``ticks`` writes its numbers."""
        self.ax_ = ax = ax or scores.new_axes()
        places = np.arange(len(self.names))
        if self.reference is not None:
            ax.axvline(self.reference, color=scores.MUTED, linewidth=1, linestyle=(0, (4, 3)))
        ax.hlines(places, self.values[:, 1], self.values[:, 2], color=scores.FIRST, linewidth=2)
        ax.plot(self.values[:, 0], places, "o", color=scores.FIRST, markersize=7)
        ax.set_yticks(places, self.names)
        ax.set(xlabel=label, ylim=(len(places) - 0.5, -0.5))
        ax.xaxis.set_major_formatter(ticks)
        scores.bare(ax, grid="x")
        return self


class ConfusionDifferencePlot:
    """Where two models differ: one confusion matrix minus another.

    Args:
        classes: K names.
        counts: ``(K, K)`` differences, true class by row.
    """

    ax_: Axes

    def __init__(self, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        self.classes = tuple(classes)
        self.counts: NDArray[np.int64] = np.array(counts, np.int64)

    def plot(
        self, ax: Axes | None = None, *, names: Sequence[str] | None = None, words: Mapping[str, str] = scores.WORDS
    ) -> Self:
        """Draw the matrix: blue where more is right or less is wrong, orange where it is the other way round."""
        self.ax_ = ax = ax or scores.new_axes()
        if len(self.classes) > scores.MOST_CELLS:
            self._paint(ax)
        else:
            self._write(ax)
        scores.name_cells(ax, names or self.classes, words)
        return self

    def _shades(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """How much better each cell is, and how dark it is drawn."""
        better = np.where(np.eye(len(self.classes), dtype=bool), self.counts, -self.counts)
        most = max(1, int(np.abs(self.counts).max(initial=0)))
        return better, np.where(self.counts == 0, 0.0, 0.08 + 0.5 * np.abs(self.counts) / most)

    def _paint(self, ax: Axes) -> None:
        from matplotlib.colors import to_rgba

        better, shades = self._shades()
        picture = np.where((better > 0)[..., None], to_rgba(scores.FIRST), to_rgba(scores.SECOND))
        picture[..., 3] = shades
        ax.imshow(picture, extent=(0, len(better), len(better), 0), interpolation="none")

    def _write(self, ax: Axes) -> None:
        from matplotlib.patches import Rectangle

        num, (better, shades) = len(self.classes), self._shades()
        for row, column in np.ndindex(num, num):
            count, gain = int(self.counts[row, column]), int(better[row, column])
            if count:
                colour = scores.FIRST if gain > 0 else scores.SECOND
                shade = float(shades[row, column])
                ax.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, alpha=shade, linewidth=0))
            text = cells.true_minus(cells.signed(count, 0)) if count else "0"
            size = 8.5 if num <= 8 else 6.5
            ax.text(
                column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=size, alpha=1.0 if count else 0.35
            )
