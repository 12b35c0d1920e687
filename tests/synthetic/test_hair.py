"""Hair, beard and glasses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mien.synthetic.canvas import Canvas, Pose
from mien.synthetic.drawn import draw_face, new_identity
from mien.synthetic.hair import HAIRSTYLES, paint_back_hair, paint_beard, paint_glasses
from mien.synthetic.parts import Activation, head_outline, mouth_lines

BROWS, MOUTH, HAIR = slice(10, 22), slice(33, 45), slice(0, 6)  # rows of a 48-pixel face


@pytest.mark.parametrize("hairstyle", [name for name in HAIRSTYLES if name != "bald"])
def test_every_hairstyle_shows(hairstyle: str) -> None:
    who = replace(new_identity(np.random.default_rng(0)), skin=200.0, hair=30.0, hairstyle="bald")
    bald, other = (
        draw_face("neutral", replace(who, hairstyle=name), np.random.default_rng(1)).astype(np.float64)
        for name in ("bald", hairstyle)
    )
    assert other[HAIR].mean() < bald[HAIR].mean() - 5


def painted(part: Callable[..., None], **changes: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A gray canvas of 96 pixels before and after a part is painted on it."""
    who = replace(new_identity(np.random.default_rng(0)), skin=200.0, hair=30.0, **changes)
    canvas = Canvas(Image.new("L", (96, 96), 128), Pose(), who.skin)
    rest = Activation({}, {})
    more = {paint_beard: (head_outline(who, rest), mouth_lines(who, rest)), paint_glasses: ()}
    part(canvas, who, *more.get(part, (head_outline(who, rest),)))
    return np.full((96, 96), 128.0), np.asarray(canvas.image, np.float64)


def test_what_is_not_there_is_not_painted() -> None:
    for part, changes in (
        (paint_beard, {"beard": 0.1}),
        (paint_glasses, {"glasses": False}),
        (paint_back_hair, {"hairstyle": "short"}),
    ):
        before, after = painted(part, **changes)
        np.testing.assert_array_equal(after, before)


def test_a_beard_lies_on_the_lower_half_and_is_darker_the_fuller_it_is() -> None:
    before, light = painted(paint_beard, beard=0.3)
    _, full = painted(paint_beard, beard=1.0)
    for after in (light, full):
        assert (after[:48] == before[:48]).all()
        assert (after != before).any()
    assert full[60:].min() < light[60:].min()


def test_glasses_lie_about_the_eyes_on_both_sides() -> None:
    before, after = painted(paint_glasses, glasses=True)
    changed = after != before
    assert not changed[:30].any()
    assert not changed[70:].any()
    assert changed[:, :48].any()
    assert changed[:, 48:].any()


def test_long_hair_falls_behind_the_head_to_below_the_chin() -> None:
    _, bob = painted(paint_back_hair, hairstyle="bob")
    before, long = painted(paint_back_hair, hairstyle="long")
    rows = [np.flatnonzero((after != before).any(1)).max() for after in (bob, long)]
    assert rows[0] < rows[1] == 95


def test_hairlines_reach_from_the_left_to_the_right() -> None:
    for name, style in HAIRSTYLES.items():
        places = [x for x, _ in style.line]
        assert places == sorted(places), name
        assert name == "bald" or places[0] < -0.8 < 0.8 < places[-1], name
