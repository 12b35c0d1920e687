"""Curves, and the canvas that takes them in head units."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mien.synthetic.canvas import VIEW, Canvas, Pose, between, curve, ellipse, ribbon

SQUARE = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
RIM = np.array([(-1.1, 0.0), (0.0, -1.1), (1.1, 1.1)])  # beyond the bulge of the face


def canvas(pose: Pose = Pose(), side: int = 88) -> Canvas:  # noqa: B008 # frozen
    return Canvas(Image.new("L", (side, side), 100), pose, skin=200.0)


def pixels(on: Canvas) -> NDArray[np.uint8]:
    return np.asarray(on.image)


def test_head_units_fill_the_view() -> None:
    on = canvas()
    np.testing.assert_allclose(
        on.to_pixels(np.array([(0.0, 0.0), (VIEW, VIEW), (-VIEW, 0)])), [(44, 44), (88, 88), (0, 44)]
    )
    np.testing.assert_allclose(canvas(Pose(zoom=2)).to_pixels(RIM), (RIM * 2 / VIEW + 1) * 44)
    np.testing.assert_allclose(
        canvas(Pose(shift=(0.1, -0.2))).to_pixels(RIM), ((RIM + np.array((0.1, -0.2))) / VIEW + 1) * 44
    )


def test_a_roll_turns_clockwise_about_the_middle() -> None:
    turned = canvas(Pose(roll=np.pi / 2)).to_pixels(np.array([(1.1, 0.0)]))
    np.testing.assert_allclose(turned, [(44, 88)], atol=1e-9)


def test_yaw_moves_what_stands_out_of_the_face_and_not_its_rim() -> None:
    straight, turned = canvas(), canvas(Pose(yaw=0.2))
    np.testing.assert_allclose(turned.to_pixels(RIM), straight.to_pixels(RIM))
    moved = turned.to_pixels(np.zeros((1, 2))) - straight.to_pixels(np.zeros((1, 2)))
    np.testing.assert_allclose(moved, [(0.2 / VIEW * 44, 0)])


def test_a_polygon_is_filled_with_its_gray_which_is_cut_off_at_black_and_white() -> None:
    for gray, seen in ((30, 30), (-5, 0), (999, 255)):
        on = canvas()
        on.fill(SQUARE, gray)
        assert pixels(on)[44, 44] == seen
        assert pixels(on)[5, 5] == 100
        assert (pixels(on) == seen).mean() == pytest.approx((1 / VIEW / 2) ** 2, abs=0.03)


def test_shading_is_soft_and_seen_only_once_it_is_settled_and_in_its_region() -> None:
    on = canvas()
    on.shade(SQUARE, 0.2)
    assert (pixels(on) == 100).all()
    on.settle(np.array([(-1.1, -1.1), (0.0, -1.1), (0.0, 1.1), (-1.1, 1.1)]))
    assert pixels(on)[44, 32] == pytest.approx(100 + 0.2 * 200, abs=3)
    assert (pixels(on)[:, 46:] == 100).all()


def test_a_fold_is_dark_and_one_too_shallow_is_left_out() -> None:
    line = curve([(-0.6, 0.0), (0.6, 0.0)])
    on, shallow = canvas(), canvas()
    on.crease(line, 1.0, width=0.1)
    shallow.crease(line, 0.05, width=0.1)
    for each in (on, shallow):
        each.settle(SQUARE * 2)
    assert pixels(on)[44, 44] < 50
    assert (pixels(shallow) == 100).all()


def test_a_spline_passes_through_its_points() -> None:
    points = np.array([(0.0, 0.0), (1.0, 2.0), (3.0, 1.0), (4.0, 4.0)])
    line = curve(points, steps=5)
    assert len(line) == 3 * 5 + 1
    np.testing.assert_allclose(line[::5], points, atol=1e-12)
    np.testing.assert_allclose(curve([(0, 0), (1, 1), (2, 2)]), np.linspace(0, 2, 13)[:, None].repeat(2, 1), atol=1e-12)
    closed = curve(points, closed=True, steps=5)
    assert len(closed) == 4 * 5
    np.testing.assert_allclose(closed[::5], points, atol=1e-12)


def test_a_ribbon_has_its_width_in_the_middle_and_its_share_at_the_ends() -> None:
    line = np.stack([np.linspace(0, 1, 11), np.zeros(11)], 1)
    outline = ribbon(line, 0.2, (0.5, 0.0))
    widths = np.abs(outline[:11, 1] - outline[11:][::-1, 1])
    np.testing.assert_allclose(widths[[0, 5, 10]], [0.1, 0.2, 0.0], atol=1e-6)


def test_an_ellipse_has_its_half_axes() -> None:
    points = ellipse(1, 2, 0.5, 0.25, 40)
    np.testing.assert_allclose(((points - np.array((1, 2))) / np.array((0.5, 0.25))) ** 2 @ np.ones(2), 1)


def test_points_are_pushed_between_two_lines() -> None:
    x, top, bottom = np.array([0.0, 1.0]), np.array([0.0, 0.0]), np.array([1.0, 2.0])
    found = between(np.array([(0.5, -1.0), (0.5, 9.0), (2.0, 0.5), (0.2, 0.3)]), x, top, bottom)
    np.testing.assert_allclose(found, [(0.5, 0), (0.5, 1.5), (1, 0.5), (0.2, 0.3)])
