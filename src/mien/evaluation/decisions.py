"""From probabilities to an answer: argmax, and what may serve better where classes are unequal or errors cost differently.

A decision is a number for each class that is added to the logarithm of its probability before the largest is taken; so the
class weights that are often proposed, logit adjustment and thresholds for each class are one thing with three ways to choose the
numbers. They are chosen on rows that are not those judged. docs/mathematics.md, section 7, has when argmax is right.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien import emotions
from mien.data.layouts import delimited
from mien.errors import ArgumentError, DataError
from mien.evaluation import comparison, metrics, predictions

TAUS = tuple(np.linspace(-1.0, 2.0, 31).round(1).tolist())
"""Strengths of logit adjustment that are tried."""

TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Decision:
    """A way to answer.

    Attributes:
        key: which.
        offsets: ``(K,)``, added to the log-probabilities.
        tau: the strength of logit adjustment; None for others.
    """

    key: str
    offsets: NDArray[np.float64]
    tau: float | None = None

    def __call__(self, probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
        """Answer: ``(N, K)`` probabilities to ``(N,)`` classes."""
        rows = predictions.check_probabilities(probabilities, len(self.offsets))
        answers: NDArray[np.int64] = (_logs(rows) + self.offsets).argmax(1)
        return answers


@dataclass(frozen=True)
class Score:
    """What answers are worth: each over the classes that occur."""

    accuracy: float
    macro_f1: float
    balanced_accuracy: float
    worst_recall: float
    worst_class: int

    @classmethod
    def of(cls, labels: NDArray[np.int64], answers: NDArray[np.int64], num_classes: int) -> Score:
        """Score answers ``(N,)`` against labels ``(N,)``.

        Raises:
            ArgumentError, DataError: they are no class numbers, or not of the same rows.
        """
        labels, answers = (
            predictions.check_codes(codes, num_classes, what)
            for codes, what in ((labels, "Labels"), (answers, "Answers"))
        )
        if not len(labels) or len(answers) != len(labels):
            raise DataError(f"There must be one answer for each label, not {len(answers):,} for {len(labels):,}.")
        counts = metrics.confusions((labels * num_classes + answers)[None], num_classes)
        values = dict(zip(metrics.SCORES, map(float, metrics.scores(counts)[0]), strict=True))
        true = counts[0].sum(1)
        recall = np.where(true > 0, counts[0].diagonal() / np.maximum(true, 1), np.inf)
        return cls(**values, worst_class=int(recall.argmin()))


@dataclass(frozen=True)
class Coverage:
    """Answering the most confident rows only: their share, the accuracy on them with its interval, and the least confidence."""

    answered: float
    accuracy: float
    accuracy_interval: tuple[float, float]
    confidence: float


@dataclass(frozen=True)
class Cost:
    """What the answers of a decision cost per row, their accuracy, and the paired difference in cost from argmax (None for it)."""

    decision: str
    cost: float
    accuracy: float
    difference: tuple[float, float, float] | None


Goal = Callable[[Score], float]


def argmax(num_classes: int) -> Decision:
    """The most probable class: best for accuracy where the probabilities are right and the classes as frequent as in training."""
    return Decision("argmax", np.zeros(num_classes))


def share_weights(shares: NDArray[np.float64]) -> Decision:
    """Each probability times its class's share ``(K,)`` of the training rows, as the report that mien started from proposes."""
    return Decision("class_share", _logs(predictions.check_shares(shares)))


def logit_adjustment(shares: NDArray[np.float64], tau: float) -> Decision:
    """Divide each probability by its class's share to the power of ``tau``.

    Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021, equation 9: ``tau`` 1 is best for balanced accuracy.
    """
    if not isinstance(tau, int | float) or not np.isfinite(tau):
        raise ArgumentError(f"tau must be a finite number, not {tau!r:.40}.")
    return Decision("logit_adjustment", -tau * _logs(predictions.check_shares(shares)), tau)


def best_tau(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], shares: NDArray[np.float64], goal: Goal
) -> Decision:
    """The logit adjustment out of ``TAUS`` that serves a goal best on these rows; the one nearest to 0 among equals."""
    labels, probabilities = _rows(labels, probabilities)
    shares = predictions.check_shares(shares, probabilities.shape[1])
    decisions = [logit_adjustment(shares, tau) for tau in sorted(TAUS, key=abs)]
    return max(decisions, key=lambda decision: goal(Score.of(labels, decision(probabilities), len(shares))))


def class_thresholds(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], goal: Goal, *, rounds: int = 3
) -> Decision:
    """An offset for each class, found one class after another, that serves a goal best on these rows.

    It has K - 1 free numbers, so it fits the chance of few rows too: judge it on others.
    """
    labels, probabilities = _rows(labels, probabilities)
    num_classes = probabilities.shape[1]
    logs, offsets = _logs(probabilities), np.zeros(num_classes)
    steps = np.linspace(-1.5, 1.5, 31)
    for _ in range(rounds):
        for index in range(num_classes):
            trials = offsets + steps[:, None] * np.eye(num_classes)[index]
            scores = [goal(Score.of(labels, (logs + trial).argmax(1), num_classes)) for trial in trials]
            if max(scores) > scores[len(steps) // 2]:  # the middle step leaves things as they are
                offsets = trials[int(np.argmax(scores))]
    return Decision("thresholds", offsets - offsets.mean())


def least_cost(probabilities: NDArray[np.float32], costs: NDArray[np.float64]) -> NDArray[np.int64]:
    """The answers ``(N,)`` whose expected cost is least; ``costs[a, k]`` is that of answering a where k is true.

    Raises:
        ArgumentError: probabilities are no numbers.
        DataError: the costs are no matrix of finite numbers with a row and a column for each class, or a row of probabilities
            doesn't sum to 1.
    """
    probabilities = predictions.check_probabilities(probabilities)
    num_classes = probabilities.shape[1]
    costs = np.asarray(costs)
    if costs.dtype.kind not in "fiu" or costs.shape != (num_classes, num_classes) or not np.isfinite(costs).all():
        raise DataError(
            f"Costs must be finite, {num_classes} by {num_classes}: a row for each answer, a column for each truth; not {costs.shape}."
        )
    answers: NDArray[np.int64] = (probabilities.astype(np.float64) @ costs.T).argmin(1)
    return answers


def read_costs(path: str | os.PathLike[str], classes: Sequence[str]) -> NDArray[np.float64]:
    """Read what errors cost from a CSV: a first line of class names, then a line for each answer: its name, a cost for each truth.

    Returns:
        ``(K, K)`` in the order of ``classes``: ``[a, k]`` is the cost of answering a where k is true.

    Raises:
        DataError: there is no such file, a class is missing, unknown or there twice, or a cost is no finite number.
    """
    dialect, _ = delimited.recognise(Path(path))
    lines = list(delimited.rows(Path(path), dialect))
    truths = [_class_of(cell, classes) for cell in (lines[0][1:] if lines else [])]
    answers = [_class_of(line[0], classes) for line in lines[1:]]
    if sorted(truths) != sorted(classes) or sorted(answers) != sorted(classes):
        raise DataError(f"The costs '{path}' must have a column and a row for each of {', '.join(classes)}.")
    try:
        costs = np.array([[float(cell) for cell in line[1:]] for line in lines[1:]])
    except ValueError as error:
        raise DataError(f"The costs '{path}' must be numbers, as many in each row: {error}.") from None
    if costs.shape != (len(classes), len(classes)) or not np.isfinite(costs).all():
        raise DataError(f"The costs '{path}' must be {len(classes)} by {len(classes)} finite numbers.")
    return costs[np.ix_([answers.index(name) for name in classes], [truths.index(name) for name in classes])]


def _class_of(cell: str, classes: Sequence[str]) -> str:
    """The class that a cell names: by its own name, or by another spelling of an expression."""
    name = cell.strip()
    return name if name in classes else emotions.canonical(name) or name


def mean_costs(labels: NDArray[np.int64], probabilities: NDArray[np.float32], costs: NDArray[np.float64]) -> list[Cost]:
    """What argmax and the answers of least expected cost cost per row, the paired difference of the second with its 95% interval,
    and how many rows they read right.
    """
    labels, probabilities = _rows(labels, probabilities)
    answers = {"argmax": probabilities.argmax(1), "least_cost": least_cost(probabilities, costs)}
    paid = {key: costs[given, labels] for key, given in answers.items()}  # (N,) each
    results = []
    for key, given in answers.items():
        saved = paid[key] - paid["argmax"]
        mean = float(saved.mean())
        low, high = metrics.mean_interval(saved) or (mean, mean)
        difference = None if key == "argmax" else (mean, low, high)
        results.append(Cost(key, float(paid[key].mean()), float((given == labels).mean()), difference))
    return results


def risk_and_coverage(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """What abstaining from unsure rows is worth (El-Yaniv and Wiener, JMLR 11, 2010).

    Returns:
        ``(N,)`` each, the most confident row first: the share of rows answered, the share of errors among them, and the least confidence
        that is then asked for.
    """
    labels, probabilities = _rows(labels, probabilities)
    confidence = probabilities.max(1)
    order = np.argsort(-confidence, kind="stable")
    wrong = (probabilities.argmax(1) != labels)[order]
    answered = np.arange(1, len(labels) + 1)
    return answered / len(labels), wrong.cumsum() / answered, confidence[order].astype(np.float64)


def abstaining(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], shares: Iterable[float] = (1.0, 0.9, 0.8, 0.7, 0.5)
) -> list[Coverage]:
    """The accuracy where only the most confident share of rows is answered, and the least confidence that this asks for."""
    coverage, risk, confidence = risk_and_coverage(labels, probabilities)
    wanted = list(shares)
    if not all(isinstance(share, int | float) and 0 < share <= 1 for share in wanted):
        raise ArgumentError(f"Shares of rows to answer must lie above 0 and at 1 or below, not {wanted!r:.80}.")
    at = [max(0, round(share * len(coverage)) - 1) for share in wanted]
    return [
        Coverage(
            answered=float(coverage[row]),
            accuracy=float(1 - risk[row]),
            accuracy_interval=metrics.wilson(round((1 - risk[row]) * (row + 1)), row + 1),
            confidence=float(confidence[row]),
        )
        for row in at
    ]


def compare(
    chosen_on: tuple[NDArray[np.int64], NDArray[np.float32]],
    judged_on: tuple[NDArray[np.int64], NDArray[np.float32]],
    shares: NDArray[np.float64],
) -> list[tuple[Decision, Score]]:
    """The decisions, chosen on some rows (labels and probabilities) and judged on others.

    Args:
        chosen_on: labels ``(M,)`` and probabilities ``(M, K)`` of rows that were not trained on.
        judged_on: the same of other rows.
        shares: ``(K,)`` of the training rows.
    """
    (labels, probabilities), (truth, predicted) = _rows(*chosen_on), _rows(*judged_on)
    shares = predictions.check_shares(shares, probabilities.shape[1])
    num_classes = len(shares)
    decisions = [
        argmax(num_classes),
        share_weights(shares),
        logit_adjustment(shares, 1.0),
        replace(best_tau(labels, probabilities, shares, macro_f1), key="logit_adjustment_macro_f1"),
        replace(class_thresholds(labels, probabilities, macro_f1), key="thresholds_macro_f1"),
        replace(class_thresholds(labels, probabilities, balanced_accuracy), key="thresholds_balanced_accuracy"),
    ]
    return [(decision, Score.of(truth, decision(predicted), num_classes)) for decision in decisions]


def for_model_file(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], shares: NDArray[np.float64]
) -> dict[str, list[float]]:
    """The decision that a model file holds beside argmax, chosen on these rows: logit adjustment for balanced accuracy.

    It has one free number only. What is chosen for macro-F1 is no better on other rows than argmax (docs/decisions.md).
    """
    return {"balanced": best_tau(labels, probabilities, shares, balanced_accuracy).offsets.tolist()}


def macro_f1(score: Score) -> float:
    """A goal."""
    return score.macro_f1


def balanced_accuracy(score: Score) -> float:
    """A goal."""
    return score.balanced_accuracy


def class_shares(labels: NDArray[np.int64], num_classes: int) -> NDArray[np.float64]:
    """The share ``(K,)`` of each class among labels; a class without rows counts as half a row, so that its logarithm is finite."""
    return shares_of(np.bincount(predictions.check_codes(labels, num_classes, "Labels"), minlength=num_classes))


def shares_of(counts: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float64]:
    """The same of counts ``(K,)``."""
    present = np.maximum(predictions.check_shares(counts), 0.5)
    return np.asarray(present / present.sum(), np.float64)


def differences(
    results: Iterable[tuple[Decision, Score]], labels: NDArray[np.int64], probabilities: NDArray[np.float32]
) -> list[Mapping[str, tuple[float, ...]] | None]:
    """How far each decision is from the first on the same rows: for each score the paired difference and its 95% interval."""
    labels, probabilities = _rows(labels, probabilities)
    answers = {decision.key: [decision(probabilities)] for decision, _ in results}
    compared = comparison.compare(labels, answers, probabilities.shape[1])
    return [compared[key].difference for key in answers]


def _rows(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.floating[Any]]]:
    """Labels and probabilities, checked.

    Raises:
        ArgumentError, DataError: as for ``predictions.check``; or there is no row.
    """
    codes, rows = predictions.check(labels, probabilities)
    if not len(codes):
        raise DataError("There are no labelled rows to choose or to judge on: name a split that has labels.")
    return codes, rows


def _logs(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.log(np.maximum(values.astype(np.float64), TINY))
