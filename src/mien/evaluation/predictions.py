"""Checks of labels, probabilities and predictions from callers, with clear error messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.errors import ArgumentError, DataError

SUM_TOLERANCE = 1e-3
"""How far the sum of a row of probabilities may lie from 1, and a probability below 0."""


def check(labels: ArrayLike, probabilities: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.floating[Any]]]:
    """Labels and probabilities of the same rows.

    Args:
        labels: ``(N,)`` whole numbers from 0 to K - 1.
        probabilities: ``(N, K)``, rows summing to 1.

    Returns:
        Both as arrays.

    Raises:
        ArgumentError: one is no array of numbers.
        DataError: the numbers, or their shapes, don't fit.
    """
    rows = check_probabilities(probabilities)
    codes = check_codes(labels, rows.shape[1], "Labels")
    if len(codes) != len(rows):
        raise DataError(f"There must be one label for each row of probabilities, not {len(codes):,} and {len(rows):,}.")
    return codes, rows


def check_probabilities(probabilities: ArrayLike, num_classes: int | None = None) -> NDArray[np.floating[Any]]:
    """Probabilities ``(N, K)`` as an array of floats.

    Raises:
        ArgumentError, DataError: as for ``check``.
    """
    rows = as_array(probabilities, "Probabilities")
    if rows.dtype.kind not in "fiu":
        raise ArgumentError(f"Probabilities must be numbers, not {rows.dtype}.")
    rows = rows if rows.dtype.kind == "f" else rows.astype(np.float32)
    if rows.ndim != 2 or not rows.shape[1] or (num_classes is not None and rows.shape[1] != num_classes):
        classes = "K" if num_classes is None else num_classes
        raise DataError(f"Probabilities must have shape (N, {classes}), a column for each class, not {rows.shape}.")
    if not np.isfinite(rows).all():
        raise DataError("The probabilities hold numbers that are not finite.")
    off = np.abs(rows.sum(1, dtype=np.float64) - 1) > SUM_TOLERANCE
    wrong = np.flatnonzero(off | (rows < -SUM_TOLERANCE).any(1))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"Each row of probabilities must sum to 1, with no number below 0; row {row:,} has the sum {rows[row].sum():.4g} "
            f"and the lowest number {rows[row].min():.4g}. Logits become probabilities by softmax."
        )
    return rows


def check_codes(codes: ArrayLike, num_classes: int, what: str) -> NDArray[np.int64]:
    """Class numbers ``(N,)``, such as labels or answers, as an array of ``int64``.

    Args:
        codes: the numbers.
        num_classes: K; the numbers are in 0..K-1.
        what: name in messages, such as ``"Labels"``.

    Raises:
        ArgumentError, DataError: as for ``check``.
    """
    rows = as_array(codes, what)
    if rows.size and rows.dtype.kind not in "iu":
        raise ArgumentError(f"{what} must be whole numbers, the places of the classes from 0 on, not {rows.dtype}.")
    if rows.ndim != 1:
        raise DataError(f"{what} must have shape (N,), one number a row, not {rows.shape}.")
    if rows.size and (rows.min() < 0 or rows.max() >= num_classes):
        raise DataError(f"{what} must be in 0..{num_classes - 1}, not {rows.min()}..{rows.max()}.")
    return rows.astype(np.int64, copy=False)


def check_classes(classes: Sequence[str]) -> tuple[str, ...]:
    """Class names.

    Raises:
        ArgumentError: they aren't a list of different strings.
    """
    is_list = isinstance(classes, Sequence) and not isinstance(classes, str)
    if not is_list or not all(isinstance(name, str) and name for name in classes) or len({*classes}) < len(classes):
        raise ArgumentError(f"Classes must be a list of different names, not {classes!r:.80}.")
    return tuple(classes)


def check_shares(shares: ArrayLike, num_classes: int | None = None) -> NDArray[np.float64]:
    """Class shares ``(K,)``.

    Raises:
        ArgumentError: they aren't an array of numbers.
        DataError: their number differs from the number of classes, or one is negative or not finite.
    """
    values = as_array(shares, "Shares")
    if values.dtype.kind not in "fiu":
        raise ArgumentError(f"Shares must be numbers, not {values.dtype}.")
    fits = values.ndim == 1 and len(values) == (len(values) if num_classes is None else num_classes)
    if not fits or not len(values) or not np.isfinite(values).all() or values.min() < 0 or not values.sum():
        raise DataError(
            f"Shares must be one number of at least 0 for each of {num_classes or 'the'} classes, not all 0; they are {values.tolist()!s:.80}."
        )
    return values.astype(np.float64)


def as_array(values: ArrayLike, what: str) -> NDArray[Any]:
    """Convert values to an array of numbers of any type.

    Raises:
        ArgumentError: the values aren't an array of numbers.
    """
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        array = np.empty(0, object)
    if array.dtype == object or values is None:
        raise ArgumentError(f"{what} must be an array of numbers, not {type(values).__name__} such as {values!r:.40}.")
    return array
