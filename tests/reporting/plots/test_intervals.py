"""Plots of figures with intervals, and of differences of confusion matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex

from mien.evaluation.metrics import Score
from mien.reporting.plots import scores
from mien.reporting.plots.intervals import ConfusionDifferencePlot, IntervalPlot, signed_points


@pytest.mark.parametrize(("value", "tick"), [(0.0, "0"), (0.015, "+1.5"), (-0.02, "−2")])
def test_ticks_of_differences_have_signs(value: float, tick: str) -> None:
    assert signed_points(value) == tick


def test_each_figure_is_a_dot_on_its_interval_the_first_on_top() -> None:
    plot = IntervalPlot(["one", "other"], [Score(1.0, 0.5, 2.0), Score(-1.0, -3.0, 0.25)], reference=0.0)
    ax = plot.plot(label="points").ax_
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one", "other"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    lines: Any = ax.collections[0]
    ends = [segment[:, 0].tolist() for segment in lines.get_segments()]
    assert ends == [[0.5, 2.0], [-3.0, 0.25]]
    reference, dots = ax.lines
    assert set(np.asarray(reference.get_xdata()).tolist()) == {0.0}
    assert np.asarray(dots.get_xdata()).tolist() == [1.0, -1.0]
    assert ax.get_xlabel() == "points"
    assert len(IntervalPlot(["a"], [Score(0.5, 0.4, 0.6)]).plot().ax_.lines) == 1


def test_a_matrix_of_differences_is_blue_where_more_is_right_or_less_is_wrong() -> None:
    ax = ConfusionDifferencePlot(("happy", "sad"), [[3, -2], [0, -1]]).plot().ax_
    assert [text.get_text() for text in ax.texts] == ["+3", "−2", "0", "−1"]
    colours = [to_hex(patch.get_facecolor()) for patch in ax.patches]
    assert colours == [to_hex(scores.FIRST), to_hex(scores.FIRST), to_hex(scores.SECOND)]
