"""The colours can be told apart, with normal sight, with deuteranopia and with protanopia; and they stand in one place."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import mien
from mien import emotions, palette

SIGHT = {
    "normal": np.eye(3),
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}
"""Machado, Oliveira and Fernandes (2009), severity 1, of linear RGB."""

TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip


def linear(colours: Sequence[str]) -> NDArray[np.float64]:
    values = np.array([[int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)] for colour in colours])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(colours: Sequence[str], sight: str) -> NDArray[np.float64]:
    """CIE L*a*b* under D65 of colours as one with that sight sees them."""
    seen = np.clip(linear(colours) @ np.array(SIGHT[sight]).T, 0, 1)
    xyz = seen @ TO_XYZ.T / TO_XYZ.sum(1)
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def least(colours: Sequence[str], sight: str) -> float:
    """The least CIE76 distance of two of the colours."""
    return min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(lab(colours, sight), 2))


def contrast(colour: str, ground: str) -> float:
    a, b = sorted(float(linear([one])[0] @ TO_XYZ[1]) for one in (colour, ground))
    return (b + 0.05) / (a + 0.05)


def test_the_distance_is_that_of_the_literature() -> None:
    known = np.array([[100.0, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20]])
    np.testing.assert_allclose(lab(["#ffffff", "#000000", "#ff0000"], "normal"), known, atol=0.02)
    assert least(["#6f8f3d", "#c8453b"], "deuteranopia") < 12  # disgust and angry, as they once were


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("colours", [palette.EXPRESSIONS, palette.EXPRESSIONS_DARK], ids=["light", "dark"])
def test_two_expressions_differ_by_at_least_37(colours: dict[str, str], sight: str) -> None:
    assert tuple(colours) == emotions.ALL_EMOTIONS
    assert least(list(colours.values()), sight) >= 37


@pytest.mark.parametrize("sight", SIGHT)
def test_two_of_seven_own_classes_differ_by_at_least_37(sight: str) -> None:
    assert least(palette.OWN[:7], sight) >= 37
    assert least(palette.OWN, sight) >= 18  # of sixteen


@pytest.mark.parametrize("num", [3, 16, 17, 60])
def test_own_classes_have_colours_of_their_own(num: int) -> None:
    names = [f"class {number}" for number in range(num)]
    given = palette.colours(["happy", *names])
    assert list(given) == ["happy", *names]
    assert len(set(given.values())) == num + 1
    assert all(re.fullmatch("#[0-9a-f]{6}", value) for value in given.values())
    assert palette.colours([*reversed(names), "happy"]) == given  # whatever the order
    assert [palette.colour(name, ("happy", *names)) for name in names] == [given[name] for name in names]


def test_a_colour_without_a_set() -> None:
    assert palette.colour("happy") == palette.colour("happy", ("sad", "calm")) == palette.EXPRESSIONS["happy"]
    assert palette.colour("calm") == palette.OWN[0]
    assert palette.colour("joy", ("calm",)) == palette.OWN[0]  # of another set


def test_a_dark_page_has_colours_that_stand_out() -> None:
    card = palette.PAGE["card"][1]
    assert all(contrast(value, card) >= 2.2 for value in (*palette.EXPRESSIONS_DARK.values(), *palette.OWN))
    assert palette.on_page("#811f21") == "light-dark(#811f21, #ab463b)"
    assert palette.on_page(palette.OWN[0]) == palette.OWN[0]


@pytest.mark.parametrize("name", ["ink", "muted", "first", "second", "third"])
@pytest.mark.parametrize("dark", [False, True])
def test_text_of_a_page_is_read_easily(name: str, dark: bool) -> None:
    grounds = [palette.PAGE[ground][dark] for ground in ("paper", "card")]
    assert all(
        contrast(palette.PAGE[name][dark], ground) >= (4.5 if name in ("ink", "muted") else 4) for ground in grounds
    )


def test_the_web_page_has_the_same_colours() -> None:
    style = (Path(mien.__file__).parent / "serving" / "page" / "style.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w{6})", part)) for part in style.split("* { box-sizing")[0].split("@media")
    )
    own = {"accent": "first"}
    for name in ("paper", "card", "ink", "muted", "rule", "field", "accent"):
        assert (light[name], dark[name]) == palette.PAGE[own.get(name, name)]


def test_letters_stand_out_from_every_colour() -> None:
    for colour in (*palette.EXPRESSIONS.values(), *palette.OWN):
        white, black = contrast(colour, "#ffffff"), contrast(colour, "#000000")
        assert palette.ink(colour) == ("white" if white > black else "black")


def test_curves_differ_in_more_than_colour() -> None:
    num = len(palette.CURVES) * len(palette.DASHES)
    pairs = {
        (palette.CURVES[number % len(palette.CURVES)], palette.DASHES[number % len(palette.DASHES)])
        for number in range(num)
    }
    assert len(pairs) == num
