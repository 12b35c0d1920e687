"""How the result of a search shows itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from mien.errors import ArgumentError
from mien.experiments.results import SweepResult
from mien.recipes import search_space
from mien.reporting.display import markup
from mien.reporting.pages import tune as pages
from mien.reporting.plots.tuning import FieldPlot, TrialCurvesPlot
from mien.reporting.texts import Texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def text(result: SweepResult) -> str:
    """What ``mien tune`` prints."""
    return pages.as_text(result)


def html(result: SweepResult) -> str:
    """The trials as a table, and the answer."""
    t = Texts("en")
    return markup.block(
        markup.title(pages.subtitle(result, t)),
        markup.table(pages.heads(result, t), pages.rows(result, t)),
        markup.line(pages.answer(result, t)),
    )


def write_page(result: SweepResult, path: str | os.PathLike[str], lang: str, faces: bool) -> None:
    """The page, which has no faces in any case; see ``reporting.pages``."""
    del faces
    pages.write(path, result, lang=lang)


def rows(result: SweepResult) -> list[dict[str, object]]:
    """A row for each trial: its values, its state and its accuracy."""
    return [
        {
            "trial": trial.number,
            **trial.values,
            "state": trial.state,
            "accuracy": trial.accuracy,
            "epochs": trial.epochs,
            "minutes": trial.minutes,
            "best": trial.number == result.best,
        }
        for trial in result.trials
    ]


def plot_curves(result: SweepResult, ax: Axes | None) -> Any:
    """The hold-out accuracy over the epochs of each trial."""
    return TrialCurvesPlot(result).plot(ax).ax_


def plot_field(result: SweepResult, ax: Axes | None, field: str) -> Any:
    """The accuracy of the trials over the values of a field."""
    axes = {axis.field: axis for axis in search_space.axes(result.space)}
    if field not in axes:
        raise ArgumentError(f"The field '{field}' doesn't vary in this search: choose {', '.join(axes)}.")
    return FieldPlot(result, axes[field]).plot(ax).ax_
