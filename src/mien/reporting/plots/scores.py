"""The plots of a judged model, in the style of scikit-learn's displays: compute once, draw many.

Each class computes in its constructor what it shows; ``plot`` draws it on the ``ax`` that it is given, or on a new figure, and
returns the plot itself with ``ax_`` set. Matplotlib is imported when something is drawn; its global style and pyplot are
left alone. Texts are English unless other ``words`` are given.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from mien import palette
from mien.errors import DataError, MissingExtraError
from mien.evaluation import decisions, metrics
from mien.evaluation.evaluation import Evaluation
from mien.reporting.texts import cells

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, MUTED, RULE, FIRST, SECOND = (palette.PAGE[name][0] for name in ("ink", "muted", "rule", "first", "second"))
"""Text, minor text, lines of a grid, and the colours of a first and a second curve, on a light ground."""

HOLLOW = "#fefefe"
"""The inside of a hollow marker."""

CELL = "#1d4e7e"
"""Colour of a full cell of a confusion matrix; an emptier one lets more of the ground through."""

MOST_CELLS = 30
"""Maximum number of classes of a confusion matrix with a number in each cell; a larger one is a picture."""

WORDS = {
    "true": "labelled",
    "predicted": "predicted",
    "epoch": "epoch",
    "loss": "loss",
    "accuracy": "accuracy",
    "learning_rate": "learning rate",
    "train": "training rows (augmented)",
    "valid": "hold-out",
    "best": "best epoch {epoch}",
    "threshold": "threshold {value}",
    "patience": "patience {epochs}",
    "confidence": "confidence",
    "ideal": "perfect calibration",
    "bins": "faces of similar confidence",
    "answered": "share of faces kept, most confident first",
    "errors": "error rate among them",
    "share": "share",
    "train_share": "of training rows",
    "true_share": "of evaluated rows",
    "predicted_share": "of predictions",
    "recall": "recall",
    "probability": "probability",
    "rows": "rows",
    "face": "face",
    "time": "time in seconds",
    "plain": "argmax",
    "corrected": "prior divided out",
}
"""The words on the plots; a translation has the same keys and placeholders."""

FEW = 10
"""With fewer faces, a bin of confidence is not drawn: the interval of its accuracy would cover half of the axis."""

LONGEST = 14
"""Maximum length of a class name on a plot, in characters."""


class ConfusionPlot:
    """The confusion matrix.

    Args:
        evaluation: a judged model.

    Attributes:
        counts: ``(K, K)``, true class by row.
        shares: ``(K, K)``, of the rows of the true class; NaN where a class has none.
    """

    ax_: Axes

    def __init__(self, evaluation: Evaluation) -> None:
        self.classes = evaluation.classes
        self.counts = evaluation.confusion
        with np.errstate(invalid="ignore"):
            self.shares: NDArray[np.float64] = self.counts / self.counts.sum(1, keepdims=True)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        values: Literal["counts", "shares"] = "counts",
        names: Sequence[str] | None = None,
        words: Mapping[str, str] = WORDS,
    ) -> Self:
        """Draw the matrix; cells are tinted by share, so that a rare class shows its errors as clearly as a frequent one.

        Above ``MOST_CELLS`` classes it is a picture without numbers.
        """
        self.ax_ = ax = ax or new_axes()
        num, shares, tints = len(self.classes), np.nan_to_num(self.shares), _tints()
        if num > MOST_CELLS:
            ax.imshow(tints(shares, bytes=True), extent=(0, num, num, 0), interpolation="none")
        else:
            ax.pcolormesh(shares, cmap=tints, vmin=0, vmax=1, edgecolors="none")
            self._write(ax, values)
        name_cells(ax, names or self.classes, words)
        return self

    def _write(self, ax: Axes, values: Literal["counts", "shares"]) -> None:
        num = len(self.classes)
        size = 8.5 if num <= 8 else 6.5
        for row, column in np.ndindex(num, num):
            share = float(self.shares[row, column])
            text = cells.count(int(self.counts[row, column])) if values == "counts" else _percent(share)
            style = {"color": "white"} if share > 0.7 else {"alpha": 1.0 if self.counts[row, column] else 0.35}
            ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=size, **style)


class CalibrationPlot:
    """The reliability diagram: accuracy over confidence.

    Args:
        evaluation: a judged model.
        num_bins: bins of equal width over the confidence.

    Attributes:
        bins: ``(num_bins, 3)``, see ``metrics.calibration_bins``.
        shown: the bins that are drawn.
    """

    ax_: Axes

    def __init__(self, evaluation: Evaluation, num_bins: int = 15) -> None:
        self.bins = metrics.calibration_bins(evaluation.labels, evaluation.probabilities, num_bins)
        known = self.bins[:, 0]
        self.shown: list[int] = np.flatnonzero(known >= (FEW if known.max() >= FEW else 1)).tolist()

    def plot(self, ax: Axes | None = None, *, words: Mapping[str, str] = WORDS) -> Self:
        """Draw the diagram; the area of a dot increases with the number of faces, the line is the 95% interval of its accuracy.

        Bins of fewer than ``FEW`` faces are left out, unless there are no others.
        """
        self.ax_ = ax = ax or new_axes()
        ax.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label=words["ideal"])
        most = self.bins[:, 0].max()
        for number in self.shown:
            num, confidence, accuracy = self.bins[number]
            low, high = metrics.wilson(round(num * accuracy), int(num))
            ax.vlines(confidence, low, high, color=SECOND, linewidth=1.4)
            size = 12 + 140 * num / most
            ax.scatter(confidence, accuracy, size, color=FIRST, linewidth=0, zorder=3)
        ax.plot([], [], "o", color=FIRST, markersize=6, label=words["bins"])
        ax.set(
            xlabel=words["confidence"], ylabel=words["accuracy"], xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal"
        )
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(as_percent)
        bare(ax, grid="both")
        legend(ax)
        return self


class CoveragePlot:
    """The risk-coverage curve: error rate if only the most confident rows are predicted.

    Args:
        evaluation: a judged model.

    Attributes:
        coverage, risk, confidence: ``(N,)`` each, see ``decisions.risk_and_coverage``.
        fewest: the first rows that are not drawn, because the error rate among few rows is noisy.
    """

    ax_: Axes

    def __init__(self, evaluation: Evaluation) -> None:
        self.coverage, self.risk, self.confidence = decisions.risk_and_coverage(
            evaluation.labels, evaluation.probabilities
        )
        self.fewest = max(0, min(len(self.risk) - 1, 20))

    def plot(self, ax: Axes | None = None, *, words: Mapping[str, str] = WORDS) -> Self:
        """Draw the curve, with the confidence threshold at some points."""
        self.ax_ = ax = ax or new_axes()
        ax.plot(self.coverage[self.fewest :], self.risk[self.fewest :], color=FIRST, linewidth=2)
        for share in (0.5, 0.8, 1.0):
            row = max(0, round(share * len(self.risk)) - 1)
            ax.plot(self.coverage[row], self.risk[row], "o", color=SECOND, markersize=6)
            ax.annotate(
                f"≥ {_floor(float(self.confidence[row]))}",
                (self.coverage[row], self.risk[row]),
                (0, -22),
                textcoords="offset points",
                ha="center",
            )
        ax.set(xlabel=words["answered"], ylabel=words["errors"], xlim=(-0.03, 1.03))
        top = max(0.05, 1.1 * float(self.risk[self.fewest :].max()))
        ax.set_ylim(-0.03 * top, top)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(as_percent)
        bare(ax, grid="both")
        return self


class ClassSharePlot:
    """Class shares in training rows, evaluated rows and predictions.

    Args:
        evaluation: a judged model.
        train_counts: ``(K,)`` training rows of each class, in the order of its classes.

    Attributes:
        train, true, predicted: ``(K,)`` shares.

    Raises:
        DataError: there is not one count per class, or all are zero.
    """

    ax_: Axes

    def __init__(self, evaluation: Evaluation, train_counts: Sequence[int]) -> None:
        counts = np.asarray(train_counts, np.float64)
        if counts.shape != (len(evaluation.classes),) or counts.min() < 0 or not counts.sum():
            raise DataError(f"Training counts must be {len(evaluation.classes)} numbers, not all 0: {train_counts}.")
        self.classes = evaluation.classes
        self.train: NDArray[np.float64] = counts / counts.sum()
        self.true: NDArray[np.float64] = evaluation.confusion.sum(1) / len(evaluation)
        self.predicted: NDArray[np.float64] = evaluation.confusion.sum(0) / len(evaluation)

    def plot(
        self, ax: Axes | None = None, *, names: Sequence[str] | None = None, words: Mapping[str, str] = WORDS
    ) -> Self:
        """Draw for each class a bar (training rows), a line (evaluated rows) and a dot (predictions)."""
        self.ax_ = ax = ax or new_axes()
        places = np.arange(len(self.classes))
        colours = list(palette.colours(self.classes).values())
        ax.barh(places, self.train, 0.62, color=colours, alpha=0.75, linewidth=0)
        # A bar of no class's colour, for the legend.
        ax.barh([0], [0], color=MUTED, alpha=0.75, label=words["train_share"])
        ax.plot(self.true, places, "|", color=INK, markersize=15, markeredgewidth=1.8, label=words["true_share"])
        ax.plot(self.predicted, places, "o", color=INK, markersize=5, label=words["predicted_share"])
        ax.set_yticks(places, [shorten(name) for name in names or self.classes])
        ax.set(xlabel=words["share"], ylim=(len(self.classes) - 0.5, -0.5))
        ax.set_xlim(left=0)
        ax.xaxis.set_major_formatter(as_percent)
        bare(ax, grid="x")
        legend(ax)
        return self


class RecallPlot:
    """Recall of each class with and without division by the training prior, rarest class first.

    Args:
        plain: the evaluation by argmax.
        corrected: the evaluation by argmax of ``probability / prior``, on the same rows.
        train_counts: ``(K,)`` training rows of each class.
    """

    ax_: Axes

    def __init__(self, plain: Evaluation, corrected: Evaluation, train_counts: Sequence[int]) -> None:
        shares = ClassSharePlot(plain, train_counts).train
        order = np.argsort(shares, kind="stable")
        self.order: list[int] = [int(index) for index in order if plain.support[index]]
        self.classes, self.shares = plain.classes, shares
        self.plain, self.corrected = plain.recall, corrected.recall

    def plot(
        self, ax: Axes | None = None, *, names: Sequence[str] | None = None, words: Mapping[str, str] = WORDS
    ) -> Self:
        """Draw two connected dots per class; the share after a name is that of the training rows."""
        self.ax_ = ax = ax or new_axes()
        shown = names or self.classes
        for place, index in enumerate(self.order):
            colour = palette.colour(self.classes[index], self.classes)
            ends = self.plain[index], self.corrected[index]
            ax.plot(ends, [place, place], color=colour, linewidth=2)
            ax.plot([ends[0]], [place], "o", color=colour, markersize=7)
            ax.plot([ends[1]], [place], "D", color=colour, markersize=5.5, markerfacecolor=HOLLOW, markeredgewidth=1.6)
        ax.plot([], [], "o", color=MUTED, markersize=7, label=words["plain"])
        ax.plot([], [], "D", color=MUTED, markersize=5.5, markerfacecolor=HOLLOW, label=words["corrected"])
        labels = [f"{shorten(shown[index])}  {cells.percent(float(self.shares[index]))}" for index in self.order]
        ax.set_yticks(range(len(labels)), labels)
        ax.set(xlabel=words["recall"], xlim=(-0.02, 1.02), ylim=(len(labels) - 0.5, -0.5))
        ax.xaxis.set_major_formatter(as_percent)
        bare(ax, grid="x")
        legend(ax)
        return self


def new_axes() -> Axes:
    """Axes on a new figure outside pyplot; ``ax.figure.savefig(path)`` writes it.

    Raises:
        MissingExtraError: matplotlib isn't installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "report") from None
    return Figure(layout="constrained").add_subplot()


def bare(ax: Axes, grid: Literal["x", "y", "both", ""] = "y") -> None:
    """Remove the frame and the ticks; draw a light grid along one axis, behind the data."""
    ax.set_frame_on(False)
    ax.tick_params(length=0)
    ax.set_axisbelow(True)
    if grid:
        ax.grid(axis=grid, color=RULE, linewidth=0.8)


def name_cells(ax: Axes, names: Sequence[str], words: Mapping[str, str]) -> None:
    """Label the rows and columns of a confusion matrix; of very many classes, every second, third, ... is named."""
    num = len(names)
    labels = [shorten(name) for name in names]
    upright = max(map(width, labels)) * num <= 32
    step = math.ceil(num / MOST_CELLS)
    places = np.arange(0, num, step) + 0.5
    ax.set_xticks(places, labels[::step], rotation=0 if upright else 40, ha="center" if upright else "right")
    ax.set_yticks(places, labels[::step])
    if step > 1:
        ax.tick_params(labelsize=6.5)
    ax.set(xlabel=words["predicted"], ylabel=words["true"], xlim=(0, num), ylim=(num, 0), aspect="equal")
    bare(ax, grid="")


def legend(ax: Axes) -> None:
    """A legend without a frame, above the plot."""
    _, labels = ax.get_legend_handles_labels()
    figure = ax.get_figure(root=True)
    room = 7 * figure.get_size_inches()[0] if figure else 0  # letters beside each other, less the handles
    columns = 2 if sum(sorted(map(width, labels))[-2:]) <= room else 1
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=columns, borderaxespad=0.2)


def as_percent(share: float, position: float | None = None) -> str:
    """A tick label of an axis of shares, with as many decimals as needed."""
    del position
    return cells.true_minus(cells.exact_percent(share))


def shorten(name: str) -> str:
    """A class name, shortened if it is too long for a plot."""
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


def wrapped(text: str, room: int = 16) -> str:
    """A name in lines of about ``room`` letters, for a narrow plot; breaks at blanks and between Chinese characters."""
    lines = [""]
    for part in re.findall(r"\s*(?:[^\s\u2e80-\uffef]+|[\u2e80-\uffef])[\u3001-\u3011\uff09\uff0c]*", text):
        if lines[-1] and width(lines[-1] + part.rstrip()) > room:
            lines.append(part.strip())
        else:
            lines[-1] += part
    return "\n".join(lines)


def _tints() -> Any:
    from matplotlib.colors import LinearSegmentedColormap, to_rgba

    return LinearSegmentedColormap.from_list("mien", [to_rgba(CELL, 0.04), to_rgba(CELL, 1.0)])


def _percent(share: float) -> str:
    return cells.DASH if np.isnan(share) else cells.percent(share, 0)


def _floor(share: float) -> str:
    """A share in integer percents, rounded down, because it is a lower bound."""
    return f"{math.floor(100 * share + 1e-6)}%"


def width(text: str) -> float:
    """Approximate width of a text, in letters; a Chinese character counts as two."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)
