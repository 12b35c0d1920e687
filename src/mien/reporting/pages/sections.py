"""The sections of the report, with plots and texts for the template."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mien import emotions
from mien.data.source import ChosenCoding
from mien.evaluation.evaluation import Confusion, Evaluation
from mien.evaluation.judge import Judgement
from mien.reporting import narrative, svg
from mien.reporting import network as layers_in_words
from mien.reporting import techniques as wording
from mien.reporting.pictures import data_url, face_url, markup
from mien.reporting.plots import scores as plots
from mien.reporting.plots.training import CurvesPlot
from mien.reporting.texts import Texts, exact_percent, percent
from mien.run import Run
from mien.run_record import EpochRecord, NetworkRecord, RunRecord, best_epoch
from mien.words import whole_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

NUM_PAIRS, NUM_WRONG, NUM_RIGHT = 4, 6, 3
"""Number of kinds of error shown with faces; of wrong faces of each; of correct faces of either class."""


def scores(evaluation: Evaluation, t: Texts) -> list[dict[str, str]]:
    """The figures of the head, accuracy first."""
    values = {
        "accuracy": percent(evaluation.accuracy),
        "macro_f1": percent(evaluation.macro_f1),
        "balanced_accuracy": percent(evaluation.balanced_accuracy),
        "log_loss": f"{evaluation.log_loss:.3f}",
        "calibration_error": percent(evaluation.calibration_error),
    }
    shown = []
    for key, value in values.items():
        bounds = getattr(evaluation, f"{key}_interval")
        ends = [f"{end:.3f}" if key == "log_loss" else percent(end) for end in bounds or ()]
        interval = t("scores.interval", low=ends[0], high=ends[1]) if ends else ""
        why = t(f"scores.{key}_why", if_perfect=percent(evaluation.calibration.if_perfect))
        shown.append({"name": t(f"scores.{key}"), "value": value, "interval": interval, "why": why})
    return shown


def provenance(judgement: Judgement, record: RunRecord, t: Texts) -> list[tuple[str, str]]:
    """Model, data and training; only the last part of paths, because reports are shared."""
    commit = record.git_commit.rstrip("+")
    if commit and record.git_commit.endswith("+"):
        commit = t("notes.changed", commit=commit)
    rows = {
        "recipe": record.recipe.name,
        "seed": str(record.recipe.seed),
        "versions": f"mien {record.mien}, Python {record.python}, torch {record.setup.torch}",
        "commit": commit,
        "device": record.machine,
    }
    return judged(judgement, t) + [(t(f"notes.{key}"), value) for key, value in rows.items() if value]


def judged(judgement: Judgement, t: Texts) -> list[tuple[str, str]]:
    """Model and data of the evaluation; only the last part of paths."""
    told = judgement.record
    rows = {
        "model": model_name(told.model),
        "model_hash": told.model_hash,
        "data": Path(told.data).name,
        "data_hash": told.data_hash,
        **coding(told.read.coding, t),
        "split": f"{narrative.split_name(judgement, t)}, n = {len(judgement.evaluation):,}",
        "rows_hash": told.rows_hash,
        "flip_label": t("page.yes" if told.flip else "page.no"),
    }
    return [(t(f"notes.{key}"), value) for key, value in rows.items()]


def coding(chosen: ChosenCoding | None, t: Texts) -> dict[str, str]:
    """The label coding, as a row of a table; empty if labels have names."""
    if chosen is None:
        return {}
    legend = ", ".join(f"{code} {name}" for code, name in chosen.classes.items())
    name = f"{chosen.name} ({legend})"
    if not chosen.model:
        return {"coding": t(f"notes.coding_{'layout' if chosen.by == 'layout' else 'stated'}", name=name)}
    shares = ", ".join(f"{other} {percent(share, 0)}" for other, share in list(chosen.agreement.items())[:2])
    return {"coding": t("notes.coding_model", name=name, model=chosen.model, n=f"{chosen.num_faces:,}", shares=shares)}


def model_name(path: str) -> str:
    """A model's short name, or the last two parts of its path: folders name runs."""
    model = Path(path)
    return f"{model.parent.name}/{model.name}" if model.parent.name else model.name


def network(judgement: Judgement, network: NetworkRecord, t: Texts) -> dict[str, Any]:
    """The diagram, for a correctly predicted face if there is one, and the layer table."""
    evaluation, layers = judgement.evaluation, network.layers
    right = np.flatnonzero(evaluation.predicted == evaluation.labels)
    candidates = right if len(right) else np.arange(len(evaluation))
    confidence = evaluation.probabilities[candidates].max(1)
    row = int(candidates[np.argsort(confidence, kind="stable")[len(candidates) // 2]])  # neither an easy nor a hard one
    outcome = [
        (t.named(name), emotions.colour(name), float(share))
        for name, share in zip(evaluation.classes, evaluation.probabilities[row], strict=True)
    ]
    outcome = (
        sorted(outcome, key=lambda one: -one[2])[: svg.MOST_OUTCOMES] if len(outcome) > svg.MOST_OUTCOMES else outcome
    )
    label = t("network.label", classes=len(evaluation.classes))
    lead = t(
        "network.lead",
        layers=len(layers),
        parameters=network.parameters,
        macs=network.macs,
        label=t.named(evaluation.classes[evaluation.labels[row]]),
    )
    memory = t(
        "network.memory",
        parameters=4 * network.parameters / 2**20,
        activations=network.activation_bytes / 2**20,
    )
    return {
        "lead": lead,
        "diagram": markup(
            svg.diagram(network, face_url(judgement.faces.images[row]), outcome, label=label, words=t.tables["diagram"])
        ),
        "layers": _layers(network, t),
        "parameters": f"{network.parameters:,}",
        "memory": memory,
        "open": len(layers) <= 32,
    }


def _layers(network: NetworkRecord, t: Texts) -> list[dict[str, str]]:
    """The layer table; a reason that was given already is referred to."""
    first: dict[str, int] = {}
    rows = []
    for number, (layer, reason) in enumerate(
        zip(network.layers, layers_in_words.layer_reasons(network, t), strict=True), 1
    ):
        before = first.setdefault(reason, number)
        rows.append(
            {
                "number": str(number),
                "name": layer.name,
                "kind": layer.kind + (f" {exact_percent(layer.dropout)}" if layer.dropout is not None else ""),
                "output": "×".join(map(str, layer.output)),
                "parameters": f"{layer.parameters:,}" if layer.parameters else "",
                "reason": reason if before == number else t("network.same", number=before),
                "repeated": "" if before == number else "repeated",
            }
        )
    return rows


def training(record: RunRecord, history: Sequence[EpochRecord], t: Texts) -> dict[str, Any]:
    """The training: words, curves and set-up."""
    recipe = record.recipe
    curves = CurvesPlot(history, stop_accuracy=recipe.stop_accuracy, patience=recipe.patience)
    words = t.tables["plots"]
    figures = []
    for key, what in (("accuracy", "accuracy"), ("loss", "loss"), ("rate", "learning_rate")):
        label = t(f"training.curve_{key}")
        drawn = svg.from_plot(
            lambda ax, what=what: curves.plot(ax, what, words=words),  # type: ignore[misc] # a default binds the loop's value
            331,
            250,
            prefix=f"curve-{key}",
            label=label,
        )
        figures.append((markup(drawn), label))
    return {
        "text": narrative.training(record, history, t),
        "figures": figures,
        "rows": _set_up(record, history, t),
    }


def _set_up(record: RunRecord, history: Sequence[EpochRecord], t: Texts) -> list[tuple[str, str]]:
    """The recipe as text."""
    recipe, data = record.recipe, record.data
    optimizer = "adamw" if recipe.optimizer == "adamw" else "sgd_nesterov" if recipe.nesterov else "sgd"
    origin = data.valid.split
    hold_out = t("training.hold_out_random", share=exact_percent(recipe.hold_out), seed=recipe.split_seed)
    smoothing = f", {t('techniques.name.label_smoothing')} {recipe.label_smoothing:g}" if recipe.label_smoothing else ""
    weight = wording.votes_weight(record)
    votes = t("training.loss_votes", weight=f"{weight:g}") if weight else ""
    muon = t("training.muon", rate=f"{recipe.muon:g}") if recipe.muon else ""
    rows = {
        "network": recipe.network,
        "image_size": f"{recipe.image_size}×{recipe.image_size}",
        "rows": t("training.rows_value", train=f"{data.train.rows:,}", valid=f"{data.valid.rows:,}"),
        "hold_out": hold_out if origin == "hold_out" else t("training.hold_out_split", split=origin),
        "epochs": t(
            "training.epochs_value", epochs=f"{recipe.epochs:,}", trained=len(history), best=best_epoch(history).epoch
        ),
        "batch_size": f"{recipe.batch_size:,}",
        "optimizer": t(f"training.{optimizer}", momentum=f"{recipe.momentum:g}") + muon,
        "learning_rate": t(
            "training.rate_value", rate=f"{recipe.learning_rate:g}", schedule=wording.schedule(recipe, t)
        ),
        "loss": t("training.loss_value") + smoothing + votes,
        "weight_decay": f"{recipe.weight_decay:g}",
        "seed": str(recipe.seed),
        **coding(data.read.coding, t),
        "precision": t(
            "training.device_value",
            device=record.machine,
            precision=record.setup.precision,
            threads=record.setup.threads,
        ),
    }
    return [(t(f"training.{key}"), value) for key, value in rows.items()]


def techniques(
    judgement: Judgement,
    run: Run,
    t: Texts,
) -> dict[str, Any]:
    """The techniques with their reasons, and the sample of augmented faces."""
    used, unused = wording.describe(run.record, run.network.dropouts, judgement.record, t)
    geometry, augmented = run.recipe.augment.geometry, run.augmented
    return {
        "used": used,
        "unused": t("techniques.unused", names=t("page.list").join(unused)) if unused else "",
        "geometry": t("techniques.geometry", share=geometry) if 0 < geometry < 1 else "",
        "sheet": data_url(augmented) if augmented else "",
    }


def confusion(judgement: Judgement, t: Texts) -> dict[str, Any]:
    """The confusions: words, the matrix twice, a row per class, and the frequent errors as faces."""
    evaluation = judgement.evaluation
    matrix, names, words = plots.ConfusionPlot(evaluation), t.names(evaluation.classes), t.tables["plots"]
    counts = svg.from_plot(
        lambda ax: matrix.plot(ax, names=names, words=words),
        340,
        320,
        prefix="counts",
        label=t("confusion.counts_label"),
    )
    shares = svg.from_plot(
        lambda ax: matrix.plot(ax, values="shares", names=names, words=words),
        340,
        320,
        prefix="row-shares",
        label=t("confusion.shares_label"),
    )
    classes = [
        {
            "name": t.named(name),
            "colour": emotions.colour(name),
            "support": f"{evaluation.support[index]:,}",
            "bars": [
                (percent(value[0]), f"{value[0]:.3f}", whole_interval(*value[1:]))
                if value
                else (t("page.skip"), "0", "")
                for value in (scores.precision, scores.recall, scores.f1)
            ],
        }
        for index, (name, scores) in enumerate(zip(evaluation.classes, evaluation.by_class, strict=True))
    ]
    num_errors = len(evaluation) - int(np.trace(evaluation.confusion))
    return {
        "text": narrative.confusion(evaluation, t),
        "figures": [(markup(counts), t("confusion.counts")), (markup(shares), t("confusion.shares"))],
        "classes": classes,
        "pairs": [_pair(judgement, pair, num_errors, t) for pair in evaluation.top_confusions(NUM_PAIRS)],
    }


def _pair(judgement: Judgement, pair: Confusion, num_errors: int, t: Texts) -> dict[str, Any]:
    """One kind of error as strips of faces: wrong ones, then correctly predicted ones of both classes."""
    true, predicted = t.named(pair.true), t.named(pair.predicted)
    strips = [
        {
            "title": t("confusion.wrong", true=true, predicted=predicted),
            "faces": _faces(judgement, pair.rows[:NUM_WRONG], t),
            "wide": "wide",
        }
    ]
    for name in (pair.true, pair.predicted):
        rows = _rightly_read(judgement.evaluation, name)[:NUM_RIGHT]
        faces = _faces(judgement, rows, t)
        strips.append({"title": t("confusion.right", name=t.named(name)), "faces": faces, "wide": ""})
    share, errors = percent(pair.share), percent(pair.count / num_errors)
    return {
        "title": t("confusion.pair_title", true=true, predicted=predicted),
        "count": t("confusion.pair_count", count=pair.count, share=share, errors=errors),
        "strips": strips,
    }


def _rightly_read(evaluation: Evaluation, name: str) -> NDArray[np.int64]:
    """The correctly predicted rows of a class, most confident first."""
    code = evaluation.classes.index(name)
    rows = np.flatnonzero((evaluation.labels == code) & (evaluation.predicted == code))
    ordered: NDArray[np.int64] = rows[np.argsort(-evaluation.probabilities[rows, code], kind="stable")]
    return ordered


def _faces(judgement: Judgement, rows: NDArray[np.int64], t: Texts) -> list[dict[str, str]]:
    evaluation = judgement.evaluation
    shown = []
    for row in rows:
        true, predicted = (
            t.named(evaluation.classes[code]) for code in (evaluation.labels[row], evaluation.predicted[row])
        )
        confidence = percent(float(evaluation.probabilities[row].max()), 0)
        alt = t("confusion.alt", true=true, predicted=predicted, confidence=confidence)
        shown.append({"address": face_url(judgement.faces.images[row]), "alt": alt, "confidence": confidence})
    return shown


def shares(plain: Evaluation, corrected: Evaluation, train_counts: list[int], t: Texts) -> dict[str, Any]:
    """Class shares and their effect on argmax: texts, plots, a row per class, a row per decision rule."""
    names, words = t.names(plain.classes), t.tables["plots"]
    bars, recalls = plots.ClassSharePlot(plain, train_counts), plots.RecallPlot(plain, corrected, train_counts)
    drawn = {
        "share": svg.from_plot(
            lambda ax: bars.plot(ax, names=names, words=words), 331, 270, prefix="shares", label=t("shares.share_label")
        ),
        "recall": svg.from_plot(
            lambda ax: recalls.plot(ax, names=names, words=words),
            331,
            270,
            prefix="recalls",
            label=t("shares.recall_label"),
        ),
    }
    rows = []
    for index, name in enumerate(plain.classes):
        parts = [percent(values[index]) for values in (bars.train, bars.true, bars.predicted)]
        known = plain.support[index] > 0
        recall = [percent(judged.recall[index]) if known else t("page.skip") for judged in (plain, corrected)]
        rows.append((names[index], emotions.colour(name), [f"{train_counts[index]:,}", *parts, *recall]))
    return {
        "list": t("shares.list", names=t("page.list").join(names)),
        "counts": str(train_counts),
        "text": narrative.shares(plain, corrected, train_counts, t),
        "figures": [(markup(picture), t(f"shares.{key}_caption")) for key, picture in drawn.items()],
        "rows": rows,
        "decisions": [(t("shares.plain"), _decision(plain)), (t("shares.corrected"), _decision(corrected))],
    }


def _decision(judged: Evaluation) -> list[tuple[str, str]]:
    """The three scores of a decision rule, each with its interval."""
    cells = []
    for score in ("accuracy", "balanced_accuracy", "macro_f1"):
        low, high = map(percent, getattr(judged, f"{score}_interval"))
        cells.append((percent(getattr(judged, score)), f"{low} – {high}"))
    return cells
