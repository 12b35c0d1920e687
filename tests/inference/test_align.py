from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mien.images import Picture
from mien.inference import align


def turned(
    points: np.ndarray[tuple[int, int], np.dtype[np.float32]], degrees: float, scale: float
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    angle = np.deg2rad(degrees)
    matrix = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(points @ matrix.T + [100, 80], np.float32)


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1), (30, 2.5), (-75, 0.4), (180, 7)])
def test_similarity_brings_points_onto_points(degrees: float, scale: float) -> None:
    target = turned(align.TEMPLATE, degrees, scale)
    matrix, shift = align.similarity(align.TEMPLATE, target)
    np.testing.assert_allclose(align.TEMPLATE @ matrix.T + shift, target, atol=1e-3)


def test_a_face_at_the_template_is_cut_out_as_it_is() -> None:
    gray = np.random.default_rng(0).integers(0, 256, (120, 120), dtype=np.uint8)
    crop = align.crop(Picture(gray), align.TEMPLATE + np.array([20, 30], np.float32), (48, 48))
    np.testing.assert_array_equal(crop, gray[30:78, 20:68])


@pytest.mark.parametrize(("degrees", "scale"), [(25, 1.7), (-40, 3.2)])
def test_a_turned_face_comes_out_upright(degrees: float, scale: float) -> None:
    """A smooth picture is painted in the face's own coordinates, so its crop is known."""
    landmarks = turned(align.TEMPLATE, degrees, scale)
    matrix, shift = align.similarity(landmarks, align.TEMPLATE)
    y, x = np.mgrid[0:300, 0:300].astype(np.float32) + 0.5
    u = matrix[0, 0] * x + matrix[0, 1] * y + shift[0]
    v = matrix[1, 0] * x + matrix[1, 1] * y + shift[1]
    gray = (128 + 60 * np.sin(u / 9) + 60 * np.cos(v / 7)).clip(0, 255).astype(np.uint8)
    crop = align.crop(Picture(gray), landmarks, (48, 48))
    row, column = np.mgrid[0:48, 0:48] + 0.5
    expected = 128 + 60 * np.sin(column / 9) + 60 * np.cos(row / 7)
    inside = np.s_[12:36, 12:36]  # the picture ends at the corners
    np.testing.assert_allclose(crop[inside], expected[inside], atol=4)


def test_past_the_edge_lies_the_edges_gray() -> None:
    gray = np.full((40, 40), 77, np.uint8)
    assert (align.crop(Picture(gray), align.TEMPLATE - 30, (48, 48)) == 77).all()


def test_a_large_face_does_not_alias() -> None:
    """A checkerboard finer than the crop's pixels must become gray."""
    board = np.kron(np.indices((240, 240)).sum(0) % 2, np.ones((1, 1))).astype(np.uint8) * 255
    crop = align.crop(Picture(board), align.TEMPLATE * 5, (48, 48))
    assert abs(float(crop.mean()) - 127.5) < 4
    assert crop.std() < 16


def test_landmarks_on_one_spot_do_no_harm() -> None:
    gray = np.asarray(Image.new("L", (50, 50), 9))
    assert align.crop(Picture(gray), np.full((5, 2), 25, np.float32), (48, 48)).shape == (48, 48)
