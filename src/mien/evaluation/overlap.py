"""Overlap: which judged faces the model's own training has seen, and what it scores on the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mien.data import identity
from mien.data.faceset import FaceSet
from mien.data.splits import TOLERATED_SHARE
from mien.evaluation.evaluation import Evaluation
from mien.inference.classifier import Classifier


@dataclass(frozen=True)
class Overlap:
    """Judged faces that the training has seen, pixel for pixel at the model's size; scaled or mirrored copies aren't found.

    Attributes:
        rows: judged faces that were seen, either way.
        learned: those that the model learned from.
        held_out: the others, on which its training chose the epoch and the temperature.
        n_without: judged faces that were not seen.
        without: the scores on these; None where there are none.
        checked_by: by the hashes in the model file, or by the training rows of the judged data.
        false_positive_rate: the chance of each face to be counted though it was not seen.
    """

    rows: int
    learned: int
    held_out: int
    n_without: int
    without: Evaluation | None
    checked_by: Literal["model file", "data"]
    false_positive_rate: float = 0.0

    @property
    def is_heavy(self) -> bool:
        """Whether so many rows were learned from that the score says little of new faces."""
        return self.learned > TOLERATED_SHARE * (self.rows + self.n_without)

    def to_dict(self) -> dict[str, Any]:
        """Fit for JSON."""
        scores = None if self.without is None else _without_confusions(self.without.to_dict())
        return {
            "rows": self.rows,
            "learned": self.learned,
            "held_out": self.held_out,
            "n_without": self.n_without,
            "accuracy_without": None if self.without is None else self.without.accuracy,
            "scores_without": scores,
            "checked_by": self.checked_by,
            "false_positive_rate": self.false_positive_rate,
        }


def by_model_file(
    classifier: Classifier, rows: FaceSet, evaluation: Evaluation, *, is_hold_out: bool
) -> Overlap | None:
    """The overlap as the model file tells it; None where it tells nothing.

    Args:
        classifier: the model.
        rows: the judged faces.
        evaluation: its scores on them, in their order.
        is_hold_out: whether these are the rows that the training held out, so that only what it learned from counts.
    """
    if classifier.seen is None:
        return None
    learned, held_out = classifier.seen.find(rows.resized(classifier.spec.size).images)
    if is_hold_out:
        held_out = np.zeros_like(held_out)
    return _counted(learned, held_out, evaluation, "model file", classifier.seen.false_positive_rate)


def by_data(rows: FaceSet, learned: FaceSet, held_out: FaceSet | None, evaluation: Evaluation) -> Overlap:
    """The overlap with rows of the same data: those that the model learned from, and those that its training held out.

    Args:
        rows: the judged faces.
        learned, held_out: the faces to look for; None where held-out ones don't count.
        evaluation: the model's scores on the judged faces, in their order.
    """
    in_learned = identity.are_in(rows.images, learned.resized(rows.size).images)
    in_held_out = (
        np.zeros_like(in_learned)
        if held_out is None
        else identity.are_in(rows.images, held_out.resized(rows.size).images) & ~in_learned
    )
    return _counted(in_learned, in_held_out, evaluation, "data", 0.0)


def _counted(
    learned: NDArray[np.bool_],
    held_out: NDArray[np.bool_],
    evaluation: Evaluation,
    checked_by: Literal["model file", "data"],
    rate: float,
) -> Overlap:
    fresh = ~(learned | held_out)
    return Overlap(
        rows=int((~fresh).sum()),
        learned=int(learned.sum()),
        held_out=int(held_out.sum()),
        n_without=int(fresh.sum()),
        without=evaluation.select(fresh) if fresh.any() else None,
        checked_by=checked_by,
        false_positive_rate=rate,
    )


def _without_confusions(scores: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in scores.items() if key not in ("confusion", "top_confusions")}
