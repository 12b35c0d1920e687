"""Corruptions do what their units say, leave the originals alone, and do the same each time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.data.faceset import FaceSet
from mien.evaluation import corruptions
from mien.evaluation.corruptions import CORRUPTIONS, Corruption

by_name = pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda each: each.name)


def gray(level: int = 128, num: int = 3, side: int = 48) -> NDArray[np.uint8]:
    return np.full((num, side, side), level, np.uint8)


def dot(y: int, x: int) -> NDArray[np.uint8]:
    face = gray(0, 1)
    face[0, y - 1 : y + 2, x - 1 : x + 2] = 255
    return face


def centre(face: NDArray[np.uint8]) -> tuple[float, float]:
    weights = face.astype(float)
    y, x = np.indices(face.shape)
    return float((weights * y).sum() / weights.sum()), float((weights * x).sum() / weights.sum())


@by_name
def test_each_keeps_shape_and_originals_and_repeats_itself(corruption: Corruption, faces: FaceSet) -> None:
    some = faces.images[:3].copy()
    assert corruption(some, corruption.clean) is some
    assert corruption.clean in corruption.severities
    for severity in corruption.severities:
        spoilt = corruption(some, severity)
        assert spoilt.shape == some.shape
        assert spoilt.dtype == np.uint8
        assert np.array_equal(spoilt, corruption(some, severity))
        assert severity == corruption.clean or not np.array_equal(spoilt, some)
    assert np.array_equal(some, faces.images[:3])


@by_name
@pytest.mark.parametrize("shape", [(0, 48, 48), (1, 96, 64), (1, 5, 9)])
def test_each_takes_no_face_and_faces_of_any_size(corruption: Corruption, shape: tuple[int, int, int]) -> None:
    for severity in corruption.severities:
        assert corruption(np.full(shape, 7, np.uint8), severity).shape == shape


def test_noise_has_its_deviation_in_gray_levels() -> None:
    noisy = corruptions.noise(gray(num=20), 10).astype(float)
    assert noisy.std() == pytest.approx(10, rel=0.02)
    assert noisy.mean() == pytest.approx(128, abs=0.2)
    assert not np.array_equal(noisy[0], noisy[1])


def test_brightness_adds_gray_levels_and_is_cut_off() -> None:
    assert (corruptions.brightness(gray(100), 32) == 132).all()
    assert (corruptions.brightness(gray(100), -64) == 36).all()
    assert (corruptions.brightness(gray(200), 96) == 255).all()


def test_contrast_scales_about_the_own_mean() -> None:
    face = gray(100)
    face[:, :24] = 140
    assert np.unique(corruptions.contrast(face, 0.5)).tolist() == [110, 130]
    assert np.unique(corruptions.contrast(face, 2)).tolist() == [80, 160]


def test_rotation_turns_anticlockwise_and_leaves_no_black_corner() -> None:
    y, x = centre(corruptions.rotation(dot(24, 40), 30)[0])
    angle = np.degrees(np.arctan2(23.5 - y, x - 23.5))
    assert angle == pytest.approx(30, abs=3)
    assert (corruptions.rotation(gray(), 45) == 128).all()


def test_blur_spreads_a_dot_by_its_deviation() -> None:
    rows = np.arange(48)
    wide = corruptions.blur(gray(0, 1) + np.eye(48, dtype=np.uint8)[24][None, None] * np.uint8(255), 2)[0].astype(float)
    profile = wide.mean(0)
    assert np.sqrt((profile * (rows - 24) ** 2).sum() / profile.sum()) == pytest.approx(2, abs=0.25)


def test_hidden_parts_are_squares_on_eyes_and_mouth() -> None:
    ramp = np.tile(np.arange(48, dtype=np.uint8) * 5, (1, 48, 1))
    changed = corruptions.hide_mouth(ramp, 10)[0] != ramp[0]
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (33, 42, 20, 29)
    eyes = corruptions.hide_eyes(ramp, 6)[0] != ramp[0]
    assert eyes[18, 15]
    assert eyes[18, 33]
    assert not eyes[18, 24]
    assert not eyes[30:].any()
    large = corruptions.hide_mouth(np.tile(np.arange(96, dtype=np.uint8), (1, 96, 1)), 10)[0]
    assert (large[:, 50] == 48).sum() == 20  # twice the face, twice the square


def test_jpeg_loses_more_at_a_lower_quality(faces: FaceSet) -> None:
    some = faces.images[:5].astype(float)
    errors = [np.abs(corruptions.jpeg(faces.images[:5], quality) - some).mean() for quality in (95, 30, 5)]
    assert errors[0] < errors[1] < errors[2]


def test_low_resolution_leaves_so_many_values_along_a_side() -> None:
    stripes = np.tile(np.arange(48, dtype=np.uint8) % 2 * 255, (1, 48, 1))
    assert np.abs(corruptions.low_resolution(stripes, 12).astype(int) - 128).max() <= 1  # too fine to be seen
