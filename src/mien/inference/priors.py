"""Prior shift: adjust probabilities to other class shares than those of the training, and estimate the shares from faces.

A model's probabilities hold for the class frequencies of its training. For other frequencies, each probability is multiplied by
the ratio of the class's new share to its share in training, and the row is normalised (Bayes' rule). Unknown shares are estimated
from the probabilities of the faces, by expectation-maximisation: M. Saerens, P. Latinne and C.
Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori Probabilities", Neural Computation 14, 2002.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mien import emotions
from mien.errors import ArgumentError, DataError, ModelFileError
from mien.modelfile import Spec
from mien.words import counted

AUTO = "auto"
"""The prior that is estimated from the faces."""

MIN_FACES = 50
"""Minimum number of faces for an estimate."""

MOST_STEPS, TOLERANCE = 10_000, 1e-7
"""Maximum number of steps of the estimation, and the change of a share below which it has converged."""

SLACK = 0.01
"""Maximum deviation from 1 of the sum of stated shares, for rounding."""

TINY = 1e-12

Shares = NDArray[np.float64]  # (K,), above 0, with the sum 1


def shift(probabilities: NDArray[np.float32], offsets: Sequence[float] | Shares) -> NDArray[np.float32]:
    """Probabilities ``(N, K)`` with offsets ``(K,)`` added to their logarithms, normalised again."""
    logs = np.log(np.maximum(probabilities, TINY)) + np.asarray(offsets, np.float32)
    rows = np.exp(logs - logs.max(1, keepdims=True, initial=-np.inf))
    shifted: NDArray[np.float32] = rows / rows.sum(1, keepdims=True)
    return shifted


def offsets(before: Shares, after: Shares) -> Shares:
    """The offsets for ``shift`` that adjust probabilities from class shares ``before`` to ``after``."""
    return np.asarray(np.log(after) - np.log(before), np.float64)


def estimate(probabilities: NDArray[np.float32], shares: Shares) -> Shares:
    """Estimate the class shares among faces from their probabilities.

    Args:
        probabilities: ``(N, K)``, calibrated for ``shares``.
        shares: ``(K,)``.

    Raises:
        DataError: there are fewer than ``MIN_FACES`` faces.
    """
    num = len(probabilities)
    if num < MIN_FACES:
        raise DataError(
            f"Class shares can't be estimated from {counted(num, 'face')}; at least {MIN_FACES} are needed: state them, as in "
            "--prior neutral=0.5,happy=0.3, or leave --prior out."
        )
    rows, found = probabilities.astype(np.float64), shares
    for _ in range(MOST_STEPS):
        weighted = rows * (found / shares)
        after = (weighted / weighted.sum(1, keepdims=True)).mean(0)
        change, found = float(np.abs(after - found).max()), after
        if change < TOLERANCE:
            break
    found = np.maximum(found, 0.5 / num)  # half a face, so that its logarithm is finite
    return np.asarray(found / found.sum(), np.float64)


def read(prior: str | Mapping[str, float], classes: Sequence[str], known: Shares) -> Shares:
    """Parse stated class shares.

    Args:
        prior: such as ``"neutral=0.5,happy=0.3"``, or a mapping. Other classes share the rest in the proportions of ``known``.
        classes: the K class names.
        known: shares ``(K,)`` of the training.

    Raises:
        ArgumentError: a class is unknown or named twice, a share is not a number above 0, or the shares don't sum to 1.
    """
    stated = _stated(prior, classes)
    given = np.array([stated.get(name, 0.0) for name in classes])
    total, others = float(given.sum()), np.array([name not in stated for name in classes])
    if (others.any() and total >= 1) or (not others.any() and abs(total - 1) > SLACK):
        wanted = "less than 1, as other classes need a share too" if others.any() else "1"
        raise ArgumentError(f"The shares of the prior add up to {total:g}, and must add up to {wanted}.")
    if others.any():
        given[others] = known[others] / known[others].sum() * (1 - total)
    return np.asarray(given / given.sum(), np.float64)


def checked_shares(shares: NDArray[np.float64], num: int) -> Shares:
    """Check shares given as an array; returns them unchanged.

    Raises:
        ArgumentError: they are not ``num`` numbers above 0 that sum to 1.
    """
    right = shares.shape == (num,) and shares.dtype.kind == "f" and bool((shares > 0).all())
    if not right or not abs(float(shares.sum()) - 1) <= SLACK:
        raise ArgumentError(f"The prior as an array must be {num} shares above 0 that add up to 1.")
    return shares


def in_words(shares: Shares, classes: Sequence[str]) -> str:
    """Shares as text that ``read`` accepts: ``angry=0.1200,disgust=0.0150,…``."""
    return ",".join(f"{name}={share:.4f}" for name, share in zip(classes, shares.tolist(), strict=True))


def training_shares(spec: Spec, name: str) -> Shares:
    """The class shares ``(K,)`` of the rows that a model was trained on.

    The model file has the number of training rows of each class. An older file has them only in its decision ``balanced``, whose
    offsets are the logarithms of the shares times one factor, which follows from the sum of the shares.

    Raises:
        ModelFileError: it has neither.
    """
    counts = spec.training.get("class_counts")
    if isinstance(counts, Mapping) and all(_is_count(counts.get(label)) for label in spec.classes):
        present = np.maximum([float(counts[label]) for label in spec.classes], 0.5)
        return np.asarray(present / present.sum(), np.float64)
    logs = np.abs(np.asarray(spec.decisions.get("balanced", ()), np.float64))
    if len(logs) < 2 or not (logs > 0).all():
        raise ModelFileError(
            f"'{name}' has no class shares of its training, so its probabilities can't be adjusted: export it again."
        )
    low, high = float(logs.min()) * 1e-3, float(logs.max()) * 1e3
    for _ in range(200):
        factor = (low * high) ** 0.5
        low, high = (factor, high) if np.exp(-logs / factor).sum() < 1 else (low, factor)
    shares = np.exp(-logs / high)
    return np.asarray(shares / shares.sum(), np.float64)


def _stated(prior: str | Mapping[str, float], classes: Sequence[str]) -> dict[str, float]:
    parts = [part.partition("=") for part in prior.split(",")] if isinstance(prior, str) else None
    pairs = [(name, value) for name, _, value in parts] if parts is not None else list(prior.items())  # type: ignore[union-attr] # not a string here
    stated: dict[str, float] = {}
    for given, value in ((str(given), value) for given, value in pairs):
        name = given.strip() if given.strip() in classes else emotions.canonical(given)
        if name is None or name not in classes:
            raise ArgumentError(f"The prior names '{given.strip()}', but the model's classes are {', '.join(classes)}.")
        if name in stated:
            raise ArgumentError(f"The prior names '{name}' twice.")
        stated[name] = _share(name, value)
    return stated


def _share(name: str, value: object) -> float:
    try:
        share = float(value)  # type: ignore[arg-type] # what is no number is refused just below
    except (TypeError, ValueError):
        share = float("nan")
    if not 0 < share < 1:
        raise ArgumentError(f"The prior's share of '{name}' must be a number above 0 and below 1, not '{value}'.")
    return share


def _is_count(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value < 1e12
