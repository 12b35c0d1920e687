"""A logistic head on features: its penalty is chosen, its temperature fitted and its scores computed out of fold.

Each face and its mirror image are two rows of a fit. Rows of one group (the faces of a person, the copies of a picture) are in one
fold. Features are centred and divided by one number, so that those that vary more count more; this is folded into the weights.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from mien.errors import DataError
from mien.training.temperature import Temperature, log_softmax

PENALTIES = tuple(float(10.0**power) for power in np.arange(0.0, -4.5, -0.5))
"""Weights of the squared weights beside the mean cross-entropy that are tried, the strongest first."""

MAX_FOLDS = 5
"""Folds of the cross-validation; fewer where there are fewer groups."""

MAX_STEPS = 1000
"""Steps of L-BFGS at most."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Labelled features.

    Attributes:
        features: ``(N, C)`` of the faces.
        mirrored: ``(N, C)`` of their mirror images.
        labels: ``(N,)`` from 0 to K - 1; each class has a row.
        groups: ``(N,)`` the same number for rows that stay in one fold.
    """

    features: NDArray[np.float32]
    mirrored: NDArray[np.float32]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]

    def select(self, rows: NDArray[np.bool_]) -> Rows:
        """The rows of a mask ``(N,)``."""
        return Rows(self.features[rows], self.mirrored[rows], self.labels[rows], self.groups[rows])


@dataclass(frozen=True, eq=False)
class Head:
    """A linear layer from features to logits.

    Attributes:
        weight: ``(K, C)``.
        bias: ``(K,)``.
    """

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """``(N, C)`` to ``(N, K)``."""
        return np.asarray(features.astype(np.float64) @ self.weight.T + self.bias, np.float64)


@dataclass(frozen=True, eq=False)
class HeadFit:
    """A fitted head, and what cross-validation says of it.

    Attributes:
        head: fitted on all rows.
        penalty: the chosen one.
        temperature: fitted on the logits out of fold.
        num_folds: of the cross-validation.
        scored: ``(N,)`` which rows have probabilities out of fold: those whose class is also in other folds.
        probabilities: ``(S, K)`` of the scored rows. Neither the head nor the penalty nor the temperature behind a row has seen
            its fold.
    """

    head: Head
    penalty: float
    temperature: Temperature
    num_folds: int
    scored: NDArray[np.bool_]
    probabilities: NDArray[np.float32]


def fit(rows: Rows, num_classes: int, *, seed: int = 0, penalties: tuple[float, ...] = PENALTIES) -> HeadFit:
    """Fit a head.

    Args:
        rows: of two classes and two groups or more.
        num_classes: K.
        seed: of the division into folds.
        penalties: those to choose from, the strongest first.

    Raises:
        DataError: no class is in two folds.
    """
    folds = fold_numbers(rows, seed)
    with threadpool_limits(1):  # the products are too small to share
        logits, scored = _out_of_fold(rows, folds, num_classes, penalties)  # (P, N, K), (N,)
    if not scored.any():
        raise DataError(
            "Each class is shown by one person or one picture only, so that nothing can be scored on others: add faces."
        )
    labels, logits, folds = rows.labels[scored], logits[:, scored], folds[scored]
    probabilities = np.empty((len(labels), num_classes), np.float32)
    for fold in np.unique(folds):
        others, own = folds != fold, folds == fold
        if not others.any():  # all scored rows are in one fold
            others = own
        chosen, temperature = _choose(logits[:, others], labels[others])
        probabilities[own] = np.exp(log_softmax(logits[chosen][own] / temperature.value))
    chosen, temperature = _choose(logits, labels)
    with threadpool_limits(1):
        *_, head = _heads(rows, num_classes, penalties[: chosen + 1])
    return HeadFit(head, penalties[chosen], temperature, int(folds.max()) + 1, scored, probabilities)


def fold_numbers(rows: Rows, seed: int = 0) -> NDArray[np.int64]:
    """``(N,)`` the fold of each row: groups stay together, classes are spread as evenly as that allows."""
    num = min(MAX_FOLDS, len(np.unique(rows.groups)), int(np.bincount(rows.labels).max()))
    folds = np.zeros(len(rows.labels), np.int64)
    divider = StratifiedGroupKFold(num, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        for index, (_, held_out) in enumerate(divider.split(rows.labels, rows.labels, rows.groups)):
            folds[held_out] = index
    return folds


def _out_of_fold(
    rows: Rows, folds: NDArray[np.int64], num_classes: int, penalties: tuple[float, ...]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Logits ``(P, N, K)`` by heads of each penalty that did not see the fold, and which rows ``(N,)`` have a class that they know."""
    logits = np.zeros((len(penalties), len(rows.labels), num_classes))
    scored = np.zeros(len(rows.labels), np.bool_)
    for fold in np.unique(folds):
        own, known = folds == fold, np.unique(rows.labels[folds != fold])
        if len(known) < 2:
            continue
        scored |= own & np.isin(rows.labels, known)
        for index, head in enumerate(_heads(rows.select(~own), num_classes, penalties)):
            logits[index, own] = head.logits(rows.features[own])
    return logits, scored


def _heads(rows: Rows, num_classes: int, penalties: tuple[float, ...]) -> Iterator[Head]:
    """A head for each penalty; each fit starts from the one before. A class without rows is never the most probable one."""
    features = np.concatenate([rows.features, rows.mirrored]).astype(np.float64)
    mean, scale = features.mean(0), max(float(features.std(0).mean()), 1e-12)
    features = (features - mean) / scale
    labels = np.concatenate([rows.labels, rows.labels])
    model = LogisticRegression(max_iter=MAX_STEPS, warm_start=True)
    for penalty in penalties:
        model.set_params(C=1 / (penalty * len(labels))).fit(features, labels)
        weight, bias = model.coef_, model.intercept_
        if len(weight) == 1:  # two classes: one row, the log-odds of the second
            weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
        # Logits of the known classes are, on the mean, their mean bias: one of them is above the least bias.
        full, offsets = np.zeros((num_classes, len(mean))), np.full(num_classes, float(bias.min()))
        full[model.classes_], offsets[model.classes_] = weight / scale, bias - weight @ mean / scale
        yield Head(full, offsets)


def _choose(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[int, Temperature]:
    """The penalty whose logits ``(P, N, K)`` have the least cross-entropy, by its number, and the temperature of these logits."""
    losses = [-float(log_softmax(each)[np.arange(len(labels)), labels].mean()) for each in logits]
    chosen = int(np.argmin(losses))
    return chosen, Temperature.fit(logits[chosen], labels, cross_fitted=True)
