"""The temperature: with a prior, an interval, and a word where it fails."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.modelfile import Spec
from mien.training import temperature
from mien.training.temperature import Temperature, log_softmax


def readings(num: int, seed: int = 0, scale: float = 2.0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits ``(num, 5)``, and labels that are drawn with just their probabilities."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(num, 5)) * scale
    labels = (log_softmax(logits) + rng.gumbel(size=(num, 5))).argmax(1)
    return logits, labels


def test_the_temperature_minimises_the_log_loss() -> None:
    logits, labels = readings(4000)
    assert Temperature.fit(logits, labels).value == pytest.approx(1.0, abs=0.06)
    best = Temperature.fit(logits * 3, labels).value
    assert best == pytest.approx(3.0, abs=0.2)
    rows = np.arange(4000)
    losses = [-log_softmax(logits * 3 / t)[rows, labels].mean() for t in (0.97 * best, best, 1.03 * best)]
    assert losses[1] == min(losses)


def test_its_interval_holds_the_truth() -> None:
    fitted = [Temperature.fit(*readings(300, seed)) for seed in range(100)]
    assert 0.88 <= np.mean([each.interval[0] <= 1 <= each.interval[1] for each in fitted]) <= 0.99


@pytest.mark.parametrize("num", [1, 5, 40, 2000])
def test_a_hold_out_that_is_all_right_does_not_make_certain(num: int) -> None:
    """Of N rows all are right, by a margin of 3: without a prior the temperature would be its lower bound."""
    logits = np.zeros((num, 7))
    logits[:, 2] = 3.0
    fitted = Temperature.fit(logits, np.full(num, 2))
    assert fitted.value > 0.3
    confidence = float(np.exp(log_softmax(logits / fitted.value))[0, 2])
    assert confidence < (num + 1.5) / (num + 2)
    assert not fitted.at_bound


def test_a_temperature_at_its_bound_is_told() -> None:
    logits, _ = readings(3000)
    nonsense = np.random.default_rng(1).integers(0, 5, 3000)
    fitted = Temperature.fit(50 * logits, nonsense)
    assert fitted.at_bound
    spec = Spec(tuple("abcde"), (8, 8), temperature=fitted.value, training={"temperature": fitted.to_dict()})
    (warning,) = temperature.warnings(spec)
    assert warning.startswith("warning: the temperature is at its bound (5.00)")
    assert temperature.warnings(Spec(tuple("abcde"), (8, 8))) == []
