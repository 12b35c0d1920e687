"""How a run folder shows itself. Needs no optional package except for plots."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from mien.reporting.display import markup
from mien.reporting.texts import Texts, cells
from mien.run import Run
from mien.run_record import best_epoch

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def text(run: Run) -> str:
    """The folder, the recipe, and the epoch with the best accuracy on the hold-out."""
    return "\n".join(_lines(run, Texts("en")))


def html(run: Run) -> str:
    """The same, and the epochs as a table."""
    t = Texts("en")
    first, *others = _lines(run, t)
    shown = [
        [
            cells.count(row.epoch),
            cells.decimal(row.train_loss, 4),
            cells.percent(row.train_accuracy, 2),
            cells.decimal(row.valid_loss, 4),
            cells.percent(row.valid_accuracy, 2),
        ]
        for row in (run.history if run.epochs_done else [])
    ]
    table = [markup.table(t.heads("display.epoch_heads"), shown)] if shown else []
    return markup.block(markup.title(first), *map(markup.line, others), *table)


def rows(run: Run) -> list[dict[str, object]]:
    """A row for each epoch."""
    return [asdict(row) for row in (run.history if run.epochs_done else [])]


def plot_curves(run: Run, ax: Axes | None, what: Literal["loss", "accuracy", "learning_rate"] = "accuracy") -> Any:
    """The training curves."""
    from mien.reporting.plots.training import CurvesPlot

    recipe = run.recipe
    return CurvesPlot(run.history, stop_accuracy=recipe.stop_accuracy, patience=recipe.patience).plot(ax, what).ax_


def _lines(run: Run, t: Texts) -> list[str]:
    record = run.record
    name = " ".join([record.recipe.name, *record.settings])
    lines = [t("display.run", folder=str(run.folder), recipe=name)]
    if not run.epochs_done:
        return [*lines, t("display.no_epoch")]
    best, train, valid = best_epoch(run.history), record.data.train.rows, record.data.valid.rows
    values = {"epoch": best.epoch, "done": run.epochs_done, "accuracy": best.valid_accuracy}
    lines.append(t("display.best", train=train, valid=valid, **values))
    return [*lines, *([t("display.model", path=str(run.model_file))] if run.model_file.exists() else [])]
