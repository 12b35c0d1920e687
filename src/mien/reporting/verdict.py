"""What a judged model can do and cannot, and what to do next, both from its results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.evaluation import decisions
from mien.evaluation.evaluation import ClassScores, Evaluation
from mien.evaluation.judge import Judgement
from mien.evaluation.probing.robustness import Curve
from mien.reporting.texts import Texts

RELIABLE, WEAK = 0.7, 0.5
"""A class is recognised reliably if its recall is at least the first with 95% confidence, and missed often if it is at most
the second with 95% confidence."""

WANTED = 0.9
"""Accuracy that rejecting the least confident predictions should reach."""

FEWEST_ANSWERED = 0.2
"""Share of predictions that must remain for that to be advised."""

FEW = 30
"""With fewer evaluated faces of a class, its recall is too uncertain."""

FRAGILE = 0.15
"""Mean loss of accuracy from which a corruption is named."""

MOST_STEPS = 5
"""Maximum number of steps."""


@dataclass(frozen=True)
class Verdict:
    """What a page says first.

    Attributes:
        nothing: says that the model has learned nothing; ``""`` if it has learned something.
        sentences: what it recognises, what it misses, and what is uncertain.
        steps: what to do next, the most useful first.
    """

    nothing: str
    sentences: tuple[str, ...]
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Known:
    """What is known beside the judgement: training rows by class (empty if unknown), whether the data is that of another
    training, and how the model takes corruptions (empty if not measured)."""

    train_counts: Sequence[int] = ()
    is_foreign: bool = False
    curves: tuple[Curve, ...] = ()


NOTHING_MORE = Known()


def verdict(judgement: Judgement, t: Texts, known: Known = NOTHING_MORE) -> Verdict:
    """The verdict on a judged model."""
    evaluation = judgement.evaluation
    if has_learned_nothing(evaluation):
        majority = evaluation.support.max() / len(evaluation)
        balanced = evaluation.scores["balanced_accuracy"]
        chance = 1 / int((evaluation.support > 0).sum())
        nothing = t("verdict.nothing", majority=majority, balanced=balanced.value, chance=chance)
        return Verdict(nothing, (), tuple(t(f"verdict.step.{key}") for key in ("labels", "train")))
    return Verdict("", tuple(_sentences(evaluation, t)), tuple(_steps(judgement, known, t))[:MOST_STEPS])


def has_learned_nothing(evaluation: Evaluation) -> bool:
    """Whether it answers one class only, or is neither better than that nor better than chance in balanced accuracy, with
    95% confidence."""
    present = int((evaluation.support > 0).sum())
    if present < 2:
        return False
    majority = evaluation.support.max() / len(evaluation)
    is_better = evaluation.accuracy_interval[0] > majority or evaluation.balanced_accuracy_interval[0] > 1 / present
    return bool(evaluation.only_answer) or not is_better


def model_and_data(judgement: Judgement, t: Texts) -> str:
    """The title of a page on a judgement: the names of model and data, without folders of this machine."""
    model, data = Path(judgement.record.model), Path(judgement.record.data)
    name = run_name(model) or model.stem or model.name
    return t("verdict.title", model=name, data=data.name) if data.name else t("verdict.title_model", model=name)


def run_name(model: Path) -> str:
    """The name of the run folder in which a model file is; ``""`` for other files, which have names of their own."""
    return model.parent.name if model.name == "model.onnx" else ""


def _sentences(evaluation: Evaluation, t: Texts) -> Iterator[str]:
    rows = [row for row in evaluation.by_class if row.recall is not None]
    reliable = [row for row in rows if row.recall and row.recall.low >= RELIABLE]
    weak = [row for row in rows if row.recall and row.recall.high <= WEAK]
    if reliable:
        yield t("verdict.can", names=_named(reliable, t), least=RELIABLE)
    if weak:
        yield t("verdict.cannot", names=_named(weak, t), most=WEAK)
    if not reliable and not weak:
        yield t("verdict.between", least=RELIABLE, most=WEAK)


def _named(rows: Sequence[ClassScores], t: Texts) -> str:
    """Classes with their recalls."""
    shown = [t("verdict.named", name=t.named(row.name), recall=row.recall.value) for row in rows if row.recall]
    return t.some(shown, most=4)


def _steps(judgement: Judgement, known: Known, t: Texts) -> Iterator[str]:
    evaluation, copies = judgement.evaluation, judgement.record.copies_of_train
    if judgement.record.holds_training_rows or (copies is not None and copies.rows):
        yield t("verdict.step.copies", rows=copies.rows if copies else len(evaluation))
    if known.is_foreign:
        yield t("verdict.step.adapt")
    yield from _class_steps(evaluation, known.train_counts, t)
    yield from _threshold(evaluation, t)
    yield from _robustness(known.curves, t)
    if few := [row for row in evaluation.by_class if 0 < row.support < FEW]:
        names = t.some(t.names([row.name for row in few]))
        yield t("verdict.step.few", names=names, fewest=min(row.support for row in few))


def _class_steps(evaluation: Evaluation, train_counts: Sequence[int], t: Texts) -> Iterator[str]:
    """More faces of the class with the lowest recall, or a look at its labels if it has as many as others."""
    recalls = np.where(evaluation.support > 0, evaluation.recall, np.inf)
    lowest = int(recalls.argmin())
    scores = evaluation.by_class[lowest].recall
    if scores is None or scores.high >= evaluation.accuracy:
        return
    name = t.named(evaluation.classes[lowest])
    errors = evaluation.confusion[lowest].copy()
    errors[lowest] = 0
    other = t.named(evaluation.classes[int(errors.argmax())])
    if train_counts and train_counts[lowest] < sum(train_counts) / len(train_counts):
        yield t("verdict.step.more", name=name, recall=scores.value, rows=train_counts[lowest], other=other)
    else:
        yield t("verdict.step.confused", name=name, recall=scores.value, other=other)


def _threshold(evaluation: Evaluation, t: Texts) -> Iterator[str]:
    """The confidence from which the wanted accuracy is reached, if enough predictions remain."""
    if evaluation.accuracy >= WANTED:
        return
    coverage, risk, confidence = decisions.risk_and_coverage(evaluation.labels, evaluation.probabilities)
    good = np.flatnonzero((risk <= 1 - WANTED) & (coverage >= FEWEST_ANSWERED))
    if len(good):
        last = int(good[-1])
        threshold = float(np.ceil(confidence[last] * 100) / 100)
        answered = evaluation.probabilities.max(1) >= threshold
        right = float((evaluation.predicted == evaluation.labels)[answered].mean()) if answered.any() else 0.0
        yield t("verdict.step.abstain", threshold=threshold, share=float(answered.mean()), accuracy=right)


def _robustness(curves: Sequence[Curve], t: Texts) -> Iterator[str]:
    worst = max(curves, key=lambda curve: curve.drop, default=None)
    if worst is not None and worst.drop >= FRAGILE:
        yield t("verdict.step.robust", name=t(f"robust.name.{worst.corruption.name}"), drop=worst.drop)
