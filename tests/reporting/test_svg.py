"""Inline SVG: plots that follow their page, and the diagram of a network."""

from __future__ import annotations

import re

import matplotlib
import pytest
from matplotlib.axes import Axes

import records
from drawn_scores import judged
from mien.reporting import svg
from mien.reporting.plots import scores
from mien.reporting.plots.training import CurvesPlot
from mien.run_record import NetworkRecord
from records import layer


@pytest.mark.parametrize("num_classes", [2, 7, 8])
def test_svg_follows_its_page_and_leaves_the_style_alone(num_classes: int) -> None:
    before = dict(matplotlib.rcParams)
    plot = scores.ConfusionPlot(judged(num_classes))
    picture = svg.from_plot(plot.plot, 300, 280, prefix="one", label='the "matrix"')
    assert dict(matplotlib.rcParams) == before
    assert picture.startswith(
        '<svg class="plot" viewBox="0 0 300 280" style="max-width:360px" role="img" aria-label="the &quot;matrix&quot;">'
    )
    assert "http" not in picture
    assert "<style" not in picture
    assert scores.INK not in picture
    assert "font-family" not in picture


def test_svg_ids_of_two_figures_do_not_meet() -> None:
    plot = CurvesPlot(records.history(4))
    one, two = (svg.from_plot(plot.plot, 300, 200, prefix=prefix, label="x") for prefix in ("one", "two"))
    ids = [set(re.findall(r'\bid="([^"]+)"', picture)) for picture in (one, two)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for picture, own in zip((one, two), ids, strict=True):
        assert set(re.findall(r'(?:url\(#|href="#)([^")]+)', picture)) == own


def test_svg_takes_chinese_and_hostile_names_without_warning() -> None:
    classes = ('<b>&"$x_1$', "a" * 40)
    plot = scores.ConfusionPlot(judged(2, classes=classes))
    picture = svg.from_plot(
        lambda ax: plot.plot(ax, words={"true": "標籤", "predicted": "判讀"}), 300, 280, prefix="p", label="x"
    )
    assert "標籤" in picture
    assert "<b>" not in picture
    assert "&lt;b&gt;&amp;" in picture
    assert "$x_1$" in picture  # no mathematics
    assert "a" * 13 + "…" in picture


def test_points_are_where_they_are_drawn_and_say_something() -> None:
    """The corners of axes that fill the figure, 300 by 200 points."""

    def draw(ax: Axes) -> None:
        ax.set(xlim=(0, 1), ylim=(0, 1), position=(0, 0, 1, 1))
        ax.set_in_layout(False)

    points = [svg.Point(0, 1, "a <b>"), svg.Point(0.5, 0.25, "c", "true=1&by=2")]
    picture = svg.from_plot(draw, 300, 200, prefix="one", label="x", points=points)
    assert picture.endswith(
        '<circle class="point" cx="0.0" cy="0.0" r="9"><title>a &lt;b&gt;</title></circle>'
        '<circle class="point" cx="150.0" cy="150.0" r="9" data-faces="true=1&amp;by=2"><title>c</title></circle></svg>'
    )
    assert "<title>" not in svg.from_plot(draw, 300, 200, prefix="one", label="x")


def test_a_point_is_in_the_middle_of_what_is_drawn_there() -> None:
    """The dot that matplotlib draws at the same place, with labels beside the axes."""

    def draw(ax: Axes) -> None:
        ax.plot([3, 400, 9000], [0.1, 0.7, 0.2], "o", color="#010203")
        ax.set(xscale="log", xlabel="x", ylabel="y")

    picture = svg.from_plot(draw, 300, 200, prefix="one", label="x", points=[svg.Point(400, 0.7, "the second")])
    drawn = re.findall(r'<use href="#[^"]+" x="([\d.]+)" y="([\d.]+)" style="fill: #010203', picture)
    (place,) = re.findall(r'<circle class="point" cx="([\d.]+)" cy="([\d.]+)"', picture)
    assert [float(one) for one in place] == pytest.approx([float(one) for one in drawn[1]], abs=0.06)


def test_blocks_run_from_weights_to_weights() -> None:
    layers = [
        layer("features.conv1", "Conv2d", 64, 64, 64), layer("features.act1", "ReLU", 64, 64, 64),
        layer("features.pool1", "MaxPool2d", 64, 32, 32), layer("features.drop1", "Dropout", 64, 32, 32),
        layer("head.drop5", "Dropout", 99), layer("head.linear1", "Linear", 12), layer("head.act5", "ReLU", 12),
        layer("head.linear2", "Linear", 7),
    ]  # fmt: skip
    found = svg.blocks(layers)
    assert [(b.kind, b.first, b.last) for b in found] == [("conv", 1, 4), ("linear", 5, 7), ("linear", 8, 8)]
    assert (found[0].output, found[0].pooled) == ((64, 64, 64), (64, 32, 32))
    assert (found[1].output, found[1].pooled) == ((12,), None)


def test_blocks_follow_residual_blocks() -> None:
    layers = [
        layer("stem.conv", "Conv2d", 8, 24, 24), layer("stem.norm", "BatchNorm2d", 8, 24, 24),
        layer("stages.0.0.conv1", "Conv2d", 8, 24, 24), layer("stages.0.0.conv2", "Conv2d", 8, 24, 24),
        layer("stages.1.0.conv1", "Conv2d", 16, 12, 12), layer("stages.1.0.shortcut.conv", "Conv2d", 16, 12, 12),
        layer("drop", "Dropout", 16), layer("linear", "Linear", 7),
    ]  # fmt: skip
    kinds = [(b.kind, b.first, b.last) for b in svg.blocks(layers)]
    assert kinds == [("conv", 1, 2), ("residual", 3, 4), ("residual", 5, 6), ("linear", 7, 8)]
    outcome = [("<i>", "#123456", 0.9), ("b", "#654321", 0.1)]
    picture = svg.diagram(NetworkRecord(tuple(layers), (1, 48, 48), 0), "data:,", outcome, label="a <network>")
    assert "&lt;i&gt;" in picture
    assert "<i>" not in picture
    assert "layers 3–4" in picture
    assert picture.count("<title>") == 4
