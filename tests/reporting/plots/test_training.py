"""Curves of a training."""

from __future__ import annotations

from typing import Any

import pytest

import records
from mien.errors import DataError
from mien.reporting.plots.training import CurvesPlot


def test_curves_mark_the_earliest_best_epoch() -> None:
    plot = CurvesPlot(records.history(6), stop_accuracy=0.66, patience=3)
    assert plot.best_epoch == 3
    labels = [text.get_text() for text in legend_of(plot.plot().ax_)]
    assert labels == ["training rows (augmented)", "hold-out", "best epoch 3", "threshold 66%", "patience 3"]
    assert [text.get_text() for text in legend_of(plot.plot(what="loss").ax_)][-1] == "best epoch 3"
    assert plot.plot(what="learning_rate").ax_.get_legend() is None


def test_curves_of_one_epoch_and_of_none() -> None:
    ax = CurvesPlot(records.history(1)).plot().ax_
    assert ax.lines[0].get_marker() == "o"  # a line through one point would be invisible
    with pytest.raises(DataError, match="no epoch yet"):
        CurvesPlot([])


def legend_of(ax: Any) -> Any:
    legend = ax.get_legend()
    assert legend is not None
    return legend.get_texts()
