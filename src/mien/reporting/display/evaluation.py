"""How an Evaluation shows itself: scores, classes, confusion matrix; plots of ``reporting.plots.scores``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mien.evaluation.evaluation import Evaluation
from mien.evaluation.metrics import Score
from mien.reporting import terminal
from mien.reporting.display import markup
from mien.reporting.plots.scores import CalibrationPlot, ConfusionPlot, CoveragePlot
from mien.reporting.texts import Texts, cells

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def text(evaluation: Evaluation) -> str:
    """What ``mien evaluate`` prints of the scores."""
    return terminal.evaluation_as_text(evaluation)


def html(evaluation: Evaluation) -> str:
    """The same as tables."""
    t = Texts("en")
    return markup.block(markup.title(t("terminal.evaluated", n=len(evaluation))), *tables(evaluation, t))


def tables(evaluation: Evaluation, t: Texts) -> list[str]:
    """The tables of scores, of classes and of the confusion matrix, and the most frequent errors."""
    confusion = evaluation.confusion
    shares = confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    return [
        markup.table(t.heads("terminal.score_heads"), terminal.score_rows(evaluation, t)),
        markup.table(t.heads("terminal.class_heads"), terminal.class_rows(evaluation)),
        markup.matrix(
            t("display.confusion"),
            evaluation.classes,
            [list(map(cells.count, row)) for row in confusion.tolist()],
            shares.tolist(),
        ),
        *map(markup.line, terminal.errors(evaluation, t)),
    ]


def rows(evaluation: Evaluation) -> list[dict[str, object]]:
    """A row for each class: its scores and the ends of their intervals."""
    return [
        {
            "class": one.name,
            "support": one.support,
            **ends("precision", one.precision),
            **ends("recall", one.recall),
            **ends("f1", one.f1),
        }
        for one in evaluation.by_class
    ]


def ends(name: str, score: Score | None) -> dict[str, object]:
    """A score and the ends of its interval, as three columns; NaN where there is none."""
    value, low, high = (np.nan,) * 3 if score is None else (score.value, score.low, score.high)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def plot_confusion(evaluation: Evaluation, ax: Axes | None, values: Literal["counts", "shares"] = "counts") -> Any:
    """The confusion matrix."""
    return ConfusionPlot(evaluation).plot(ax, values=values).ax_


def plot_calibration(evaluation: Evaluation, ax: Axes | None) -> Any:
    """The reliability diagram."""
    return CalibrationPlot(evaluation).plot(ax).ax_


def plot_coverage(evaluation: Evaluation, ax: Axes | None) -> Any:
    """The risk-coverage curve."""
    return CoveragePlot(evaluation).plot(ax).ax_
