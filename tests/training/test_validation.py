"""Validation."""

from __future__ import annotations

import math

import pytest

from mien.training import validation


@pytest.mark.parametrize(
    ("loss", "diverged"), [(1.9, False), (50.0, False), (200.0, True), (1e23, True), (math.nan, True)]
)
def test_a_loss_a_hundred_times_that_of_guessing_has_diverged(loss: float, diverged: bool) -> None:
    assert validation.has_diverged(loss, 7) == diverged
