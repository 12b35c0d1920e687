"""The plots: what they compute, that they draw on the axes given, and that they leave matplotlib's global state alone."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from drawn_scores import judged
from mien import emotions
from mien.errors import DataError, MissingExtraError
from mien.evaluation import metrics
from mien.evaluation.evaluation import Evaluation
from mien.reporting import svg
from mien.reporting.plots import scores


def test_confusion_plot_writes_counts_and_shares() -> None:
    evaluation = judged()
    plot = scores.ConfusionPlot(evaluation)
    for values, expected in (
        ("counts", f"{evaluation.confusion[2, 2]:,}"),
        ("shares", f"{evaluation.recall[2]:.0%}"),
    ):
        ax = Figure().add_subplot()
        assert plot.plot(ax, values=values) is plot  # type: ignore[arg-type]
        assert plot.ax_ is ax
        assert ax.texts[2 * 7 + 2].get_text() == expected
        assert [label.get_text() for label in ax.get_yticklabels()] == list(evaluation.classes)


def test_confusion_plot_of_an_absent_class_shows_a_dash() -> None:
    plot = scores.ConfusionPlot(judged(absent=1))
    assert np.isnan(plot.shares[1]).all()
    assert plot.plot(values="shares").ax_.texts[7].get_text() == "–"


def test_a_confusion_matrix_of_many_classes_is_a_picture() -> None:
    names = tuple(f"class {code:02d}" for code in range(40))
    plot = scores.ConfusionPlot(judged(40, 2000, classes=names)).plot()
    (picture,) = plot.ax_.get_images()
    alpha = np.asarray(picture.get_array())[..., 3] / 255
    assert np.abs(alpha - (0.04 + 0.96 * plot.shares)).max() < 0.01  # 256 tints of one colour
    assert not plot.ax_.texts
    assert [label.get_text() for label in plot.ax_.get_yticklabels()] == list(names[::2])


def test_calibration_plot_has_a_dot_for_each_bin_with_faces() -> None:
    plot = scores.CalibrationPlot(judged(), num_bins=10)
    lines, dots = plot.plot().ax_.collections[::2], plot.ax_.collections[1::2]
    assert (plot.shown, len(dots)) == (list(range(2, 8)), 6)  # ten faces or more
    first: Any = lines[0]
    num, confidence, accuracy = plot.bins[2]
    low, high = metrics.wilson(round(num * accuracy), int(num))
    np.testing.assert_allclose(first.get_segments()[0], [[confidence, low], [confidence, high]])


def test_bins_of_few_faces_are_drawn_where_there_are_no_others() -> None:
    plot = scores.CalibrationPlot(judged(num=5), num_bins=10)
    assert plot.shown == np.flatnonzero(plot.bins[:, 0]).tolist()


@pytest.mark.parametrize("num", [1, 300])
def test_the_coverage_plot_ends_at_the_share_of_all_errors(num: int) -> None:
    evaluation = judged(num=num)
    plot = scores.CoveragePlot(evaluation)
    assert plot.risk[-1] == pytest.approx(1 - evaluation.accuracy)
    ax = plot.plot().ax_
    assert (
        ax.texts[-1].get_text() == f"≥ {int(100 * evaluation.probabilities.max(1).min())}%"
    )  # a bound is rounded down


@pytest.mark.parametrize(
    ("share", "tick"),
    [(0.025, "2.5%"), (0.075, "7.5%"), (0.1, "10%"), (0.125, "12.5%"), (-0.025, "−2.5%"), (1.0, "100%")],
)
def test_a_tick_has_the_decimals_that_it_takes(share: float, tick: str) -> None:
    assert scores.as_percent(share) == tick


def test_the_axes_of_the_coverage_plot_say_where_their_ticks_are() -> None:
    """A model with few errors has ticks 2.5 points apart, which whole percents would show as 2, 5, 8, 10."""
    labels = np.arange(400) % 7
    probabilities = np.full((400, 7), 0.02, np.float32)
    probabilities[np.arange(400), np.where(np.arange(400) % 8, labels, (labels + 1) % 7)] = 0.88
    drawn = scores.CoveragePlot(Evaluation.from_predictions(labels, probabilities, emotions.ALL_EMOTIONS[:7])).plot()
    drawn.ax_.set_ylim(0, 0.14)
    axis = drawn.ax_.yaxis
    ticks = axis.get_majorticklocs()
    shown = [axis.get_major_formatter()(tick, None) for tick in ticks]
    assert [float(text.rstrip("%").replace("−", "-")) for text in shown] == pytest.approx(list(100 * ticks))


def test_class_shares_sum_to_one_and_counts_are_checked() -> None:
    plot = scores.ClassSharePlot(judged(), [3542, 393, 3651, 6419, 4245, 2820, 4351])
    for shares in (plot.train, plot.true, plot.predicted):
        assert shares.sum() == pytest.approx(1)
    assert plot.train[1] == pytest.approx(393 / 25421)
    assert plot.plot().ax_.get_legend() is not None
    for counts in ([1, 2], [0] * 7, [-1, 1, 1, 1, 1, 1, 1]):
        with pytest.raises(DataError, match="Training counts must be 7 numbers"):
            scores.ClassSharePlot(judged(), counts)


def test_recall_plot_starts_with_the_rarest_class_and_skips_absent_ones() -> None:
    evaluation = judged(3, absent=0)
    plot = scores.RecallPlot(evaluation, evaluation, [5, 90, 10])
    assert plot.order == [2, 1]
    labels = [label.get_text() for label in plot.plot(names=["a", "b", "c"]).ax_.get_yticklabels()]
    assert labels == ["c  9.5%", "b  85.7%"]


def test_plots_can_be_saved_without_pyplot() -> None:
    figure = scores.CalibrationPlot(judged(2)).plot().ax_.figure
    assert isinstance(figure, Figure)


def test_missing_matplotlib_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    plot = scores.ConfusionPlot(judged(2))
    with pytest.raises(MissingExtraError, match=r"'matplotlib'.*mien\[report\]"):
        plot.plot()
    with pytest.raises(MissingExtraError, match=r"mien\[report\]"):
        svg.from_plot(plot.plot, 1, 1, prefix="p", label="x")


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("rotation, scale, shift, shear only", ["rotation, scale,", "shift, shear", "only"]),
        ("不處理，logit 調整（τ = 1）", ["不處理，logit 調", "整（τ = 1）"]),
        ("with averywordthatislongerthanaline", ["with", "averywordthatislongerthanaline"]),
        ("", [""]),
    ],
)
def test_names_are_wrapped_between_words_and_chinese_characters(name: str, lines: list[str]) -> None:
    assert scores.wrapped(name).split("\n") == lines
