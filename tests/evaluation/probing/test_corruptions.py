"""Corruptions do what their units say, leave the originals alone, and do the same each time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.data.faceset import FaceSet
from mien.evaluation.probing import corruptions
from mien.evaluation.probing.corruptions import CORRUPTIONS, Corruption

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
        corrupted = corruption(some, severity)
        assert corrupted.shape == some.shape
        assert corrupted.dtype == np.uint8
        assert np.array_equal(corrupted, corruption(some, severity))
        assert severity == corruption.clean or not np.array_equal(corrupted, some)
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


def test_shot_noise_grows_with_the_root_of_the_light() -> None:
    dark, light = (corruptions.shot_noise(gray(level, 20), 20).astype(float).std() for level in (50, 200))
    assert light == pytest.approx(20 * np.sqrt(200 / 255), rel=0.05)
    assert dark == pytest.approx(light / 2, rel=0.05)


def test_speckle_is_a_share_of_the_gray_level() -> None:
    assert corruptions.speckle(gray(100, 20), 0.2).astype(float).std() == pytest.approx(20, rel=0.05)


def test_motion_blur_draws_a_dot_out_to_its_length() -> None:
    dots = np.repeat(dot(24, 24), 30, 0)
    blurred = corruptions.motion_blur(dots, 9).astype(float)
    y, x = np.indices((48, 48))
    weights = blurred / blurred.sum((1, 2), keepdims=True)
    spread = np.sqrt((weights * ((y - 24) ** 2 + (x - 24) ** 2)).sum((1, 2)))
    assert spread == pytest.approx(9 / np.sqrt(12), rel=0.2)  # of a line of 9 pixels, and the dot's own
    assert len({face.tobytes() for face in blurred}) > 20  # each face has a direction of its own


def test_defocus_is_a_disc_of_its_radius() -> None:
    disc = corruptions.defocus(np.pad(gray(255, 1, 1), ((0, 0), (24, 23), (24, 23))), 3)[0].astype(float)
    assert disc[24, 24] == pytest.approx(255 / (np.pi * 9), rel=0.1)
    assert disc[24, 24] == disc[24, 26]
    assert disc[24, 29] == 0


def test_gamma_is_a_power_of_the_share_of_white() -> None:
    assert (corruptions.gamma(gray(64), 2.0) == round(255 * (64 / 255) ** 2)).all()
    assert (corruptions.gamma(gray(64), 0.5) == round(255 * (64 / 255) ** 0.5)).all()


def test_side_light_falls_off_to_the_other_side() -> None:
    lit, turned = corruptions.side_light(gray(200), 0.5)[0], corruptions.side_light(gray(200), -0.5)[0]
    assert (lit[0, 0], lit[0, -1]) == (200, 100)
    assert np.array_equal(turned, lit[:, ::-1])


def test_webp_loses_more_at_a_lower_quality(faces: FaceSet) -> None:
    some = faces.images[:5].astype(float)
    errors = [np.abs(corruptions.webp(faces.images[:5], quality) - some).mean() for quality in (80, 20, 5)]
    assert errors[0] < errors[1] < errors[2]


def test_a_mask_hides_the_chin_and_sunglasses_hide_the_eyes() -> None:
    masked = corruptions.mask(gray(90, 1), 16)[0] != 90
    assert masked[47, 24]
    assert masked[33, 24]
    assert not masked[:31].any()
    glasses = corruptions.sunglasses(gray(90, 1), 11)[0] == 18
    assert glasses[18, 15]
    assert glasses[18, 33]
    assert glasses[18, 24]  # the bridge
    assert not glasses[26:].any()


def test_misplaced_crops_move_by_a_share_of_the_side() -> None:
    moved = corruptions.misplaced(np.repeat(dot(24, 24), 10, 0), 0.1)
    for face in moved:
        y, x = centre(face)
        assert np.hypot(y - 24, x - 24) == pytest.approx(4.8, abs=0.15)


def test_missized_crops_magnify_where_they_are_tight() -> None:
    face = np.pad(gray(255, 1, 24), ((0, 0), (12, 12), (12, 12)))
    for share in (-0.15, 0.15):
        middle = corruptions.missized(face, share)[0, 24].astype(float)
        assert middle.sum() / 255 == pytest.approx(24 / (1 + share), abs=0.5)
