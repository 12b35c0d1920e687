"""Ways to answer, compared on judged rows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien import typed_json
from mien.evaluation import decisions
from mien.evaluation.decisions import Cost, Coverage
from mien.evaluation.judge import Judgement, JudgementRecord


@dataclass(frozen=True)
class DecisionResult:
    """What a decision came to on the judged rows.

    Attributes:
        decision, tau: the decision's key, and its strength where it is logit adjustment.
        accuracy, macro_f1, balanced_accuracy, worst_recall: its scores.
        worst_class: the class with the worst recall.
        offsets: of each class, added to the log-probability.
        difference: of each score the paired difference from argmax and its 95% interval; None for argmax.
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
class Decided:
    """Ways to answer, compared.

    Attributes:
        record: what was judged on what.
        n: judged rows.
        chosen_on_n: other rows on which the decisions were chosen.
        decisions: what each came to; the first is argmax.
        abstaining: what abstaining from the least confident rows is worth.
        costs: what answers cost; empty where no costs were stated.
    """

    record: JudgementRecord
    n: int
    chosen_on_n: int
    decisions: tuple[DecisionResult, ...]
    abstaining: tuple[Coverage, ...]
    costs: tuple[Cost, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Fit for JSON."""
        parts = {field.name: typed_json.to_json(getattr(self, field.name)) for field in fields(self)}
        return {**parts.pop("record"), **parts}


def decide(
    judgement: Judgement,
    chosen_on: tuple[NDArray[np.int64], NDArray[np.float32]],
    shares: NDArray[np.float64],
    costs: str | os.PathLike[str] | None = None,
) -> Decided:
    """Compare decisions on judged rows.

    Args:
        judgement: the model, judged.
        chosen_on, shares: as for ``compare``.
        costs: a CSV of what each error costs, or None.

    Raises:
        DataError: the costs don't fit.
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
