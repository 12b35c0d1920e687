"""Images in a page: faces, and faces under a saliency map."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from numpy.typing import NDArray

from mien import images
from mien.reporting import pictures


def shown(address: str, mode: str = "RGB") -> NDArray[np.uint8]:
    head, _, data = address.partition(",")
    assert head == "data:image/png;base64"
    return images.decode(base64.b64decode(data), mode)  # type: ignore[arg-type]


def test_a_face_keeps_its_pixels_unless_it_is_large() -> None:
    face = np.random.default_rng(0).integers(0, 256, (48, 40), np.uint8)
    np.testing.assert_array_equal(shown(pictures.face_url(face), "L"), face)
    assert shown(pictures.face_url(np.zeros((400, 200), np.uint8)), "L").shape == (96, 48)


def test_a_map_is_warm_where_it_speaks_for_the_class_and_cold_where_against() -> None:
    face, values = np.full((48, 48), 100, np.uint8), np.zeros((48, 48), np.float32)
    values[:, :12], values[:, -12:] = 0.5, -0.25
    red, green, blue = shown(pictures.heat_url(face, values)).astype(float).transpose(2, 0, 1)
    assert red.shape == (96, 96)
    expected = [100 + pictures.OPAQUE * (colour - 100) for colour in pictures.FOR]
    assert [float(one[48, 8]) for one in (red, green, blue)] == pytest.approx(expected, abs=1)
    half = [100 + pictures.OPAQUE * 0.5 * (colour - 100) for colour in pictures.AGAINST]
    assert [float(one[48, 88]) for one in (red, green, blue)] == pytest.approx(half, abs=2)
    assert [float(one[48, 48]) for one in (red, green, blue)] == [100, 100, 100]


def test_a_map_of_nothing_is_the_face() -> None:
    face = np.full((48, 48), 77, np.uint8)
    assert (shown(pictures.heat_url(face, np.zeros((48, 48), np.float32))) == 77).all()


def test_drawings_are_not_escaped_again() -> None:
    assert pictures.markup("<svg/>").__html__() == "<svg/>"  # type: ignore[attr-defined]
