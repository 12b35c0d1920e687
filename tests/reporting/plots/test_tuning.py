"""Plots of a search."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import experimental
from experimental import SPACE
from mien.experiments.results import SweepResult
from mien.recipes import search_space
from mien.recipes.search_space import Choice, Range
from mien.reporting.plots import tuning
from mien.reporting.plots.tuning import STYLES, FieldPlot, TrialCurvesPlot

RESULT = experimental.sweep()


def test_each_trial_with_an_epoch_has_a_curve_the_best_on_top() -> None:
    ax = TrialCurvesPlot(RESULT).plot().ax_
    curves = [line for line in ax.lines if len(np.asarray(line.get_xdata())) > 0 and line.get_marker() in ("None", "")]
    assert len(curves) == 4
    assert np.asarray(curves[-1].get_ydata()).tolist() == list(RESULT.best_trial.curve)
    assert curves[-1].get_color() == STYLES["best"][0]
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["best trial", "finished", "stopped early"]


def test_a_field_has_a_mark_for_each_trial_that_did_not_fail() -> None:
    plot = FieldPlot(RESULT, Range("learning_rate", 0.01, 0.3, log=True))
    assert sorted(place for place, *_ in plot.points) == [0.011, 0.02, 0.05, 0.1]
    ax = plot.plot().ax_
    assert ax.get_xscale() == "log"
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.02", "0.05", "0.1"]
    assert [line.get_marker() for line in ax.lines].count("x") == 1


def test_a_choice_has_its_options_as_ticks() -> None:
    ax = FieldPlot(RESULT, Choice("network", ("tiny", "base"))).plot().ax_
    assert [label.get_text() for label in ax.get_xticklabels()] == ["tiny", "base"]
    assert sorted(float(np.asarray(line.get_xdata())[0]) for line in ax.lines) == [0, 1, 1, 1]


@pytest.fixture
def result() -> SweepResult:
    return experimental.sweep()


def test_marks_stand_where_the_trials_were(result: SweepResult) -> None:
    drawn = tuning.FieldPlot(result, search_space.axes(SPACE)[0]).plot(Figure().subplots())
    marks = sorted((float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in drawn.ax_.lines)  # type: ignore[index, arg-type]
    assert marks == [(0.011, 0.1), (0.02, 0.45), (0.05, 0.65), (0.1, 0.6)]  # the failed one has no score
    assert drawn.ax_.get_xscale() == "log"
    chosen = tuning.FieldPlot(result, search_space.axes(SPACE)[2]).plot(Figure().subplots())
    assert [label.get_text() for label in chosen.ax_.get_xticklabels()] == ["tiny", "base"]
    curves = tuning.TrialCurvesPlot(result).plot(Figure().subplots())
    legend = curves.ax_.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["best trial", "finished", "stopped early"]
