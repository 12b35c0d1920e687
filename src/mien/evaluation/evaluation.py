"""The Evaluation: all scores from labels and probabilities, computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import scipy  # noqa: F401 # so that a missing package is known at once; its parts are imported where they are used
from numpy.typing import ArrayLike, NDArray

from mien.display import Displayed
from mien.errors import DataError
from mien.evaluation import metrics, predictions
from mien.evaluation.metrics import Interval, Score
from mien.typed_json import JsonObject

if TYPE_CHECKING:
    from mien.display import Axes


@dataclass(frozen=True)
class Confusion:
    """One kind of error.

    Attributes:
        true: labelled class.
        predicted: predicted class.
        count: number of rows.
        share: share of the rows of the labelled class.
        rows: row indices, most confident error first.
    """

    true: str
    predicted: str
    count: int
    share: float
    rows: NDArray[np.int64]


@dataclass(frozen=True)
class ClassScores:
    """The scores of one class; None where undefined.

    Attributes:
        name: name of the class.
        support: number of rows labelled with the class.
        precision: share of correct rows among those predicted as the class.
        recall: share of correct rows among those labelled with the class.
        f1: harmonic mean of precision and recall.
    """

    name: str
    support: int
    precision: Score | None
    recall: Score | None
    f1: Score | None

    def to_dict(self) -> JsonObject:
        """A dictionary for JSON."""
        values: JsonObject = {"class": self.name, "support": self.support}
        for key, score in (("precision", self.precision), ("recall", self.recall), ("f1", self.f1)):
            values |= score.named(key) if score else {key: None, f"{key}_interval": None}
        return values


@dataclass(frozen=True, eq=False)
class Evaluation(Displayed, kind="evaluation"):
    """Scores of a model on labelled rows; ``to_frame`` has a row for each class.

    Attributes:
        classes: the K class names.
        labels: ``(N,)`` true classes.
        probabilities: ``(N, K)``.
        confusion: ``(K, K)`` counts, true class by row, predicted class by column.
        accuracy: share of correct predictions; ``accuracy_interval`` is its 95% Wilson interval.
        macro_f1: mean F1 over the classes that occur; ``macro_f1_interval`` is its 95% bootstrap interval.
        balanced_accuracy: mean recall over the classes that occur (UAR), with its 95% bootstrap interval.
        precision, recall, f1: ``(K,)`` each; NaN where undefined: precision of a class that is never predicted, recall and F1 of
            a class without rows.
        support: ``(K,)`` rows of each class.
        log_loss: mean cross-entropy in nats; ``log_loss_interval`` is Student's t interval, None for a single row.
        calibration: expected calibration error over 15 bins, its interval, and the value of a perfectly calibrated model.
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
    log_loss_interval: Interval | None
    calibration: metrics.CalibrationError

    @classmethod
    def from_predictions(cls, labels: ArrayLike, probabilities: ArrayLike, classes: Sequence[str]) -> Evaluation:
        """Evaluate predictions.

        Args:
            labels: ``(N,)`` integers from 0 to K - 1.
            probabilities: ``(N, K)``, each row sums to 1.
            classes: K different names.

        Raises:
            ArgumentError: labels or probabilities aren't numbers, or classes aren't names.
            DataError: there are no rows, shapes don't match, or a row doesn't sum to 1.
        """
        classes = predictions.check_classes(classes)
        labels, probabilities = _checked(labels, probabilities, len(classes))
        predicted = probabilities.argmax(1)
        confusion = metrics.confusions((labels * len(classes) + predicted)[None], len(classes))[0]
        by_class = metrics.per_class(labels, predicted, len(classes))
        given = np.maximum(_normalised(probabilities)[np.arange(len(labels)), labels], np.finfo(np.float64).eps)
        num_right = int(np.trace(confusion))
        macro_f1_interval, balanced_interval = metrics.bootstrap_macro(confusion)
        return cls(
            classes=tuple(classes),
            labels=labels,
            probabilities=probabilities,
            confusion=confusion,
            accuracy=num_right / len(labels),
            accuracy_interval=metrics.wilson(num_right, len(labels)),
            macro_f1=by_class.macro_f1,
            macro_f1_interval=macro_f1_interval,
            balanced_accuracy=by_class.balanced_accuracy,
            balanced_accuracy_interval=balanced_interval,
            precision=by_class.precision,
            recall=by_class.recall,
            f1=by_class.f1,
            support=by_class.support,
            log_loss=float(-np.log(given).mean()),
            log_loss_interval=metrics.mean_interval(-np.log(given), lowest=0.0),
            calibration=metrics.calibration_error(labels, probabilities),
        )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def predicted(self) -> NDArray[np.int64]:
        """``(N,)`` the most probable class of each row."""
        predicted: NDArray[np.int64] = self.probabilities.argmax(1)
        return predicted

    @property
    def calibration_error(self) -> float:
        """Expected calibration error over 15 bins."""
        return self.calibration.value

    @property
    def calibration_error_interval(self) -> Interval:
        """95% interval of the expected calibration error."""
        return self.calibration.interval

    @property
    def scores(self) -> dict[str, Score]:
        """Accuracy, macro-F1, balanced accuracy and calibration error by their names, each with its 95% interval."""
        return {
            "accuracy": Score(self.accuracy, *self.accuracy_interval),
            "macro_f1": Score(self.macro_f1, *self.macro_f1_interval),
            "balanced_accuracy": Score(self.balanced_accuracy, *self.balanced_accuracy_interval),
            "calibration_error": Score(self.calibration.value, *self.calibration.interval),
        }

    @property
    def only_answer(self) -> str | None:
        """The class that is predicted for all rows; None if several are predicted, or if there is only one row."""
        answered = np.unique(self.predicted)
        return self.classes[answered[0]] if len(answered) == 1 and len(self) > 1 else None

    def select(self, rows: NDArray[Any]) -> Evaluation:
        """The evaluation on some of the rows: a mask ``(N,)`` or indices."""
        return Evaluation.from_predictions(self.labels[rows], self.probabilities[rows], self.classes)

    @cached_property
    def by_class(self) -> tuple[ClassScores, ...]:
        """The scores of each class with 95% Wilson intervals; None where undefined."""
        scores = []
        for index, name in enumerate(self.classes):
            right, true = int(self.confusion[index, index]), int(self.support[index])
            said = int(self.confusion[:, index].sum())
            scores.append(
                ClassScores(
                    name,
                    true,
                    Score(right / said, *metrics.wilson(right, said)) if said else None,
                    Score(right / true, *metrics.wilson(right, true)) if true else None,
                    Score(2 * right / (true + said), *metrics.f1_interval(right, true + said - right))
                    if true
                    else None,
                )
            )
        return tuple(scores)

    def top_confusions(self, num: int = 5) -> list[Confusion]:
        """The ``num`` most frequent kinds of error, with their rows."""
        errors = self.confusion.copy()
        np.fill_diagonal(errors, 0)
        order = np.argsort(-errors, axis=None, kind="stable")[:num]
        cells = [(int(cell) // len(self.classes), int(cell) % len(self.classes)) for cell in order]
        return [self._confusion(true, wrong) for true, wrong in cells if errors[true, wrong]]

    def to_dict(self) -> JsonObject:
        """All scores as a dictionary for JSON."""
        shares = self.scores
        top = [
            {"true": c.true, "predicted": c.predicted, "count": c.count, "share": c.share, "rows": c.rows.tolist()}
            for c in self.top_confusions()
        ]
        return {
            "n": len(self),
            **shares["accuracy"].named("accuracy"),
            **shares["macro_f1"].named("macro_f1"),
            **shares["balanced_accuracy"].named("balanced_accuracy"),
            "log_loss": self.log_loss,
            "log_loss_interval": self.log_loss_interval and list(self.log_loss_interval),
            **shares["calibration_error"].named("calibration_error"),
            "calibration_error_if_perfect": self.calibration.if_perfect,
            "only_answer": self.only_answer,
            "classes": list(self.classes),
            "per_class": [scores.to_dict() for scores in self.by_class],
            "confusion": self.confusion.tolist(),
            "top_confusions": top,
        }

    def plot_confusion(self, ax: Axes | None = None, *, values: Literal["counts", "shares"] = "counts") -> Axes:
        """Draw the confusion matrix, true class by row.

        Args:
            ax: where to draw; None makes a new figure outside pyplot.
            values: the numbers in the cells; the tint is always the share of the true class.
        """
        return self._plot("confusion", ax, values=values)

    def plot_calibration(self, ax: Axes | None = None) -> Axes:
        """Draw the reliability diagram: accuracy over confidence, in 15 bins."""
        return self._plot("calibration", ax)

    def plot_coverage(self, ax: Axes | None = None) -> Axes:
        """Draw the risk-coverage curve: the error rate if only the most confident rows are predicted."""
        return self._plot("coverage", ax)

    def _confusion(self, true: int, wrong: int) -> Confusion:
        rows = np.flatnonzero((self.labels == true) & (self.predicted == wrong))
        rows = rows[np.argsort(-self.probabilities[rows, wrong], kind="stable")]
        count = int(self.confusion[true, wrong])
        return Confusion(self.classes[true], self.classes[wrong], count, count / int(self.support[true]), rows)


def _normalised(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    rows: NDArray[np.float64] = np.maximum(probabilities.astype(np.float64), 0)
    rows /= rows.sum(1, keepdims=True)
    return rows


def _checked(labels: ArrayLike, probabilities: ArrayLike, num_classes: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    codes, rows = predictions.as_array(labels, "Labels"), predictions.as_array(probabilities, "Probabilities")
    if not codes.size:
        raise DataError("There are no labelled rows to evaluate on: name a split that has labels.")
    if codes.ndim == 1 and rows.ndim == 2 and rows.shape != (len(codes), num_classes):
        raise DataError(f"Probabilities must have shape ({len(codes)}, {num_classes}), not {rows.shape}.")
    return predictions.check(codes, rows)


class WithEvaluation(Displayed):
    """A result that has an evaluation, and its plots."""

    if TYPE_CHECKING:  # an attribute or a property

        @property
        def evaluation(self) -> Evaluation: ...  # noqa: D102

    def plot_confusion(self, ax: Axes | None = None, *, values: Literal["counts", "shares"] = "counts") -> Axes:
        """Draw the confusion matrix; see ``Evaluation.plot_confusion``."""
        return self.evaluation.plot_confusion(ax, values=values)

    def plot_calibration(self, ax: Axes | None = None) -> Axes:
        """Draw the reliability diagram; see ``Evaluation.plot_calibration``."""
        return self.evaluation.plot_calibration(ax)

    def plot_coverage(self, ax: Axes | None = None) -> Axes:
        """Draw the risk-coverage curve; see ``Evaluation.plot_coverage``."""
        return self.evaluation.plot_coverage(ax)
