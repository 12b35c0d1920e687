"""Robustness to corruptions: accuracy and recall over the severity of each corruption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mien.checks import checked
from mien.errors import DataError
from mien.evaluation import metrics, predictions
from mien.evaluation.metrics import Interval
from mien.evaluation.probing.corruptions import CORRUPTIONS, Corruption
from mien.evaluation.probing.saliency import Read
from mien.progress import SILENT, Progress
from mien.typed_json import JsonObject

MOST_ROWS = 840
"""Maximum number of corrupted rows; each needs about eighty predictions."""

MOST_CORRUPTED_ROWS = 1000
"""Maximum number of rows for the mean accuracy under corruption; its 95% interval is then about ±2 points."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Predictions under one corruption at S severities, including the clean one.

    Attributes:
        corruption: the corruption.
        labels: ``(N,)`` the labels of the corrupted rows.
        num_classes: K.
        predicted: ``(S, N)`` the predictions.
        confidence: ``(S, N)`` their probabilities.
    """

    corruption: Corruption
    labels: NDArray[np.int64]
    num_classes: int
    predicted: NDArray[np.int64]
    confidence: NDArray[np.float32]

    @cached_property
    def support(self) -> NDArray[np.int64]:
        """``(K,)`` number of rows of each class."""
        return np.bincount(self.labels, minlength=self.num_classes)

    @cached_property
    def right(self) -> NDArray[np.int64]:
        """``(S, K)`` number of correctly predicted rows of each class."""
        return np.stack([self._count(said[said == self.labels]) for said in self.predicted])

    @cached_property
    def said(self) -> NDArray[np.int64]:
        """``(S, K)`` number of rows predicted as each class."""
        return np.stack([self._count(said) for said in self.predicted])

    def _count(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.bincount(codes, minlength=self.num_classes)

    @property
    def clean(self) -> int:
        """Index of the clean severity."""
        return self.corruption.severities.index(self.corruption.clean)

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Accuracy ``(S,)`` over all rows."""
        shares: NDArray[np.float64] = self.right.sum(1) / self.support.sum()
        return shares

    @property
    def recall(self) -> NDArray[np.float64]:
        """Recall ``(S, K)``; NaN for a class without rows."""
        with np.errstate(invalid="ignore"):
            shares: NDArray[np.float64] = self.right / self.support
        return shares

    @property
    def intervals(self) -> list[Interval]:
        """The 95% Wilson interval of each accuracy."""
        return [metrics.wilson(int(num), int(self.support.sum())) for num in self.right.sum(1)]

    @property
    def drop(self) -> float:
        """Mean loss of accuracy over the severities that are not clean."""
        return float(self.accuracy[self.clean] - np.delete(self.accuracy, self.clean).mean())

    @property
    def class_drops(self) -> NDArray[np.float64]:
        """Mean loss of recall ``(K,)`` of each class; NaN for a class without rows."""
        falls: NDArray[np.float64] = self.recall[self.clean] - np.delete(self.recall, self.clean, 0).mean(0)
        return falls

    @property
    def worst_place(self) -> int:
        """Index of the severity with the lowest accuracy."""
        return int(self.accuracy.argmin())

    @property
    def worst(self) -> tuple[float, float]:
        """The severity with the lowest accuracy, and that accuracy."""
        return self.corruption.severities[self.worst_place], float(self.accuracy[self.worst_place])

    @property
    def favourite(self) -> tuple[int, float]:
        """The most frequent prediction at the severity with the lowest accuracy, and its share of the predictions."""
        said = self.said[self.worst_place]
        return int(said.argmax()), float(said.max() / said.sum())

    @property
    def hurt_most(self) -> int:
        """The class with the largest loss of recall."""
        return int(np.nanargmax(self.class_drops))

    def to_dict(self, classes: Sequence[str]) -> JsonObject:
        """A dictionary for JSON, without classes that have no rows."""
        known = [(code, name) for code, name in enumerate(classes) if self.support[code]]
        points = [
            {
                "severity": severity,
                "accuracy": float(self.accuracy[place]),
                "interval": list(self.intervals[place]),
                "recall": {name: float(self.recall[place, code]) for code, name in known},
                "recall_intervals": {
                    name: list(metrics.wilson(int(self.right[place, code]), int(self.support[code])))
                    for code, name in known
                },
            }
            for place, severity in enumerate(self.corruption.severities)
        ]
        return {
            "corruption": self.corruption.name,
            "unit": self.corruption.unit,
            "clean": self.corruption.clean,
            "n": int(self.support.sum()),
            "mean_drop": self.drop,
            "class_drops": {name: float(self.class_drops[code]) for code, name in known},
            "hurt_most": classes[self.hurt_most],
            "says_at_worst": {"class": classes[self.favourite[0]], "share": self.favourite[1]},
            "points": points,
        }


@checked
def sample(labels: NDArray[np.int64], num_classes: int, most: int = MOST_ROWS, seed: int = 0) -> NDArray[np.int64]:
    """A sample with at most ``most / num_classes`` rows of each class, so that rare classes are represented.

    Returns:
        Row indices in ascending order. The accuracy on them is near balanced accuracy, not the accuracy on all rows.
    """
    labels = predictions.check_codes(labels, num_classes, "Labels")
    rng = np.random.default_rng(seed)
    each = max(1, most // num_classes)
    rows = [rng.permutation(np.flatnonzero(labels == code))[:each] for code in range(num_classes)]
    return np.sort(np.concatenate(rows))


@checked
def curves(
    read: Read,
    faces: NDArray[np.uint8],
    labels: NDArray[np.int64],
    num_classes: int,
    *,
    corruptions: Sequence[Corruption] = CORRUPTIONS,
    progress: Progress = SILENT,
) -> list[Curve]:
    """Predict faces under every corruption and severity.

    Args:
        read: the model.
        faces: ``(N, H, W)``, for example the rows of ``sample``.
        labels: ``(N,)``.
        num_classes: K.
        corruptions: the corruptions.
        progress: receives the steps.

    Raises:
        DataError: there is no face.
    """
    if not len(faces):
        raise DataError("There is no face to corrupt: name a split that has labels.")
    labels = _one_each(labels, faces, num_classes)
    clean, made = read(faces), []
    for index in progress.bar(range(len(corruptions)), "when it errs"):
        each = corruptions[index]
        given = [clean if level == each.clean else read(each(faces, level)) for level in each.severities]
        predicted = np.stack([probabilities.argmax(1) for probabilities in given])
        confidence = np.stack([probabilities.max(1) for probabilities in given]).astype(np.float32)
        made.append(Curve(each, labels, num_classes, predicted, confidence))
    return made


def _one_each(labels: NDArray[np.int64], faces: NDArray[np.uint8], num_classes: int) -> NDArray[np.int64]:
    codes = predictions.check_codes(labels, num_classes, "Labels")
    if len(codes) != len(faces):
        raise DataError(f"There must be one label for each face, not {len(codes):,} for {len(faces):,}.")
    return codes


@dataclass(frozen=True)
class CorruptedAccuracy:
    """The mean accuracy over all corruptions, with equal weights.

    Attributes:
        value: the mean over corruptions of the mean accuracy over the severities that are not clean.
        interval: 95% interval of ``value``, from the variance between rows of the share of correct predictions.
        clean: accuracy on the same rows without corruption.
        kinds: name and mean accuracy of each corruption.
        n: number of rows.
    """

    value: float
    interval: Interval
    clean: float
    kinds: tuple[tuple[str, float], ...]
    n: int

    def to_dict(self) -> JsonObject:
        """A dictionary for JSON."""
        return {
            "accuracy": self.value,
            "accuracy_interval": list(self.interval),
            "clean_accuracy": self.clean,
            "kinds": dict(self.kinds),
            "n": self.n,
        }


def corrupted_rows(num: int, most: int = MOST_CORRUPTED_ROWS) -> NDArray[np.int64]:
    """Indices of at most ``most`` random rows of ``num``, with a fixed seed, in ascending order."""
    return np.sort(np.random.default_rng(0).permutation(num)[:most])


@checked
def corrupted_accuracy(
    read: Read,
    faces: NDArray[np.uint8],
    labels: NDArray[np.int64],
    *,
    corruptions: Sequence[Corruption] = CORRUPTIONS,
    progress: Progress = SILENT,
) -> CorruptedAccuracy:
    """The mean accuracy of a model over corruptions.

    Args:
        read: the model.
        faces: ``(N, H, W)``, for example the rows of ``corrupted_rows``.
        labels: ``(N,)``.
        corruptions: the corruptions.
        progress: receives the steps.

    Raises:
        DataError: there is no face.
    """
    if not len(faces):
        raise DataError("There is no face to corrupt: name a split that has labels.")
    labels = _one_each(labels, faces, np.iinfo(np.int64).max)
    clean = (read(faces).argmax(1) == labels).mean()
    shares = []  # per corruption (N,): share of the severities at which each row is correct
    for index in progress.bar(range(len(corruptions)), "corrupted"):
        each = corruptions[index]
        levels = [level for level in each.severities if level != each.clean]
        shares.append(np.mean([read(each(faces, level)).argmax(1) == labels for level in levels], axis=0))
    return summarise(shares, [each.name for each in corruptions], float(clean))


def summarise(shares: Sequence[NDArray[np.float64]], names: Sequence[str], clean: float) -> CorruptedAccuracy:
    """The mean accuracy from each corruption's shares of correct predictions by row, ``(N,)``.

    The interval is the normal interval of a mean of independent rows, or Wilson's interval if all rows are equal.
    """
    rows = np.mean(shares, axis=0)  # (N,)
    value, n = float(rows.mean()), len(rows)
    half = 1.96 * float(rows.std(ddof=1)) / np.sqrt(n) if n > 1 else 1.0
    interval = (max(0.0, value - half), min(1.0, value + half)) if half else metrics.wilson(round(value * n), n)
    kinds = tuple((name, float(share.mean())) for name, share in zip(names, shares, strict=True))
    return CorruptedAccuracy(value, interval, clean, kinds, n)
