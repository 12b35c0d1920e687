"""Evaluations to draw."""

from __future__ import annotations

import numpy as np

from mien import emotions
from mien.evaluation.evaluation import Evaluation


def judged(
    num_classes: int = 7, num: int = 300, absent: int | None = None, classes: tuple[str, ...] = ()
) -> Evaluation:
    """An evaluation of random rows, better than chance; the class ``absent`` has no row."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, num_classes, num)
    if absent is not None:
        labels[labels == absent] = (absent + 1) % num_classes
    logits = rng.normal(0, 1, (num, num_classes))
    logits[np.arange(num), labels] += 1.5
    probabilities = (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)
    return Evaluation.from_predictions(labels, probabilities, classes or emotions.ALL_EMOTIONS[:num_classes])
