"""Plots of a study."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import experimental
from mien import palette
from mien.errors import DataError
from mien.reporting.plots.study import ArmCurvesPlot, DifferencePlot


def test_each_arm_but_the_first_is_a_row_with_its_interval_and_its_seeds() -> None:
    arms = experimental.study().arms
    plot = DifferencePlot(arms, "accuracy")
    np.testing.assert_allclose(plot.values, [[2, 0.5, 3.5]] * 2)
    np.testing.assert_allclose(plot.seeds, [[2, 2, 2]] * 2)
    ax = plot.plot(names=["a", "b"]).ax_
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["mean, with its 95% interval", "each seed"]


def test_runs_that_do_not_belong_together_have_no_seeds() -> None:
    first, second, _ = experimental.study().arms
    assert DifferencePlot((first, replace(second, paired=False)), "accuracy").seeds == [[]]
    with pytest.raises(DataError, match="only one arm"):
        DifferencePlot((first,), "accuracy")


def test_each_trained_arm_has_a_curve_of_its_own() -> None:
    first, second, third = experimental.study().arms
    ax = ArmCurvesPlot((first, second, replace(third, curve=()))).plot().ax_
    assert [line.get_label() for line in ax.lines] == ["none", "flip_alone"]
    assert [line.get_color() for line in ax.lines] == list(palette.CURVES[:2])
    assert np.asarray(ax.lines[0].get_ydata()).tolist() == list(first.curve)
    many = [replace(first, arm=replace(first.arm, key=f"arm {number}")) for number in range(len(palette.CURVES) + 1)]
    lines = ArmCurvesPlot(many).plot().ax_.lines
    assert lines[-1].get_color() == lines[0].get_color()
    assert (lines[0].get_linestyle(), lines[-1].get_linestyle()) == ("-", "--")  # dashes of any kind are called so
