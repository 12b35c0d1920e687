"""The head of a page that shows a judgement: scores, provenance and names, ready for the template."""

from __future__ import annotations

from pathlib import Path

from mien.data.source import ChosenCoding
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement
from mien.modelfile import Lineage
from mien.reporting import narrative
from mien.reporting.pages.parts import ScoreCard
from mien.reporting.texts import Texts, cells
from mien.run_record import RunRecord


def scores(evaluation: Evaluation, t: Texts) -> list[ScoreCard]:
    """The figures of the head, accuracy first."""
    shares = evaluation.scores
    cards = {
        key: _card(key, cells.percent(score.value), t("scores.interval", low=score.low, high=score.high), evaluation, t)
        for key, score in shares.items()
    }
    bounds = evaluation.log_loss_interval
    interval = t("scores.log_loss_interval", low=bounds[0], high=bounds[1]) if bounds else ""
    loss = _card("log_loss", cells.decimal(evaluation.log_loss, 3), interval, evaluation, t)
    return [*(cards[key] for key in shares if key != "calibration_error"), loss, cards["calibration_error"]]


def _card(key: str, value: str, interval: str, evaluation: Evaluation, t: Texts) -> ScoreCard:
    meaning = t(f"scores.{key}_why", if_perfect=evaluation.calibration.if_perfect)
    return ScoreCard(t(f"scores.{key}"), value, interval, meaning)


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
    record = judgement.record
    rows = {
        "model": model_name(record.model),
        "model_hash": record.model_hash,
        **_lineage(record.adapted_from),
        "data": Path(record.data).name,
        "data_hash": record.data_hash,
        **coding(record.read.coding, t),
        "split": t("notes.split_rows", split=narrative.split_name(judgement, t), n=len(judgement.evaluation)),
        "rows_hash": record.rows_hash,
        "flip_label": t("page.yes" if record.flip else "page.no"),
    }
    return [(t(f"notes.{key}"), value) for key, value in rows.items()]


def _lineage(source: Lineage | None) -> dict[str, str]:
    """The models that the model was adapted from, nearest first, as a row of a table; empty for others."""
    if source is None:
        return {}
    return {"adapted_from": ", ".join(f"{model.name} ({model.sha256[:12]})" for model in source.chain())}


def coding(chosen: ChosenCoding | None, t: Texts) -> dict[str, str]:
    """The label coding, as a row of a table; empty if labels have names."""
    if chosen is None:
        return {}
    legend = ", ".join(f"{code} {name}" for code, name in chosen.classes.items())
    name = f"{chosen.name} ({legend})"
    if not chosen.model:
        return {"coding": t(f"notes.coding_{'layout' if chosen.by == 'layout' else 'stated'}", name=name)}
    first = list(chosen.agreement.items())[:2]
    shares = ", ".join(t("notes.coding_share", name=other, share=share) for other, share in first)
    return {"coding": t("notes.coding_model", name=name, model=chosen.model, n=chosen.num_faces, shares=shares)}


def model_name(path: str) -> str:
    """A model's short name, or the last two parts of its path: folders name runs."""
    model = Path(path)
    return f"{model.parent.name}/{model.name}" if model.parent.name else model.name
