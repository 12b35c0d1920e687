"""The answers of one of several compared models: of a model file, or of a table of predictions that any package has written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.evaluation import prediction_files
from mien.evaluation.judge import JudgementRecord, judge_rows
from mien.inference.classifier import Classifier


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model, or another package, answers for the compared rows.

    Attributes:
        name: what it was asked for by.
        kind: a model file, or a file of predictions.
        sha256: of that file.
        classes: the classes that it knows.
        answers: ``(N,)``, as places in ``classes``.
        probabilities: ``(N, K)``; None where a file has answers alone.
        record: of the judged model; None for a file of predictions.
    """

    name: str
    kind: Literal["model", "predictions"]
    sha256: str
    classes: tuple[str, ...]
    answers: NDArray[np.int64]
    probabilities: NDArray[np.float32] | None
    record: JudgementRecord | None = None

    def among(self, classes: Sequence[str]) -> NDArray[np.int64]:
        """``(N,)`` the answers as places in a longer list of classes."""
        lookup = np.array([classes.index(name) for name in self.classes], np.int64)
        return lookup[self.answers]

    def losses(self, labels: NDArray[np.int64], classes: Sequence[str]) -> NDArray[np.float64] | None:
        """``(N,)`` the cross-entropy of each row in nats; None without probabilities."""
        if self.probabilities is None:
            return None
        places = {name: place for place, name in enumerate(self.classes)}
        columns = np.array([places.get(name, -1) for name in classes], np.int64)[labels]
        given = np.where(columns >= 0, self.probabilities[np.arange(len(labels)), columns], 0.0)
        losses: NDArray[np.float64] = -np.log(np.maximum(given, np.finfo(np.float64).eps))
        return losses


def read(
    name: str, classifier: Classifier | None, faceset: FaceSet, rows: FaceSet, split: str, *, flip: bool = False
) -> Answers:
    """What one of several compared models answers.

    Args:
        name: of the model, or the path of a table of predictions.
        classifier: the model; None for a table.
        faceset: the data.
        rows: the rows of it that are compared.
        split: what these are called.
        flip: average each face with its mirror image.

    Raises:
        DataError: the predictions, or the model's classes, don't fit the rows.
    """
    if classifier is None:
        path = Path(name)
        found = prediction_files.read(path, rows)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        return Answers(name, "predictions", sha256, found.classes, found.answers, found.probabilities)
    try:
        judged = judge_rows(classifier, faceset, rows, split, flip=flip)
    except DataError as error:
        raise DataError(f"'{name}' can't be compared: {error}") from None
    evaluation = judged.evaluation
    return Answers(
        name,
        "model",
        judged.record.model_hash,
        evaluation.classes,
        evaluation.predicted,
        evaluation.probabilities,
        judged.record,
    )
