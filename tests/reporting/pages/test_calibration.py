"""The section on calibration."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mien.reporting import texts
from mien.reporting.pages import calibration
from reported import judgement


@pytest.mark.parametrize(
    ("error", "loss", "words"),
    [
        (-0.01, -0.01, "calibration is better with the temperature"),
        (-0.01, 0.0, "calibration is better with the temperature"),
        (0.01, 0.0, "calibration is better without the temperature"),
        (0.01, -0.01, "with the temperature, log-loss is better and calibration error is worse"),
        (-0.01, 0.01, "with the temperature, calibration error is better and log-loss is worse"),
        (0.0, 0.0, "no relevant difference"),
    ],
)
def test_what_the_temperature_does_is_told_by_both_measures(error: float, loss: float, words: str) -> None:
    after = judgement().evaluation
    shifted = replace(after.calibration, value=after.calibration_error - error)
    before = replace(after, calibration=shifted, log_loss=after.log_loss - loss)
    assert words in calibration.calibration(judgement(), before, texts.Texts("en")).before
