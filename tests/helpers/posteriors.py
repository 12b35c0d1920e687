"""Rows whose probabilities are exact, so that each decision rule is best at what it is for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHARES = np.array([0.85, 0.1, 0.05])
Rows = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Labels ``(N,)`` and probabilities ``(N, 3)``."""


def rows(num: int, seed: int) -> Rows:
    """Labels and exact posteriors of three normal classes on a line, with unequal shares."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, size=num, p=SHARES)
    x = rng.normal(size=num) + 1.5 * labels
    likelihood = np.exp(-0.5 * (x[:, None] - 1.5 * np.arange(3)) ** 2) * SHARES
    return labels, (likelihood / likelihood.sum(1, keepdims=True)).astype(np.float32)
