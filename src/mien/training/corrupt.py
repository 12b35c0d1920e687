"""Batched image corruptions for training, on the device of the faces, with one strength per face.

Every function takes gray levels ``(N, 1, H, W)`` from 0 to 255 and strengths ``(N,)``. Lengths are in pixels of a 48x48 face and
scale with larger faces. ``evaluation/probing/corruptions.py`` has separate implementations on top of Pillow, so that no model is
evaluated with the code that it was trained with.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from mien.recipes import Augment
from mien.training.draws import Draws

SIDE = 48.0
"""Side of the faces that lengths refer to, in pixels."""

EYES, MOUTH = (13.0, 24.0), (29.0, 48.0)
"""First and last row of the eyes, and of mouth and chin, in the mean 48x48 face of FER2013."""

BLOCK = 8
"""Side of JPEG's blocks, in pixels."""

LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
"""JPEG's quantisation table for luminance at quality 50 (ITU-T T.81, annex K, table K.1)."""


def before_tone(x: Tensor, settings: Augment, draws: Draws) -> Tensor:
    """Corruptions of the scene: misaligned crops, light, occlusion."""

    def misaligned(x: Tensor, draws: Draws) -> Tensor:
        shift_x, shift_y, size = (draws.both_ways(settings.crop) for _ in range(3))
        return misalign(x, draws.both_ways(math.radians(settings.turn)), shift_x, shift_y, 1 + size)

    def lit(x: Tensor, draws: Draws) -> Tensor:
        gamma = draws.uniform(*(math.log(bound) for bound in settings.gamma)).exp()
        return relight(x, gamma, draws.uniform(0.0, settings.side_light), draws.both_ways(math.pi))

    x = _some(x, bool(settings.crop or settings.turn), misaligned, settings, draws)
    x = _some(x, settings.side_light > 0 or settings.gamma != (1.0, 1.0), lit, settings, draws)
    return _some(x, settings.cover > 0, lambda x, draws: cover(x, settings.cover, draws), settings, draws)


def after_blur(x: Tensor, settings: Augment, draws: Draws) -> Tensor:
    """Corruptions of the lens: motion blur, defocus, low resolution."""

    def moved(x: Tensor, draws: Draws) -> Tensor:
        length = draws.uniform(0.0, settings.motion)
        return convolve(x, line_kernels(length * _scale(x), draws.both_ways(math.pi / 2), settings.motion * _scale(x)))

    def defocused(x: Tensor, draws: Draws) -> Tensor:
        radius = draws.uniform(0.0, settings.defocus) * _scale(x)
        return convolve(x, disc_kernels(radius, settings.defocus * _scale(x)))

    x = _some(x, settings.motion > 0, moved, settings, draws)
    x = _some(x, settings.defocus > 0, defocused, settings, draws)
    lowest = math.log(settings.resolution)
    return _some(
        x, lowest < 0, lambda x, draws: shrink(x, draws.uniform(lowest, 0.0).exp() * x.shape[2]), settings, draws
    )


def after_tone(x: Tensor, settings: Augment, draws: Draws) -> Tensor:
    """Corruptions of the sensor: low contrast, shot and speckle noise; ``augment`` adds Gaussian noise separately."""
    faintest = math.log(settings.faded)
    x = _some(x, faintest < 0, lambda x, draws: fade(x, draws.uniform(faintest, 0.0).exp()), settings, draws)

    def grained(x: Tensor, draws: Draws) -> Tensor:
        return grain(x, draws.uniform(0.0, settings.shot), draws.uniform(0.0, settings.speckle), draws)

    return _some(x, settings.shot > 0 or settings.speckle > 0, grained, settings, draws)


def compression(x: Tensor, settings: Augment, draws: Draws) -> Tensor:
    """JPEG compression, the last step of the pipeline."""
    lowest = math.log(settings.jpeg)
    return _some(
        x,
        settings.jpeg < 100,
        lambda x, draws: compress(x, draws.uniform(lowest, math.log(95)).exp()),
        settings,
        draws,
    )


def _some(x: Tensor, is_on: bool, change: Callable[[Tensor, Draws], Tensor], settings: Augment, draws: Draws) -> Tensor:
    """Apply a change to a random share ``settings.corruption`` of the faces; compute nothing for the others."""
    if not is_on or not settings.corruption:
        return x
    chosen = draws.chance(settings.corruption)  # (N,)
    if x.device.type != "cpu":
        return _some_at_once(x, chosen, _most(len(x), settings.corruption), change, draws)
    rows = chosen.nonzero()[:, 0]
    if not len(rows):
        return x
    return x.index_copy(0, rows, change(x[rows], draws.of(len(rows))))


def _some_at_once(
    x: Tensor, chosen: Tensor, most: int, change: Callable[[Tensor, Draws], Tensor], draws: Draws
) -> Tensor:
    """Change the faces where ``chosen`` is 1, at most ``most``; their number isn't read from the GPU, to avoid a sync."""
    are_chosen, rows = chosen.topk(most)  # the chosen ones come first
    before = x[rows]
    after = torch.where(are_chosen.view(-1, 1, 1, 1) > 0, change(before, draws.of(most)), before)
    return x.index_copy(0, rows, after)


def _most(num: int, share: float) -> int:
    """Upper bound of a binomial count of ``num`` draws with probability ``share``: the mean plus five standard deviations."""
    return min(num, math.ceil(num * share + 5 * math.sqrt(num * share * (1 - share))) + 1)


def misalign(x: Tensor, angle: Tensor, shift_x: Tensor, shift_y: Tensor, size: Tensor) -> Tensor:
    """A crop rotated by ``angle`` (radians), shifted by shares of its side, ``size`` times as large; edge pixels are repeated."""
    cos, sin = torch.cos(angle) * size, torch.sin(angle) * size
    maps = torch.stack([cos, -sin, 2 * shift_x, sin, cos, 2 * shift_y], 1).view(-1, 2, 3)
    grid = F.affine_grid(maps, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


def relight(x: Tensor, gamma: Tensor, slope: Tensor, direction: Tensor) -> Tensor:
    """Gamma on gray levels scaled to 0..1, then light from one side: the opposite side is darker by the share ``slope``."""
    height, width = x.shape[2:]
    down, right = _places(height, x), _places(width, x)  # from -1 to 1
    along = torch.cos(direction).view(-1, 1, 1) * right + torch.sin(direction).view(-1, 1, 1) * down.view(-1, 1)
    light = 1 - slope.view(-1, 1, 1) * (0.5 + 0.5 * along.clamp(-1, 1))  # (N, H, W)
    return 255 * (x / 255).clamp(min=0).pow(gamma.view(-1, 1, 1, 1)) * light.unsqueeze(1)


def cover(x: Tensor, largest: float, draws: Draws) -> Tensor:
    """Occlusion by a rectangle of noise or of another face, a dark band over the eyes, or a plain band over mouth and chin.

    Args:
        x: ``(N, 1, H, W)``.
        largest: largest side of a rectangle, as a share of the face's side.
        draws: random numbers for kind, position and gray level.
    """
    num, _, height, width = x.shape
    kind = draws.integers(4).view(-1, 1)  # 0 noise, 1 another face, 2 eyes, 3 mouth
    side = draws.uniform(0.15, max(0.15, largest)).view(-1, 1)
    top = draws.uniform(0, 1).view(-1, 1) * (1 - side)
    left = draws.uniform(0, 1).view(-1, 1) * (1 - side)
    bottom, right = top + side, left + side
    jitter = draws.both_ways(3 / SIDE).view(-1, 1)
    for number, (first, last) in ((2, EYES), (3, MOUTH)):
        is_band = kind == number
        top = torch.where(is_band, first / SIDE + jitter, top)
        bottom = torch.where(is_band, last / SIDE + jitter, bottom)
        left, right = torch.where(is_band, 0.08, left), torch.where(is_band, 0.92, right)
    ys, xs = (_places(length, x) * 0.5 + 0.5 for length in (height, width))  # from 0 to 1
    inside = ((ys >= top) & (ys < bottom)).unsqueeze(2) & ((xs >= left) & (xs < right)).unsqueeze(1)  # (N, H, W)
    gray = draws.uniform(0, 255).view(-1, 1, 1, 1)
    noise = gray + 50 * draws.normal(tuple(x.shape))
    dark, plain = gray * 0.25, gray.expand(num, 1, 1, 1)
    kind = kind.view(-1, 1, 1, 1)
    filling = torch.where(kind == 0, noise, torch.where(kind == 1, x.roll(1, 0), torch.where(kind == 2, dark, plain)))
    return torch.where(inside.unsqueeze(1), filling, x)


def convolve(x: Tensor, kernels: Tensor) -> Tensor:
    """Convolve each image with its own kernel ``(N, k, k)``, k odd; edge pixels are repeated."""
    size = kernels.shape[1]
    padded = F.pad(x, (size // 2,) * 4, mode="replicate")
    patches = F.unfold(padded, size)  # (N, k*k, H*W)
    return torch.bmm(kernels.reshape(len(x), 1, -1), patches).view_as(x)


def line_kernels(length: Tensor, angle: Tensor, longest: float) -> Tensor:
    """Kernels ``(N, k, k)`` of motion blur: a line of ``length`` pixels at ``angle`` radians, with sum 1; no blur below 1 pixel."""
    ys, xs = _grid(longest / 2, length)
    cos, sin = torch.cos(angle).view(-1, 1, 1), torch.sin(angle).view(-1, 1, 1)
    beyond = ((xs * cos + ys * sin).abs() - (length.view(-1, 1, 1) - 1).clamp(min=0) / 2).clamp(min=0)
    aside = (ys * cos - xs * sin).abs()
    return _normalised((1 - beyond).clamp(min=0) * (1 - aside).clamp(min=0))


def disc_kernels(radius: Tensor, largest: float) -> Tensor:
    """Kernels ``(N, k, k)`` of defocus: a disc of ``radius`` pixels with a soft edge, with sum 1; no blur below 0.5 pixels."""
    ys, xs = _grid(largest, radius)
    return _normalised((radius.clamp(min=0.5).view(-1, 1, 1) + 0.5 - (ys**2 + xs**2).sqrt()).clamp(0, 1))


def shrink(x: Tensor, pixels: Tensor) -> Tensor:
    """Downsample to ``pixels`` per side by area averaging, then upsample bilinearly."""
    tables = [_shrinking(length, x.device, x.dtype) for length in x.shape[2:]]
    share = pixels / x.shape[2]
    rows, columns = (
        table[(share * len(table)).round().long().clamp(1, len(table)) - 1]
        for table in tables  # (N, L, L)
    )
    return (rows @ x[:, 0] @ columns.transpose(1, 2)).unsqueeze(1)


@functools.lru_cache(maxsize=8)
def _shrinking(length: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """``(L, L, L)``: for each size from 1 to L, the matrix that downsamples a line of L pixels to it and upsamples it again."""
    lines = torch.eye(length).unsqueeze(0)  # interpolation is linear: applied to the unit vectors, it gives its matrix
    shrunk = [F.interpolate(lines, size=size, mode="area") for size in range(1, length + 1)]
    enlarged = [F.interpolate(line, size=length, mode="linear", align_corners=False) for line in shrunk]
    return torch.cat(enlarged).transpose(1, 2).contiguous().to(device, dtype)


def fade(x: Tensor, factor: Tensor) -> Tensor:
    """Scale the contrast around each face's mean gray level by ``factor``, and round to integers as in an image file."""
    mean = x.mean(dim=(2, 3), keepdim=True)
    return (mean + (x - mean) * factor.view(-1, 1, 1, 1)).round()


def grain(x: Tensor, shot: Tensor, speckle: Tensor, draws: Draws) -> Tensor:
    """Sensor noise that increases with the gray level.

    Args:
        x: ``(N, 1, H, W)``.
        shot: standard deviation at white, in gray levels; proportional to the square root of the gray level (Poisson noise).
        speckle: standard deviation as a share of the gray level.
        draws: source of the noise.
    """
    light = x.clamp(0, 255)
    deviation = (shot.view(-1, 1, 1, 1) ** 2 * light / 255 + (speckle.view(-1, 1, 1, 1) * light) ** 2).sqrt()
    return x + deviation * draws.normal(tuple(x.shape))


def compress(x: Tensor, quality: Tensor) -> Tensor:
    """Simulate baseline JPEG at a quality from 1 to 100: quantised discrete cosine transform of 8x8 blocks.

    The quality scales the quantisation table as in libjpeg.
    """
    height, width = x.shape[2:]
    padded = F.pad(x, (0, -width % BLOCK, 0, -height % BLOCK), mode="replicate")
    quality = quality.round().clamp(1, 100)
    percent = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality).floor().view(-1, 1, 1)
    table = ((_luminance(x.device) * percent + 50) / 100).floor().clamp(1, 255)  # (N, 8, 8)
    basis = _cosines(x.device, x.dtype)
    blocks = padded.round().clamp(0, 255) - 128
    blocks = blocks.unfold(2, BLOCK, BLOCK).unfold(3, BLOCK, BLOCK)[:, 0]  # (N, H/8, W/8, 8, 8)
    table = table[:, None, None]
    kept = (basis @ blocks @ basis.T / table).round() * table
    again = (basis.T @ kept @ basis + 128).round().clamp(0, 255)
    return again.transpose(2, 3).reshape(padded.shape)[:, :, :height, :width]


@functools.lru_cache(maxsize=8)
def _luminance(device: torch.device) -> Tensor:
    """JPEG's quantisation table on a device, cached because each copy would synchronize with the device."""
    return torch.tensor(LUMINANCE, device=device)


@functools.lru_cache(maxsize=8)
def _cosines(device: torch.device, dtype: torch.dtype) -> Tensor:
    """The matrix of the orthonormal discrete cosine transform of 8 values, ``(8, 8)``: frequencies by positions."""
    places, frequencies = torch.arange(BLOCK), torch.arange(BLOCK).view(-1, 1)
    basis = torch.cos(math.pi * (places + 0.5) * frequencies / BLOCK) * math.sqrt(2 / BLOCK)
    basis[0] /= math.sqrt(2)
    return basis.to(device, dtype)


def _scale(x: Tensor) -> float:
    return x.shape[3] / SIDE


def _places(length: int, like: Tensor) -> Tensor:
    """The centres of ``length`` pixels, from -1 to 1."""
    return (torch.arange(length, device=like.device) * 2 + 1) / length - 1


def _grid(reach: float, like: Tensor) -> tuple[Tensor, Tensor]:
    """Vertical and horizontal offsets from the centre of a kernel ``(k, k)``; k is the odd size that covers ``reach``."""
    offsets = torch.arange(-math.ceil(reach), math.ceil(reach) + 1, device=like.device, dtype=like.dtype)
    return offsets.view(-1, 1), offsets.view(1, -1)


def _normalised(kernels: Tensor) -> Tensor:
    return kernels / kernels.sum(dim=(1, 2), keepdim=True)
