"""Comparison of decision rules on evaluated rows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from mien import typed_json
from mien.display import Displayed
from mien.evaluation import decisions
from mien.evaluation.decisions import Cost, Coverage
from mien.evaluation.judge import Judgement, JudgementRecord
from mien.typed_json import JsonObject


@dataclass(frozen=True)
class DecisionResult:
    """The scores of a decision rule on the evaluated rows.

    Attributes:
        decision, tau: key of the rule, and strength of logit adjustment (None for other rules).
        accuracy, macro_f1, balanced_accuracy, worst_recall: its scores.
        worst_class: class with the lowest recall.
        offsets: offset of each class, added to the log-probability.
        difference: for each score, the paired difference from argmax and its 95% interval; None for argmax.
    """

    decision: str
    tau: float | None
    accuracy: float
    macro_f1: float
    balanced_accuracy: float
    worst_recall: float
    worst_class: str
    offsets: Mapping[str, float]
    difference: Mapping[str, tuple[float, ...]] | None


@dataclass(frozen=True)
class Decided(Displayed, kind="decided"):
    """The result of ``decide``; ``to_frame`` has a row for each decision rule.

    Attributes:
        record: model, data and settings of the evaluation.
        n: number of evaluated rows.
        chosen_on_n: number of other rows, on which the rules were fitted.
        decisions: result of each rule; the first is argmax.
        abstaining: accuracy if the least confident rows are rejected.
        costs: mean costs; empty without a cost matrix.
    """

    record: JudgementRecord
    n: int
    chosen_on_n: int
    decisions: tuple[DecisionResult, ...]
    abstaining: tuple[Coverage, ...]
    costs: tuple[Cost, ...] = ()

    def to_dict(self) -> JsonObject:
        """A dictionary for JSON."""
        parts = {field.name: typed_json.to_json(getattr(self, field.name)) for field in fields(self)}
        return {**parts.pop("record"), **parts}


def decide(
    judgement: Judgement,
    chosen_on: tuple[NDArray[np.int64], NDArray[np.float32]],
    shares: NDArray[np.float64],
    costs: str | os.PathLike[str] | None = None,
) -> Decided:
    """Compare decision rules on evaluated rows.

    Args:
        judgement: the evaluation of the model.
        chosen_on, shares: as for ``decisions.compare``.
        costs: a CSV file with the cost of each error, or None.

    Raises:
        DataError: the costs are not valid.
    """
    evaluation = judgement.evaluation
    labels, probabilities, classes = evaluation.labels, evaluation.probabilities, evaluation.classes
    matrix = None if costs is None else decisions.read_costs(costs, classes)
    results = decisions.compare(chosen_on, (labels, probabilities), shares)
    paired = decisions.differences(results, labels, probabilities)
    rows = tuple(
        DecisionResult(
            decision=decision.key,
            tau=decision.tau,
            accuracy=score.accuracy,
            macro_f1=score.macro_f1,
            balanced_accuracy=score.balanced_accuracy,
            worst_recall=score.worst_recall,
            worst_class=classes[score.worst_class],
            offsets=dict(zip(classes, decision.offsets.tolist(), strict=True)),
            difference=difference,
        )
        for (decision, score), difference in zip(results, paired, strict=True)
    )
    return Decided(
        record=judgement.record,
        n=len(evaluation),
        chosen_on_n=len(chosen_on[0]),
        decisions=rows,
        abstaining=tuple(decisions.abstaining(labels, probabilities)),
        costs=() if matrix is None else tuple(decisions.mean_costs(labels, probabilities, matrix)),
    )
