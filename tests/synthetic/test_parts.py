"""How action units (FACS) move the parts of a drawn face."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.synthetic import parts
from mien.synthetic.canvas import Canvas, Pose
from mien.synthetic.drawn import new_identity
from mien.synthetic.parts import Activation, Mouth, head_outline, mouth_lines

WHO = replace(new_identity(np.random.default_rng(3)), skin=200.0, hair=30.0, mouth_rest=0.0, lashes=0.0)


def pull(**units: float) -> Activation:
    """``u12=1`` is action unit 12 on both sides."""
    acting = {int(name[1:]): strength for name, strength in units.items()}
    return Activation(acting, acting)


def corners(mouth: Mouth) -> float:
    """How far the corners hang below the middle of the upper line."""
    return float(mouth.upper[[0, -1]].mean() - mouth.upper[len(mouth.x) // 2])


def painted(part: str, activation: Activation, *more: object) -> NDArray[np.float64]:
    canvas = Canvas(Image.new("L", (96, 96), 128), Pose(), WHO.skin)
    getattr(parts, part)(canvas, WHO, activation, *more)
    return np.asarray(canvas.image, np.float64)


def test_a_unit_has_a_strength_for_each_side_and_their_mean() -> None:
    acting = Activation({12: 1.0}, {12: 0.5, 4: 0.2})
    assert [acting(12, side) for side in (-1, 1, 0)] == [1.0, 0.5, 0.75]
    assert [acting(4, side) for side in (-1, 1, 0)] == [0.0, 0.2, 0.1]
    assert acting(9) == 0


def test_outlines_are_darker_than_any_skin() -> None:
    assert all(replace(WHO, skin=skin).ink < skin / 2 for skin in (60.0, 230.0))


def test_a_jaw_drop_lengthens_the_face_and_raised_cheeks_widen_it() -> None:
    rest, dropped, smiling = (head_outline(WHO, acting) for acting in (pull(), pull(u26=1), pull(u6=1)))
    assert dropped[:, 1].max() > rest[:, 1].max() + 0.1
    assert dropped[:, 1].min() == rest[:, 1].min()
    assert smiling[:, 0].max() > rest[:, 0].max() + 0.01
    np.testing.assert_allclose(np.sort(rest[:, 0]), np.sort(-rest[:, 0]), atol=1e-9)  # both sides alike


def test_a_smile_widens_the_mouth_and_lifts_its_corners_and_sadness_lowers_them() -> None:
    rest, smile, sad = (mouth_lines(WHO, acting) for acting in (pull(), pull(u12=1), pull(u15=1)))
    assert smile.x[-1] > 1.2 * rest.x[-1]
    assert corners(smile) < corners(rest) - 0.1
    assert corners(sad) > corners(rest) + 0.09


def test_a_smile_of_one_side_moves_that_side() -> None:
    rest, one = mouth_lines(WHO, pull()), mouth_lines(WHO, Activation({}, {12: 1.0}))
    assert one.x[-1] > rest.x[-1]
    assert one.x[0] == rest.x[0]
    assert one.upper[-1] < one.upper[0]


def test_lips_keep_their_order_and_part_with_their_units() -> None:
    for units in ({}, {"u12": 1.0, "u25": 1.0}, {"u25": 1.0, "u26": 1.0}, {"u24": 1.0}, {"u27": 1.0, "u20": 1.0}):
        mouth = mouth_lines(WHO, pull(**units))
        for above, below in ((mouth.top, mouth.upper), (mouth.upper, mouth.lower), (mouth.lower, mouth.bottom)):
            assert (below - above).min() >= -1e-9
    gaps = [
        float((mouth.lower - mouth.upper).max())
        for mouth in (mouth_lines(WHO, pull()), mouth_lines(WHO, pull(u25=1, u26=1)))
    ]
    assert gaps[0] < 0.02 < 0.15 < gaps[1]


def test_the_lines_of_a_mouth_as_points_and_as_an_area() -> None:
    mouth = mouth_lines(WHO, pull())
    assert mouth.line(mouth.top).shape == (25, 2)
    area = mouth.area(mouth.top, mouth.bottom)
    np.testing.assert_array_equal(area[:25], mouth.line(mouth.top))
    np.testing.assert_array_equal(area[25:], mouth.line(mouth.bottom)[::-1])


def test_an_upper_lid_that_is_raised_shows_more_of_the_eye_and_a_closed_one_none() -> None:
    opened = []
    for units in ({"u43": 1.0}, {}, {"u5": 1.0}):
        _, top, bottom = parts._lids(WHO, pull(**units), 1)
        opened.append(float((bottom - top).max()))
    assert opened[0] < 0.5 * opened[1] < opened[1] < opened[2]


def test_brows_rise_and_sink_with_their_units() -> None:
    middle = []
    for units in ({"u1": 1.0, "u2": 1.0}, {}, {"u4": 1.0}):
        dark = painted("paint_brow", pull(**units), 1) < 128
        middle.append(float(np.flatnonzero(dark.any(1)).mean()))
    assert middle[0] < middle[1] - 2 < middle[1] < middle[2]


def test_an_open_mouth_shows_teeth_and_a_dark_inside() -> None:
    shut, opened = painted("paint_mouth", pull()), painted("paint_mouth", pull(u25=1, u26=1, u12=0.3))
    assert (opened == 242).sum() > 5
    assert (opened == 26).sum() > (shut == 26).sum() + 10
