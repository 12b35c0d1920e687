"""Plots of robustness and of agreement with annotators."""

from __future__ import annotations

import numpy as np
import pytest

from mien.evaluation.judge import Judgement
from mien.evaluation.probing.findings import Findings
from mien.reporting.plots.probing import AgreementPlot, RobustnessPlot, number


def test_a_curve_has_a_line_for_each_class_the_accuracy_and_a_ring_where_it_is_clean(
    judged: Judgement, probed: Findings
) -> None:
    curve = probed.curves[0]
    ax = RobustnessPlot(curve, judged.evaluation.classes).plot().ax_
    *classes, accuracy, ring = ax.lines
    assert len(classes) == np.count_nonzero(curve.support)
    np.testing.assert_array_equal(accuracy.get_ydata(), curve.accuracy)
    assert np.asarray(ring.get_xdata()).tolist() == [curve.clean]
    assert np.asarray(ring.get_ydata()).tolist() == [curve.accuracy[curve.clean]]
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        number(value) for value in curve.corruption.severities
    ]


def test_agreement_has_a_level_for_each_tick_with_its_number_of_faces(probed: Findings) -> None:
    assert probed.agreement is not None
    ax = AgreementPlot(probed.agreement).plot().ax_
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert [label.split("n = ")[1] for label in labels] == [f"{level.n:,}" for level in probed.agreement.levels]
    confidence = ax.lines[-1]
    np.testing.assert_allclose(
        np.asarray(confidence.get_ydata(), float), [level.confidence for level in probed.agreement.levels]
    )


@pytest.mark.parametrize(("value", "tick"), [(0.5, "0.5"), (-30.0, "−30"), (1e6, "1e+06")])
def test_a_severity_is_short(value: float, tick: str) -> None:
    assert number(value) == tick
