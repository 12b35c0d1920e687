"""How a cross-validation shows itself."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mien.experiments.crossval import Crossvalidated
from mien.reporting.display import markup
from mien.reporting.pages import crossval as pages
from mien.reporting.plots import scores
from mien.reporting.texts import Texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def text(found: Crossvalidated) -> str:
    """What ``mien crossval`` prints."""
    return pages.as_text(found)


def html(found: Crossvalidated) -> str:
    """The scores and the folds as tables, and what limits them."""
    t, result = Texts("en"), found.result
    return markup.block(
        markup.title(pages.subtitle(result, t)),
        markup.table(t.heads("crossval.score_heads"), [[row.name, *row.cells] for row in pages.score_rows(result, t)]),
        markup.table(
            pages.fold_heads(result, t), [[row.name, *row.cells] for row in pages.fold_rows(result.folds, result, t)]
        ),
        *map(markup.line, [pages.summary(found, t), *pages.warnings(result, t)]),
    )


def write_page(found: Crossvalidated, path: str | os.PathLike[str], lang: str, faces: bool) -> None:
    """The page; see ``reporting.pages``."""
    pages.write(path, found, lang=lang, faces=faces)


def rows(found: Crossvalidated) -> list[dict[str, object]]:
    """A row for each fold: its rows, persons and scores, and its model file."""
    return [asdict(fold) for fold in found.result.folds]


def plot_folds(found: Crossvalidated, ax: Axes | None) -> Any:
    """The accuracy of each fold; of many folds, the worst."""
    t = Texts("en")
    return pages.folds_plot(found.result, t).plot(ax, label=t("scores.accuracy"), ticks=scores.as_percent).ax_
