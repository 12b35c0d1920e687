"""How a comparison of models shows itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from mien.evaluation.model_comparison import ModelComparison
from mien.reporting.display import evaluation, markup
from mien.reporting.pages import compare as pages
from mien.reporting.plots.intervals import ConfusionDifferencePlot
from mien.reporting.texts import Texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def text(result: ModelComparison) -> str:
    """What ``mien compare`` prints."""
    return pages.as_text(result)


def html(result: ModelComparison) -> str:
    """The scores of all models and the differences of each pair as tables."""
    t, names = Texts("en"), pages.short_names(result)
    parts = [
        markup.title(pages.subtitle(result, t)),
        markup.table(
            [t("compare.score_head"), *names.values()], [[row.name, *row.cells] for row in pages.score_rows(result, t)]
        ),
    ]
    heads = [t("compare.score_head"), t("compare.difference", unit=t("compare.points"))]
    for pair in result.pairs:
        found = [[row.name, *row.cells] for row in pages.difference_rows(pair, t)]
        parts += [markup.line(pages.summary(result, pair, names, t)), markup.table(heads, found)]
    return markup.block(*parts, *map(markup.line, pages.warnings(result, names, t)))


def write_page(result: ModelComparison, path: str | os.PathLike[str], lang: str, faces: bool) -> None:
    """The page; see ``reporting.pages``."""
    pages.write(path, result, lang=lang, faces=faces)


def rows(result: ModelComparison) -> list[dict[str, object]]:
    """A row for each model: its scores, and their differences from those of the first model; each with its interval."""
    keys = list(dict.fromkeys(key for one in result.models for key in one.scores))
    pairs = {pair.other: pair for pair in result.pairs}
    found: list[dict[str, object]] = []
    for one in result.models:
        row: dict[str, object] = {"model": one.name}
        for key in keys:
            row |= evaluation.ends(key, one.scores.get(key))
        for key in keys:
            pair = pairs.get(one.name)
            row |= evaluation.ends(f"{key}_difference", None if pair is None else pair.differences.get(key))
        found.append(row | {"p_holm": pairs[one.name].p_holm if one.name in pairs else None})
    return found


def plot_differences(result: ModelComparison, ax: Axes | None, other: str | None = None) -> Any:
    """The differences of a model's scores from those of the first."""
    t = Texts("en")
    label = t("compare.difference", unit=t("compare.points"))
    return pages.differences_plot(result.pair(other), t).plot(ax, label=label).ax_


def plot_confusion(result: ModelComparison, ax: Axes | None, other: str | None = None) -> Any:
    """The confusion matrix of a model minus that of the first."""
    return ConfusionDifferencePlot(result.record.classes, result.pair(other).confusion).plot(ax).ax_
