"""Overlap: evaluated faces that were seen in training, and the scores on the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mien.data import identity
from mien.data.faceset import FaceSet
from mien.data.splits import TOLERATED_SHARE
from mien.evaluation.evaluation import Evaluation
from mien.inference.classifier import Classifier
from mien.typed_json import JsonObject


@dataclass(frozen=True)
class Overlap:
    """Evaluated faces that were seen in training: identical pixels at the model's size; scaled or mirrored duplicates aren't found.

    Attributes:
        rows: number of evaluated faces that were seen.
        learned: number of those in the training rows.
        held_out: number of those in the hold-out, which was used to choose the epoch and to fit the temperature.
        n_without: number of evaluated faces that were not seen.
        without: the scores on these; None if there are none.
        checked_by: by the hashes in the model file, or by the training rows of the data.
        false_positive_rate: probability that a face that was not seen is counted.
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
        """Whether so many rows are training rows that the scores are not valid for new faces."""
        return self.learned > TOLERATED_SHARE * (self.rows + self.n_without)

    def to_dict(self) -> JsonObject:
        """A dictionary for JSON."""
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
    """The overlap by the hashes in the model file; None if it has none.

    Args:
        classifier: the model.
        rows: the evaluated faces.
        evaluation: the scores on them, in their order.
        is_hold_out: whether these are the held-out rows; then only training rows count.
    """
    if classifier.seen is None:
        return None
    learned, held_out = classifier.seen.find(rows.resized(classifier.spec.size).images)
    if is_hold_out:
        held_out = np.zeros_like(held_out)
    return _counted(learned, held_out, evaluation, "model file", classifier.seen.false_positive_rate)


def by_data(rows: FaceSet, learned: FaceSet, held_out: FaceSet | None, evaluation: Evaluation) -> Overlap:
    """The overlap with training rows and held-out rows of the data.

    Args:
        rows: the evaluated faces.
        learned, held_out: training rows and held-out rows; None if held-out rows don't count.
        evaluation: the scores on the evaluated faces, in their order.
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


def _without_confusions(scores: JsonObject) -> JsonObject:
    return {key: value for key, value in scores.items() if key not in ("confusion", "top_confusions")}
