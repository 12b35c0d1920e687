"""Decision rules: from probabilities to a class, by argmax or with offsets for class imbalance or unequal costs.

A rule adds an offset for each class to the log-probabilities before argmax. Class weights, logit adjustment and class thresholds
are three ways to choose the offsets. They are fitted on other rows than those that are evaluated. Section 7 of reporting/texts/mathematics.en.md
explains when argmax is optimal.
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
"""Strengths of logit adjustment for the grid search."""

TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Decision:
    """A decision rule.

    Attributes:
        key: name of the rule.
        offsets: ``(K,)``, added to the log-probabilities.
        tau: strength of logit adjustment; None for other rules.
    """

    key: str
    offsets: NDArray[np.float64]
    tau: float | None = None

    def __call__(self, probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
        """Predict classes ``(N,)`` from probabilities ``(N, K)``."""
        rows = predictions.check_probabilities(probabilities, len(self.offsets))
        answers: NDArray[np.int64] = (_logs(rows) + self.offsets).argmax(1)
        return answers


@dataclass(frozen=True)
class AnswerScores:
    """Scores of predicted classes; means are over the classes that occur."""

    accuracy: float
    macro_f1: float
    balanced_accuracy: float
    worst_recall: float
    worst_class: int

    @classmethod
    def of(cls, labels: NDArray[np.int64], answers: NDArray[np.int64], num_classes: int) -> AnswerScores:
        """Score predicted classes ``(N,)`` against labels ``(N,)``.

        Raises:
            ArgumentError, DataError: they aren't class numbers, or their lengths differ.
        """
        labels, answers = (
            predictions.check_codes(codes, num_classes, what)
            for codes, what in ((labels, "Labels"), (answers, "Answers"))
        )
        if not len(labels) or len(answers) != len(labels):
            raise DataError(f"There must be one answer for each label, not {len(answers):,} for {len(labels):,}.")
        return cls.of_each(labels, answers[None], num_classes)[0]

    @classmethod
    def of_each(cls, labels: NDArray[np.int64], answers: NDArray[np.int64], num_classes: int) -> list[AnswerScores]:
        """Score S predictions ``(S, N)`` of the same rows; they aren't checked."""
        counts = metrics.class_counts(metrics.confusions(labels * num_classes + answers, num_classes))
        right, true, _ = counts
        worst = np.where(true > 0, right / np.maximum(true, 1), np.inf).argmin(-1)
        rows = metrics.scores_of_counts(counts).tolist()
        return [
            cls(**dict(zip(metrics.SCORES, row, strict=True)), worst_class=code)
            for row, code in zip(rows, worst.tolist(), strict=True)
        ]


@dataclass(frozen=True)
class Coverage:
    """Result if only the most confident rows are predicted: their share, accuracy with 95% interval, and lowest confidence."""

    answered: float
    accuracy: float
    accuracy_interval: tuple[float, float]
    confidence: float


@dataclass(frozen=True)
class Cost:
    """Mean cost per row of a decision rule, its accuracy, and the paired difference of the cost from argmax (None for argmax)."""

    decision: str
    cost: float
    accuracy: float
    difference: tuple[float, float, float] | None


Goal = Callable[[AnswerScores], float]


def argmax(num_classes: int) -> Decision:
    """The most probable class: optimal for accuracy if probabilities are exact and classes are as frequent as in training."""
    return Decision("argmax", np.zeros(num_classes))


def share_weights(shares: NDArray[np.float64]) -> Decision:
    """Each probability times its class's share ``(K,)`` of the training rows, as proposed in the course report."""
    return Decision("class_share", _logs(predictions.check_shares(shares)))


def logit_adjustment(shares: NDArray[np.float64], tau: float) -> Decision:
    """Divide each probability by its class's share of the training rows to the power of ``tau``.

    Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021, equation 9: ``tau`` 1 is best for balanced accuracy.
    """
    if not isinstance(tau, int | float) or not np.isfinite(tau):
        raise ArgumentError(f"tau must be a finite number, not {tau!r:.40}.")
    return Decision("logit_adjustment", -tau * _logs(predictions.check_shares(shares)), tau)


def best_tau(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], shares: NDArray[np.float64], goal: Goal
) -> Decision:
    """The logit adjustment from ``TAUS`` with the best score on these rows; the one nearest to 0 in a tie."""
    labels, probabilities = _rows(labels, probabilities)
    shares = predictions.check_shares(shares, probabilities.shape[1])
    decisions = [logit_adjustment(shares, tau) for tau in sorted(TAUS, key=abs)]
    return max(decisions, key=lambda decision: goal(AnswerScores.of(labels, decision(probabilities), len(shares))))


def class_thresholds(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], goal: Goal, *, rounds: int = 3
) -> Decision:
    """Offsets of the classes with the best score on these rows, by coordinate search.

    They have K - 1 free parameters and overfit on few rows: evaluate them on other rows.
    """
    labels, probabilities = _rows(labels, probabilities)
    num_classes = probabilities.shape[1]
    logs, offsets = _logs(probabilities), np.zeros(num_classes)
    steps = np.linspace(-1.5, 1.5, 31)
    for _ in range(rounds):
        for index in range(num_classes):
            trials = offsets + steps[:, None] * np.eye(num_classes)[index]
            answers = np.stack([(logs + trial).argmax(1) for trial in trials])
            scores = [goal(one) for one in AnswerScores.of_each(labels, answers, num_classes)]
            if max(scores) > scores[len(steps) // 2]:  # the middle step is 0
                offsets = trials[int(np.argmax(scores))]
    return Decision("thresholds", offsets - offsets.mean())


def least_cost(probabilities: NDArray[np.float32], costs: NDArray[np.float64]) -> NDArray[np.int64]:
    """The predictions ``(N,)`` with minimum expected cost; ``costs[a, k]`` is the cost of predicting a if k is true.

    Raises:
        ArgumentError: probabilities aren't numbers.
        DataError: the costs aren't a finite K x K matrix, or a row of probabilities doesn't sum to 1.
    """
    probabilities = predictions.check_probabilities(probabilities)
    num_classes = probabilities.shape[1]
    costs = np.asarray(costs)
    if costs.dtype.kind not in "fiu" or costs.shape != (num_classes, num_classes) or not np.isfinite(costs).all():
        raise DataError(
            f"Costs must be finite, {num_classes} by {num_classes}: one row per prediction, one column per true class; not {costs.shape}."
        )
    answers: NDArray[np.int64] = (probabilities.astype(np.float64) @ costs.T).argmin(1)
    return answers


def read_costs(path: str | os.PathLike[str], classes: Sequence[str]) -> NDArray[np.float64]:
    """Read costs from a CSV file: a header with the true classes, then one line per prediction: its name and its costs.

    Returns:
        ``(K, K)`` in the order of ``classes``: ``[a, k]`` is the cost of predicting a if k is true.

    Raises:
        DataError: there is no such file, a class is missing, unknown or repeated, or a cost isn't a finite number.
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
    """The class of a cell: a class name, or another spelling of an expression."""
    name = cell.strip()
    return name if name in classes else emotions.canonical(name) or name


def mean_costs(labels: NDArray[np.int64], probabilities: NDArray[np.float32], costs: NDArray[np.float64]) -> list[Cost]:
    """Mean cost per row and accuracy of argmax and of minimum expected cost, with the paired difference of the cost and its
    95% interval.
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
    """The risk-coverage curve: error rate if the least confident rows are rejected (El-Yaniv and Wiener, JMLR 11, 2010).

    Returns:
        ``(N,)`` each, most confident row first: coverage (share of rows that are predicted), risk (their error rate), and the
        confidence threshold.
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
    """Accuracy and confidence threshold if only the most confident share of the rows is predicted."""
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
) -> list[tuple[Decision, AnswerScores]]:
    """Fit the decision rules on some rows and evaluate them on others.

    Args:
        chosen_on: labels ``(M,)`` and probabilities ``(M, K)`` of rows that the model wasn't trained on, for fitting.
        judged_on: the same of other rows, for evaluation.
        shares: ``(K,)`` class shares of the training rows.
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
    return [(decision, AnswerScores.of(truth, decision(predicted), num_classes)) for decision in decisions]


def for_model_file(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], shares: NDArray[np.float64]
) -> dict[str, list[float]]:
    """The decision rule in a model file besides argmax, fitted on these rows: logit adjustment for balanced accuracy.

    It has only one free parameter. Rules fitted for macro-F1 are no better than argmax on other rows (docs/decisions.md).
    """
    return {"balanced": best_tau(labels, probabilities, shares, balanced_accuracy).offsets.tolist()}


def macro_f1(score: AnswerScores) -> float:
    """Macro-F1 as the goal of a fit."""
    return score.macro_f1


def balanced_accuracy(score: AnswerScores) -> float:
    """Balanced accuracy as the goal of a fit."""
    return score.balanced_accuracy


def class_shares(labels: NDArray[np.int64], num_classes: int) -> NDArray[np.float64]:
    """Class shares ``(K,)`` of labels; a class without rows counts as half a row, so that its logarithm is finite."""
    return shares_of(np.bincount(predictions.check_codes(labels, num_classes, "Labels"), minlength=num_classes))


def shares_of(counts: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float64]:
    """Class shares ``(K,)`` of counts ``(K,)``; see ``class_shares``."""
    present = np.maximum(predictions.check_shares(counts), 0.5)
    return np.asarray(present / present.sum(), np.float64)


def differences(
    results: Iterable[tuple[Decision, AnswerScores]], labels: NDArray[np.int64], probabilities: NDArray[np.float32]
) -> list[Mapping[str, tuple[float, ...]] | None]:
    """For each rule and score, the paired difference from the first rule on the same rows, with its 95% interval."""
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
