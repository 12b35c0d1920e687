from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from mien.recipes import Augment
from mien.training.augment import augment, blur


@pytest.fixture
def batch() -> Tensor:
    """A left-to-right and top-to-bottom ramp, 64 times: (64, 32, 32) uint8."""
    y, x = np.indices((32, 32))
    return torch.from_numpy((x * 5 + y * 2).astype(np.uint8)).repeat(64, 1, 1)


def drawn(batch: Tensor, seed: int = 0, **settings: Any) -> Tensor:
    return augment(batch, Augment(**{"flip": 0.0, **settings}), torch.Generator().manual_seed(seed))[:, 0]


EVERYTHING: dict[str, Any] = {
    "flip": 0.5, "rotation": 12.0, "scale": (0.8, 1.2), "translation": 0.1, "shear": 0.1, "perspective": 0.2, "blur": 1.0,
    "noise": 10.0, "contrast": (0.7, 1.3), "brightness": 0.1, "erase": 0.5,
}  # fmt: skip


def test_nothing_set_changes_nothing(batch: Tensor) -> None:
    assert torch.equal(drawn(batch), batch.float())


def test_the_same_seed_gives_the_same_faces_and_another_seed_others(batch: Tensor) -> None:
    assert torch.equal(drawn(batch, 3, **EVERYTHING), drawn(batch, 3, **EVERYTHING))
    assert not torch.equal(drawn(batch, 3, **EVERYTHING), drawn(batch, 4, **EVERYTHING))


def test_each_face_has_its_own_draw(batch: Tensor) -> None:
    faces = drawn(batch, **EVERYTHING)
    assert len({face.numpy().tobytes() for face in faces}) == len(faces)


@pytest.mark.parametrize("part", EVERYTHING)
def test_each_part_alone_changes_faces_and_keeps_the_range(batch: Tensor, part: str) -> None:
    faces = drawn(batch, **{part: EVERYTHING[part]})
    assert faces.shape == batch.shape
    assert 0 <= faces.min() <= faces.max() <= 255
    assert not torch.equal(faces, batch.float())


def test_a_flip_mirrors_about_half_of_the_faces(batch: Tensor) -> None:
    faces = drawn(batch.repeat(10, 1, 1), flip=0.5)
    mirrored = (faces == batch[0].float().flip(1)).all(dim=(1, 2))
    kept = (faces == batch[0].float()).all(dim=(1, 2))
    assert (mirrored | kept).all()
    assert 0.4 < mirrored.float().mean() < 0.6


def test_a_flip_within_the_warp_is_a_flip(batch: Tensor) -> None:
    """With the warp's probability at zero, the projective map must be the identity or the mirror image."""
    faces = drawn(batch, flip=1.0, rotation=45.0, geometry=0.0)
    torch.testing.assert_close(faces, batch.float().flip(2), atol=1e-2, rtol=0)


def test_translation_moves_by_at_most_its_share(batch: Tensor) -> None:
    dot = torch.zeros(200, 33, 33, dtype=torch.uint8)
    dot[:, 16, 16] = 255
    faces = drawn(dot, translation=0.1)
    rows, columns = torch.meshgrid(torch.arange(33.0), torch.arange(33.0), indexing="ij")
    centre = torch.stack([(faces * axis).sum((1, 2)) / faces.sum((1, 2)) for axis in (rows, columns)]) - 16
    assert centre.abs().max() <= 0.1 * 33 + 0.1
    assert centre.abs().max() > 0.08 * 33


def test_rotation_keeps_the_distance_from_the_centre() -> None:
    dot = torch.zeros(100, 33, 33, dtype=torch.uint8)
    dot[:, 16, 26:28] = 255
    faces = drawn(dot, rotation=90.0)
    rows, columns = torch.meshgrid(torch.arange(33.0) - 16, torch.arange(33.0) - 16, indexing="ij")
    row, column = ((faces * axis).sum((1, 2)) / faces.sum((1, 2)) for axis in (rows, columns))
    torch.testing.assert_close(torch.hypot(row, column), torch.full((100,), 10.5), atol=0.3, rtol=0)
    assert torch.rad2deg(torch.atan2(row, column)).abs().max() > 75


def test_magnification_grows_what_is_seen() -> None:
    square = torch.zeros(50, 40, 40, dtype=torch.uint8)
    square[:, 15:25, 15:25] = 255
    area = drawn(square, scale=(1.5, 1.5)).sum((1, 2)) / 255
    torch.testing.assert_close(area, torch.full((50,), 225.0), atol=12, rtol=0)


def test_blur_is_scipys_gaussian() -> None:
    rng = np.random.default_rng(0)
    pictures = rng.uniform(0, 255, (4, 24, 24)).astype(np.float32)
    sigmas = [0.0, 0.5, 1.0, 1.5]
    ours = blur(torch.from_numpy(pictures)[:, None], torch.tensor(sigmas), 1.5)[:, 0].numpy()
    for picture, sigma, mine in zip(pictures, sigmas, ours, strict=True):
        expected = gaussian_filter(picture, sigma, mode="nearest", radius=5) if sigma else picture
        np.testing.assert_allclose(mine, expected, atol=0.05)


def test_noise_has_at_most_its_standard_deviation() -> None:
    gray = torch.full((64, 32, 32), 128, dtype=torch.uint8)
    deviations = (drawn(gray, noise=10.0, noise_probability=1.0) - 128).std(dim=(1, 2))
    assert deviations.max() < 11
    assert deviations.max() > 8
    assert deviations.min() < 2


def test_erasing_paints_one_rectangle_of_one_gray() -> None:
    gray = torch.full((100, 48, 48), 128, dtype=torch.uint8)
    faces = drawn(gray, erase=1.0, erase_side=(0.25, 0.5))
    for face in faces:
        painted = face != 128
        rows, columns = painted.any(1), painted.any(0)
        assert painted.sum() == rows.sum() * columns.sum()  # a full rectangle
        assert 11 <= min(rows.sum(), columns.sum()) <= max(rows.sum(), columns.sum()) <= 25
        assert len(face[painted].unique()) == 1


def test_contrast_and_brightness_act_about_the_mean(batch: Tensor) -> None:
    small = batch // 4 + 96  # far from both ends, so that nothing is clipped
    means = drawn(small, contrast=(0.5, 1.5)).mean(dim=(1, 2))
    torch.testing.assert_close(means, small.float().mean(dim=(1, 2)), atol=0.01, rtol=0)
    shifts = drawn(small, brightness=0.1).mean(dim=(1, 2)) - small.float().mean(dim=(1, 2))
    assert 20 < shifts.abs().max() <= 25.5
