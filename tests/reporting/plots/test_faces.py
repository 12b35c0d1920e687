"""Plots of faces, counts and time spans."""

from __future__ import annotations

import pytest

import bars
from mien.data.faceset import FaceSet
from mien.reporting.plots.faces import CountPlot, FacesPlot, PicturePlot, ProbabilityPlot, TimelinePlot
from mien.videos.analysis import Segment


def test_counts_are_stacked() -> None:
    ax = CountPlot(["a", "b"], {"train": [3, 1], "test": [1, 2]}).plot().ax_
    assert [(bar.get_x(), bar.get_width()) for bar in bars.of(ax)] == [(0, 3), (0, 1), (3, 1), (1, 2)]
    assert ax.get_legend() is not None


def test_a_timeline_has_a_row_for_each_face_and_names_each_expression_once() -> None:
    spans = [Segment(1, 0.0, 1.5, "happy", 0.9), Segment(1, 2.0, 3.0, "sad", 0.8), Segment(4, 1.0, 2.0, "happy", 0.7)]
    ax = TimelinePlot(spans).plot().ax_
    assert [label.get_text() for label in ax.get_yticklabels()] == ["face 1", "face 4"]
    assert [bar.get_width() for bar in bars.of(ax)] == pytest.approx([1.5, 1.0, 1.0])
    assert ax.get_legend_handles_labels()[1] == ["happy", "sad"]
    assert not bars.of(TimelinePlot([]).plot().ax_)


def test_faces_and_probabilities_are_drawn(faces: FaceSet) -> None:
    assert FacesPlot(faces, 2).plot().ax_.images
    assert PicturePlot(faces.images[0]).plot().ax_.images
    assert len(ProbabilityPlot({"happy": 0.75, "sad": 0.25}).plot().ax_.patches) == 2
