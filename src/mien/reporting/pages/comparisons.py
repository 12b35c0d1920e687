"""What techniques are worth: studies and an ensemble as sections of other pages, ready for the template."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.errors import DataError
from mien.evaluation import comparison
from mien.evaluation.judge import Judgement
from mien.evaluation.metrics import Score
from mien.experiments.results import StudyResult
from mien.reporting.pages import study
from mien.reporting.pages.parts import TableRow
from mien.reporting.pages.study import StudySection
from mien.reporting.texts import Texts

SHOWN = ("accuracy", "macro_f1", "balanced_accuracy")
"""The scores of an ensemble that are compared with those of the run."""


@dataclass(frozen=True)
class Comparison:
    """A technique: its key, its heading, how it was done, and the study with and without it."""

    key: str
    title: str
    how: str
    study: StudySection


@dataclass(frozen=True)
class EnsembleSection:
    """An ensemble beside a network: a sentence, the heads of the table and a row for each score."""

    text: str
    heads: tuple[str, ...]
    rows: tuple[TableRow, ...]


def of_study(result: StudyResult, t: Texts) -> Comparison:
    """A study under its question, with the recipe, seeds and rows it is of."""
    question = t(f"study.question.{result.study}")
    return Comparison(result.study, question, study.subtitle(result, t), study.section(result, t))


def of_ensemble(single: Judgement, ensemble: Judgement, t: Texts) -> EnsembleSection:
    """The scores of an ensemble, and the paired differences from a network on the same rows.

    Raises:
        DataError: the two were not judged on the same rows and classes.
    """
    own, other = single.evaluation, ensemble.evaluation
    if own.classes != other.classes or single.record.rows_hash != ensemble.record.rows_hash:
        raise DataError(f"'{ensemble.record.model}' was judged on other rows or classes than the run.")
    answers = {"single": [own.predicted], "ensemble": [other.predicted]}
    compared = comparison.compare(own.labels, answers, len(own.classes))["ensemble"]
    assert compared.difference is not None
    scores = (own.scores, other.scores)
    rows = []
    for key in SHOWN:
        cells = [_cell("share", one[key], t) for one in scores]
        difference = _cell("points", Score(*compared.difference[key]), t)
        rows.append(TableRow(t(f"compare.score.{key}"), (*cells, difference)))
    text = t("techniques.ensemble", name=Path(ensemble.record.model).name, n=len(other))
    heads = ("single", "averaged", "difference")
    return EnsembleSection(text, tuple(t(f"techniques.ensemble_{head}") for head in heads), tuple(rows))


def _cell(kind: str, score: Score, t: Texts) -> str:
    return t(f"compare.cell.{kind}", value=score.value, low=score.low, high=score.high)
