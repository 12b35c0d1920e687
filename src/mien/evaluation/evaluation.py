"""The Evaluation: everything that labels and probabilities say about a model, computed once, drawn and printed by others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

from mien.errors import DataError
from mien.evaluation import metrics
from mien.evaluation.metrics import Interval


@dataclass(frozen=True)
class Confusion:
    """One way of erring.

    Attributes:
        true: the class that the rows have.
        predicted: the class that the model gave them.
        count: how many rows.
        share: of the rows of the true class.
        rows: their indices, the most confident error first.
    """

    true: str
    predicted: str
    count: int
    share: float
    rows: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model judged on labelled rows.

    Attributes:
        classes: the K class names.
        labels: ``(N,)`` true classes.
        probabilities: ``(N, K)``.
        confusion: ``(K, K)`` counts, true class by row, predicted class by column.
        accuracy: share of right rows, and ``accuracy_interval``, its 95% Wilson interval.
        macro_f1: mean F1 over the classes that occur, and its 95% bootstrap interval.
        balanced_accuracy: mean recall over the classes that occur (UAR), and its 95% bootstrap interval.
        precision, recall, f1, support: ``(K,)`` each, 0 where undefined.
        log_loss: mean cross-entropy in nats.
        calibration_error: expected calibration error over 15 bins.
    """

    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    confusion: NDArray[np.int64]
    accuracy: float
    accuracy_interval: Interval
    macro_f1: float
    macro_f1_interval: Interval
    balanced_accuracy: float
    balanced_accuracy_interval: Interval
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    support: NDArray[np.int64]
    log_loss: float
    calibration_error: float

    @classmethod
    def from_predictions(
        cls, labels: NDArray[np.int64], probabilities: NDArray[np.float32], classes: Sequence[str]
    ) -> Evaluation:
        """Judge predictions.

        Args:
            labels: ``(N,)`` integers from 0 to K - 1.
            probabilities: ``(N, K)``, rows summing to 1.
            classes: K names.

        Raises:
            DataError: there are no rows, or the arrays don't fit one another.
        """
        _check(labels, probabilities, classes)
        codes = np.arange(len(classes))
        predicted = probabilities.argmax(1)
        confusion = confusion_matrix(labels, predicted, labels=codes).astype(np.int64)
        precision, recall, f1, support = precision_recall_fscore_support(
            labels, predicted, labels=codes, zero_division=0.0
        )
        known = support > 0
        num_right = int(np.trace(confusion))
        macro_f1_interval, balanced_interval = metrics.bootstrap_macro(confusion)
        return cls(
            classes=tuple(classes),
            labels=labels,
            probabilities=probabilities,
            confusion=confusion,
            accuracy=num_right / len(labels),
            accuracy_interval=metrics.wilson(num_right, len(labels)),
            macro_f1=float(f1[known].mean()),
            macro_f1_interval=macro_f1_interval,
            balanced_accuracy=float(recall[known].mean()),
            balanced_accuracy_interval=balanced_interval,
            precision=precision,
            recall=recall,
            f1=f1,
            support=support.astype(np.int64),
            log_loss=float(log_loss(labels, _normalised(probabilities), labels=codes)),
            calibration_error=metrics.expected_calibration_error(labels, probabilities),
        )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def predicted(self) -> NDArray[np.int64]:
        """``(N,)`` the most probable class of each row."""
        predicted: NDArray[np.int64] = self.probabilities.argmax(1)
        return predicted

    def top_confusions(self, num: int = 5) -> list[Confusion]:
        """The most frequent errors, by count, with the rows behind them."""
        errors = self.confusion.copy()
        np.fill_diagonal(errors, 0)
        order = np.argsort(-errors, axis=None, kind="stable")[:num]
        cells = [(int(cell) // len(self.classes), int(cell) % len(self.classes)) for cell in order]
        return [self._confusion(true, wrong) for true, wrong in cells if errors[true, wrong]]

    def to_dict(self) -> dict[str, Any]:
        """All figures as plain numbers and lists, fit for JSON."""
        per_class = [
            {
                "class": name,
                "support": int(self.support[index]),
                "precision": float(self.precision[index]),
                "recall": float(self.recall[index]),
                "f1": float(self.f1[index]),
            }
            for index, name in enumerate(self.classes)
        ]
        top = [
            {"true": c.true, "predicted": c.predicted, "count": c.count, "share": c.share, "rows": c.rows.tolist()}
            for c in self.top_confusions()
        ]
        return {
            "n": len(self),
            "accuracy": self.accuracy,
            "accuracy_interval": list(self.accuracy_interval),
            "macro_f1": self.macro_f1,
            "macro_f1_interval": list(self.macro_f1_interval),
            "balanced_accuracy": self.balanced_accuracy,
            "balanced_accuracy_interval": list(self.balanced_accuracy_interval),
            "log_loss": self.log_loss,
            "calibration_error": self.calibration_error,
            "classes": list(self.classes),
            "per_class": per_class,
            "confusion": self.confusion.tolist(),
            "top_confusions": top,
        }

    def _confusion(self, true: int, wrong: int) -> Confusion:
        rows = np.flatnonzero((self.labels == true) & (self.predicted == wrong))
        rows = rows[np.argsort(-self.probabilities[rows, wrong], kind="stable")]
        count = int(self.confusion[true, wrong])
        return Confusion(self.classes[true], self.classes[wrong], count, count / int(self.support[true]), rows)


def _normalised(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    rows: NDArray[np.float64] = probabilities.astype(np.float64)
    rows /= rows.sum(1, keepdims=True)  # float32 rows sum to 1 within 1e-7, log_loss wants it closer
    return rows


def _check(labels: NDArray[np.int64], probabilities: NDArray[np.float32], classes: Sequence[str]) -> None:
    if not len(labels):
        raise DataError("There are no labelled rows to judge on: name a split that has labels.")
    if probabilities.shape != (len(labels), len(classes)):
        raise DataError(f"Probabilities must have shape ({len(labels)}, {len(classes)}), not {probabilities.shape}.")
    if labels.min() < 0 or labels.max() >= len(classes):
        raise DataError(f"Labels must lie in 0..{len(classes) - 1}, not {labels.min()}..{labels.max()}.")
    if not np.isfinite(probabilities).all():
        raise DataError("The probabilities hold numbers that are not finite.")
