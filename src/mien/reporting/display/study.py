"""How the result of a study shows itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from mien.experiments.results import StudyResult
from mien.reporting.display import markup
from mien.reporting.pages import study as pages
from mien.reporting.plots.study import ArmCurvesPlot, DifferencePlot
from mien.reporting.texts import Texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def text(result: StudyResult) -> str:
    """What ``mien study`` prints."""
    return pages.as_text(result)


def html(result: StudyResult) -> str:
    """The question, the arms as a table, and the answer."""
    t = Texts("en")
    return markup.block(
        markup.title(t(f"study.question.{result.study}")),
        markup.line(pages.subtitle(result, t)),
        markup.table(pages.heads(t), pages.cells_of_arms(result, t)),
        markup.line(pages.answer(result, t)),
    )


def write_page(result: StudyResult, path: str | os.PathLike[str], lang: str, faces: bool) -> None:
    """The page; see ``reporting.pages``."""
    pages.write(path, result, lang=lang, faces=faces)


def rows(result: StudyResult) -> list[dict[str, object]]:
    """A row for each run: its arm, its seed and its scores."""
    return [
        {"arm": str(arm.arm), "seed": seed, **scores}
        for arm in result.arms
        for seed, scores in zip(
            result.seeds if len(arm.compared.scores) == len(result.seeds) else range(len(arm.compared.scores)),
            arm.compared.scores,
            strict=True,
        )
    ]


def plot_differences(result: StudyResult, ax: Axes | None, score: str = "accuracy") -> Any:
    """The difference of each arm from the first."""
    names = [pages.arm_name(arm.arm, Texts("en")) for arm in result.arms[1:]]
    return DifferencePlot(result.arms, score).plot(ax, names=names).ax_


def plot_curves(result: StudyResult, ax: Axes | None) -> Any:
    """The hold-out accuracy over the epochs."""
    names = {arm.arm: pages.arm_name(arm.arm, Texts("en")) for arm in result.arms}
    return ArmCurvesPlot(result.arms).plot(ax, names=names).ax_
