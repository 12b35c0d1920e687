"""The sections on the training and its techniques, ready for the template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mien.evaluation.judge import Judgement
from mien.recipes import Recipe
from mien.reporting import narrative, svg
from mien.reporting import techniques as wording
from mien.reporting.pages.parts import Figure
from mien.reporting.pages.sections import coding
from mien.reporting.pictures import data_url, markup
from mien.reporting.plots.training import CurvesPlot
from mien.reporting.techniques import Technique
from mien.reporting.texts import Texts, cells
from mien.run import Run
from mien.run_record import EpochRecord, RunRecord, best_epoch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVES: tuple[tuple[str, Literal["accuracy", "loss", "learning_rate"]], ...] = (
    ("accuracy", "accuracy"),
    ("loss", "loss"),
    ("rate", "learning_rate"),
)
"""Key of a curve's caption, and what it draws."""


@dataclass(frozen=True)
class TrainingSection:
    """Words, the curves of accuracy, loss and learning rate, and the settings by name."""

    text: str
    figures: tuple[Figure, ...]
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TechniquesSection:
    """The techniques with settings and reasons; sentences on those left out and on warps; and the sheet of augmented faces.

    The sentences and the sheet, a data URL, are ``""`` where there is none.
    """

    used: tuple[Technique, ...]
    unused: str
    geometry: str
    sheet: str


def training(record: RunRecord, history: Sequence[EpochRecord], t: Texts) -> TrainingSection:
    """The training: words, curves and settings."""
    recipe = record.recipe
    curves = CurvesPlot(history, stop_accuracy=recipe.stop_accuracy, patience=recipe.patience)
    figures = []
    for key, what in CURVES:
        label = t(f"training.curve_{key}")

        def draw(ax: Axes, what: Literal["accuracy", "loss", "learning_rate"] = what) -> None:
            curves.plot(ax, what, words=t.tables["plots"])

        drawn = svg.from_plot(
            draw, svg.NARROW, 240, prefix=f"curve-{key}", label=label, points=_points(history, what, t)
        )
        figures.append(Figure(markup(drawn), label))
    return TrainingSection(narrative.training(record, history, t), tuple(figures), _settings(record, history, t))


def _points(history: Sequence[EpochRecord], what: str, t: Texts) -> list[svg.Point]:
    """The values of the epochs, at the curve of the hold-out."""
    if what == "learning_rate":
        return [
            svg.Point(row.epoch, row.learning_rate, t("points.rate", epoch=row.epoch, rate=row.learning_rate))
            for row in history
        ]
    values = [
        (row.epoch, *((row.valid_loss, row.train_loss) if what == "loss" else (row.valid_accuracy, row.train_accuracy)))
        for row in history
    ]
    return [
        svg.Point(epoch, valid, t(f"points.{what}", epoch=epoch, valid=valid, train=train))
        for epoch, valid, train in values
    ]


def _settings(record: RunRecord, history: Sequence[EpochRecord], t: Texts) -> tuple[tuple[str, str], ...]:
    """The recipe in words."""
    recipe, data, setup = record.recipe, record.data, record.setup
    hold_out = t("training.hold_out_random", share=recipe.hold_out, seed=recipe.split_seed)
    split = data.valid.split
    rows = {
        "network": recipe.network,
        "image_size": f"{recipe.image_size}×{recipe.image_size}",
        "rows": t("training.rows_value", train=data.train.rows, valid=data.valid.rows),
        "hold_out": hold_out if split == "hold_out" else t("training.hold_out_split", split=split),
        "epochs": t(
            "training.epochs_value", epochs=recipe.epochs, trained=len(history), best=best_epoch(history).epoch
        ),
        "batch_size": cells.count(recipe.batch_size),
        "optimizer": _optimizer(recipe, t),
        "learning_rate": t("training.rate_value", rate=recipe.learning_rate, schedule=wording.schedule(recipe, t)),
        "loss": _loss(record, t),
        "weight_decay": cells.compact(recipe.weight_decay),
        "seed": str(recipe.seed),
        **coding(data.read.coding, t),
        "precision": t(
            "training.device_value", device=record.machine, precision=setup.precision, threads=setup.threads
        ),
    }
    return tuple((t(f"training.{key}"), value) for key, value in rows.items())


def _optimizer(recipe: Recipe, t: Texts) -> str:
    key = "adamw" if recipe.optimizer == "adamw" else "sgd_nesterov" if recipe.nesterov else "sgd"
    muon = t("training.muon", rate=recipe.muon) if recipe.muon else ""
    return t(f"training.{key}", momentum=recipe.momentum) + muon


def _loss(record: RunRecord, t: Texts) -> str:
    smoothing, weight = record.recipe.label_smoothing, wording.votes_weight(record)
    parts = [
        t("training.loss_value"),
        t("training.loss_smoothing", value=smoothing) if smoothing else "",
        t("training.loss_votes", weight=weight) if weight else "",
    ]
    return "".join(parts)


def techniques(judgement: Judgement, run: Run, t: Texts) -> TechniquesSection:
    """The techniques of the training with their reasons, and the sheet of augmented faces."""
    used, unused = wording.describe(run.record, run.network.dropouts, judgement.record, t)
    geometry, augmented = run.recipe.augment.geometry, run.augmented
    return TechniquesSection(
        used=tuple(used),
        unused=t("techniques.unused", names=t("page.list").join(unused)) if unused else "",
        geometry=t("techniques.geometry", share=geometry) if 0 < geometry < 1 else "",
        sheet=data_url(augmented) if augmented else "",
    )
