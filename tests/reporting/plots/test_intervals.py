from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from mien.evaluation.metrics import Score
from mien.reporting.plots import scores
from mien.reporting.plots.intervals import ConfusionDifferencePlot, IntervalPlot, signed_points


def test_rows_of_intervals_and_a_reference() -> None:
    plot = IntervalPlot(["f", "m"], [Score(0.5, 0.4, 0.6), Score(0.7, 0.6, 0.9)], reference=0.65).plot(label="accuracy")
    assert [label.get_text() for label in plot.ax_.get_yticklabels()] == ["f", "m"]
    (dots,) = (line for line in plot.ax_.lines if line.get_marker() == "o")
    assert np.asarray(dots.get_xdata()).tolist() == [0.5, 0.7]
    assert any(np.asarray(line.get_xdata()).tolist() == [0.65, 0.65] for line in plot.ax_.lines)
    assert plot.ax_.get_xlabel() == "accuracy"


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (0.05, "+5"), (-0.125, "−12.5")])
def test_ticks_are_points(value: float, text: str) -> None:
    assert signed_points(value) == text


def test_a_cell_is_blue_where_the_other_model_is_better() -> None:
    """More on the diagonal is better, more beside it is worse."""
    plot = ConfusionDifferencePlot(("a", "b"), ((3, -3), (2, -2))).plot()
    cells = {patch.get_xy(): patch.get_facecolor()[:3] for patch in plot.ax_.patches if isinstance(patch, Rectangle)}
    first, second = to_rgb(scores.FIRST), to_rgb(scores.SECOND)
    assert cells == {(0, 0): first, (1, 0): first, (0, 1): second, (1, 1): second}
    assert [text.get_text() for text in plot.ax_.texts] == ["+3", "−3", "+2", "−2"]


def test_the_difference_of_many_classes_is_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "MOST_CELLS", 1)
    plot = ConfusionDifferencePlot(("a", "b"), ((3, -3), (0, -2))).plot()
    (picture,) = plot.ax_.get_images()
    cells = np.asarray(picture.get_array())
    first, second = to_rgb(scores.FIRST), to_rgb(scores.SECOND)
    np.testing.assert_allclose(cells[0, 0], (*first, 0.58))
    np.testing.assert_allclose(cells[0, 1], (*first, 0.58))
    np.testing.assert_allclose(cells[1, 1], (*second, 0.08 + 0.5 * 2 / 3))
    assert cells[1, 0, 3] == 0
    assert not plot.ax_.texts
