from __future__ import annotations

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from mien import recipes
from mien.data.faceset import FaceSet
from mien.recipes import Augment
from mien.training import corrupt
from mien.training.augment import augment
from mien.training.draws import Draws


def some(faces: FaceSet, num: int = 8) -> Tensor:
    return torch.from_numpy(faces.images[:num]).float().unsqueeze(1)


def draws(num: int) -> Draws:
    return Draws(num, torch.Generator().manual_seed(0), torch.device("cpu"))


@pytest.mark.parametrize("quality", [5, 20, 50, 90])
def test_compression_is_jpegs_own(faces: FaceSet, quality: int) -> None:
    """Pillow's libjpeg and the cosine transform here differ by rounding: on average by far less than a gray level."""
    ours = corrupt.compress(some(faces), torch.full((8,), float(quality)))[:, 0].numpy()
    for face, mine in zip(faces.images[:8], ours, strict=True):
        buffer = io.BytesIO()
        Image.fromarray(face).save(buffer, "JPEG", quality=quality)
        theirs = np.asarray(Image.open(buffer)).astype(float)
        assert np.abs(theirs - mine).mean() < 0.5
        assert (np.abs(theirs - mine) <= 2).mean() > 0.95  # a coefficient at the rim of rounding moves its whole block


def test_compression_takes_sides_that_are_no_multiple_of_eight() -> None:
    x = torch.full((2, 1, 13, 21), 77.0)
    torch.testing.assert_close(corrupt.compress(x, torch.tensor([10.0, 80.0])), x, atol=8, rtol=0)


@pytest.mark.parametrize("pixels", [8, 16, 24])
def test_shrinking_is_by_areas_and_enlarging_bilinear(faces: FaceSet, pixels: int) -> None:
    ours = corrupt.shrink(some(faces), torch.full((8,), float(pixels)))[:, 0].numpy()
    for face, mine in zip(faces.images[:8], ours, strict=True):
        small = Image.fromarray(face).resize((pixels, pixels), Image.Resampling.BOX)
        theirs = np.asarray(small.resize((48, 48), Image.Resampling.BILINEAR)).astype(float)
        assert np.abs(theirs - mine).max() <= 2  # Pillow rounds in between


def test_every_face_has_its_own_size() -> None:
    stripes = (torch.arange(48) % 2 * 255.0).repeat(2, 1, 48, 1)
    shrunk = corrupt.shrink(stripes, torch.tensor([48.0, 12.0]))
    torch.testing.assert_close(shrunk[0], stripes[0])
    assert (shrunk[1] - 127.5).abs().max() < 1


def test_motion_spreads_along_its_line_and_not_across() -> None:
    kernel = corrupt.line_kernels(torch.tensor([7.0]), torch.tensor([0.0]), 7.0)[0]
    middle = len(kernel) // 2
    assert kernel.sum() == pytest.approx(1)
    torch.testing.assert_close(kernel[middle, middle - 3 : middle + 4], torch.full((7,), 1 / 7))
    assert kernel[middle].sum() == pytest.approx(1)


def test_defocus_is_a_disc() -> None:
    kernel = corrupt.disc_kernels(torch.tensor([3.0, 0.0]), 3.0)
    assert kernel[0, 3, 3] == pytest.approx(1 / (math.pi * 9), rel=0.1)
    assert kernel[1, 3, 3] == 1  # no radius, no change
    torch.testing.assert_close(kernel[0], kernel[0].T)


def test_kernels_are_applied_each_to_its_own_face(faces: FaceSet) -> None:
    kernels = corrupt.disc_kernels(torch.tensor([0.0] * 4 + [3.0] * 4), 3.0)
    blurred = corrupt.convolve(some(faces), kernels)
    torch.testing.assert_close(blurred[:4], some(faces)[:4])
    assert (blurred[4:] - some(faces)[4:]).abs().mean() > 1


def test_noise_of_the_sensor_grows_with_the_light() -> None:
    gray = torch.tensor([50.0, 200.0]).view(2, 1, 1, 1).expand(2, 1, 96, 96)
    shot = corrupt.grain(gray, torch.full((2,), 20.0), torch.zeros(2), draws(2)).std(dim=(1, 2, 3))
    torch.testing.assert_close(shot, 20 * (gray[:, 0, 0, 0] / 255).sqrt(), rtol=0.05, atol=0)
    speckle = corrupt.grain(gray, torch.zeros(2), torch.full((2,), 0.1), draws(2)).std(dim=(1, 2, 3))
    torch.testing.assert_close(speckle, 0.1 * gray[:, 0, 0, 0], rtol=0.05, atol=0)


def test_light_from_one_side_leaves_the_other_darker() -> None:
    gray = torch.full((1, 1, 48, 48), 200.0)
    lit = corrupt.relight(gray, torch.ones(1), torch.tensor([0.5]), torch.zeros(1))[0, 0]
    assert lit[0, 0] == pytest.approx(200, rel=0.01)
    assert lit[0, -1] == pytest.approx(100, rel=0.02)
    gamma = corrupt.relight(gray, torch.tensor([2.0]), torch.zeros(1), torch.zeros(1))
    assert gamma[0, 0, 5, 5] == pytest.approx(255 * (200 / 255) ** 2, rel=1e-4)


def test_fading_keeps_the_mean_and_whole_gray_levels(faces: FaceSet) -> None:
    faded = corrupt.fade(some(faces), torch.full((8,), 0.1))
    assert torch.equal(faded, faded.round())
    torch.testing.assert_close(faded.mean(dim=(1, 2, 3)), some(faces).mean(dim=(1, 2, 3)), atol=0.5, rtol=0)
    assert (faded.std(dim=(1, 2, 3)) < 0.15 * some(faces).std(dim=(1, 2, 3))).all()


def test_a_turned_crop_turns_about_the_middle() -> None:
    x = torch.zeros(1, 1, 49, 49)
    x[0, 0, 24, 40] = 255  # right of the middle
    turned = corrupt.misalign(x, torch.tensor([math.pi / 2]), torch.zeros(1), torch.zeros(1), torch.ones(1))[0, 0]
    row, column = divmod(int(turned.argmax()), 49)
    assert {row, column} == {24, 8} or {row, column} == {24, 40}
    assert column == 24


def test_covers_leave_most_of_a_face_and_hide_some(faces: FaceSet) -> None:
    x = some(faces).repeat(20, 1, 1, 1)
    changed = (corrupt.cover(x, 0.4, draws(len(x))) != x).float().mean(dim=(1, 2, 3))
    assert (changed > 0).all()
    assert changed.max() < 0.5


PARTS = {
    "crop": 0.1, "turn": 30.0, "gamma": (0.5, 2.0), "side_light": 0.5, "cover": 0.4, "motion": 6.0, "defocus": 3.0,
    "resolution": 0.2, "faded": 0.2, "shot": 30.0, "speckle": 0.3, "jpeg": 10,
}  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_each_part_changes_its_share_of_the_faces_and_only_where_it_is_on(faces: FaceSet, part: str) -> None:
    batch = torch.from_numpy(faces.images[:20]).repeat(10, 1, 1)
    settings = Augment(flip=0.0, corruption=0.5, **{part: PARTS[part]})  # type: ignore[arg-type] # values of many types
    changed = augment(batch, settings, torch.Generator().manual_seed(0))[:, 0]
    assert 0 <= changed.min() <= changed.max() <= 255
    share = (changed != batch).any(dim=(1, 2)).float().mean()
    assert 0.3 < share < 0.65
    off = Augment(flip=0.0, corruption=0.0, **{part: PARTS[part]})  # type: ignore[arg-type] # as above
    assert torch.equal(augment(batch, off, torch.Generator().manual_seed(0))[:, 0], batch.float())


@pytest.mark.parametrize("name", ["robust", "strong"])
def test_named_augmentations_leave_faces_in_range_at_any_size(faces: FaceSet, name: str) -> None:
    batch = torch.nn.functional.interpolate(some(faces, 40), (40, 40))[:, 0].byte()
    changed = augment(batch, recipes.AUGMENTS[name](), torch.Generator().manual_seed(0))
    assert changed.shape == (40, 1, 40, 40)
    assert torch.isfinite(changed).all()
    assert 0 <= changed.min() <= changed.max() <= 255


def test_on_a_gpu_the_same_faces_are_changed_without_counting_them(faces: FaceSet) -> None:
    x = some(faces, 64)
    chosen = draws(64).chance(0.3)
    most = corrupt._most(64, 0.3)
    changed = corrupt._some_at_once(x, chosen, most, lambda part, _: 255 - part, draws(64))
    assert chosen.sum() < most < 64
    assert torch.equal(changed, torch.where(chosen.view(-1, 1, 1, 1) > 0, 255 - x, x))
    assert [corrupt._most(num, 0.08) for num in (1, 8, 128, 1024)] == [1, 6, 27, 127]


@pytest.mark.parametrize("name", ["robust", "strong"])
def test_everything_is_made_on_the_faces_device_and_nothing_is_read_back(name: str) -> None:
    """The device ``meta`` has shapes and no numbers: it refuses tensors of another device, and whatever needs a number."""
    faces = torch.zeros(32, 48, 48, dtype=torch.uint8, device="meta")
    seen = augment(faces, recipes.AUGMENTS[name](), torch.Generator().manual_seed(0))
    assert seen.device.type == "meta"
    assert seen.shape == (32, 1, 48, 48)
