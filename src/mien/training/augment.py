"""Batched augmentation on the device of the faces, with independent random numbers for each face."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mien.recipes import Augment
from mien.training import corrupt as corrupting
from mien.training.draws import Draws


def augment(faces: Tensor, settings: Augment, generator: torch.Generator) -> Tensor:
    """Augment faces: ``view``, then ``corrupt``.

    Args:
        faces: ``(N, H, W)`` ``uint8``.
        settings: strength of each part.
        generator: source of all random numbers, on the device of the faces.

    Returns:
        ``(N, 1, H, W)`` ``float32`` gray levels from 0 to 255.
    """
    return corrupt(view(faces, settings, generator), settings, generator)


def view(faces: Tensor, settings: Augment, generator: torch.Generator) -> Tensor:
    """Random crops ``(N, 1, H, W)`` of faces ``(N, H, W)``: flip and geometric transform."""
    return _warp(faces.float().unsqueeze(1), settings, Draws(len(faces), generator, faces.device))


def corrupt(x: Tensor, settings: Augment, generator: torch.Generator) -> Tensor:
    """Corrupt faces ``(N, 1, H, W)``, in the order of an imaging pipeline: scene, lens, sensor, compression."""
    draws = Draws(len(x), generator, x.device)
    x = corrupting.before_tone(x, settings, draws)
    if settings.blur:
        sigma = draws.uniform(0.0, settings.blur) * draws.chance(settings.blur_probability)
        x = blur(x, sigma, settings.blur)
    x = corrupting.after_blur(x, settings, draws)
    x = _tone(x, settings, draws)
    x = corrupting.after_tone(x, settings, draws)
    if settings.noise:
        sigma = draws.uniform(0.0, settings.noise) * draws.chance(settings.noise_probability)  # (N,)
        x = x + draws.normal(tuple(x.shape)) * sigma.view(-1, 1, 1, 1)
    x = corrupting.compression(x, settings, draws)
    if settings.erase:
        x = _erase(x, settings, draws)
    return x.clamp_(0.0, 255.0)


def blur(x: Tensor, sigma: Tensor, largest: float) -> Tensor:
    """Gaussian blur with one standard deviation per image.

    Args:
        x: ``(N, 1, H, W)``.
        sigma: ``(N,)`` standard deviations in pixels; 0 is no blur.
        largest: upper bound of ``sigma`` in pixels; the kernel radius is three times this.
    """
    radius = min(math.ceil(3 * largest), min(x.shape[2:]) - 1)
    offsets = torch.arange(-radius, radius + 1, device=x.device, dtype=x.dtype)  # (T,)
    weights = torch.exp(-0.5 * (offsets / sigma.clamp(min=1e-3).unsqueeze(1)) ** 2)  # (N, T)
    weights = (weights / weights.sum(1, keepdim=True)).view(len(x), 1, 1, 1, -1)
    # One weighted sum of shifted images per axis. A grouped convolution is equivalent, but several times slower on a CPU.
    padded = F.pad(x, (radius, radius, 0, 0), mode="replicate")
    x = sum(weights[..., tap] * padded[..., tap : tap + x.shape[3]] for tap in range(2 * radius + 1))  # type: ignore[assignment] # sum starts at int 0
    padded = F.pad(x, (0, 0, radius, radius), mode="replicate")
    return sum(weights[..., tap] * padded[:, :, tap : tap + x.shape[2]] for tap in range(2 * radius + 1))  # type: ignore[return-value] # as above


def _warp(x: Tensor, settings: Augment, draws: Draws) -> Tensor:
    """Flip, rotation, scale, translation, shear and perspective as one projective transform, sampled once."""
    moves = (
        settings.rotation
        or settings.translation
        or settings.shear
        or settings.perspective
        or settings.scale != (1.0, 1.0)
    )
    mirror = 1 - 2 * draws.chance(settings.flip)  # (N,) of 1 and -1
    if not moves:
        return torch.where(mirror.view(-1, 1, 1, 1) < 0, x.flip(3), x)
    on = draws.chance(settings.geometry)  # (N,)
    angle = draws.both_ways(math.radians(settings.rotation)) * on
    low, high = (math.log(bound) for bound in settings.scale)
    shrink = torch.exp(-draws.uniform(low, high) * on)  # the transform maps output to input, so magnifying is < 1
    shear = draws.both_ways(settings.shear) * on
    shift_x, shift_y = (draws.both_ways(2 * settings.translation) * on for _ in range(2))  # the side is 2 units long
    tilt_x, tilt_y = (draws.both_ways(settings.perspective / 2) * on for _ in range(2))
    cos, sin = torch.cos(angle) * shrink, torch.sin(angle) * shrink
    # Homogeneous coordinates: input = M @ (x, y, 1), divided by the third component; coordinates are in -1..1.
    rows = [
        cos * mirror,
        shear * cos - sin,
        shift_x,
        sin * mirror,
        shear * sin + cos,
        shift_y,
        tilt_x,
        tilt_y,
        torch.ones_like(cos),
    ]
    maps = torch.stack(rows, 1).view(-1, 3, 3)  # (N, 3, 3)
    height, width = x.shape[2:]
    xs = (torch.arange(width, device=x.device) * 2 + 1) / width - 1
    ys = (torch.arange(height, device=x.device) * 2 + 1) / height - 1
    # (3, HW)
    points = torch.stack([xs.repeat(height), ys.repeat_interleave(width), torch.ones(height * width, device=x.device)])
    mapped = maps @ points  # (N, 3, HW)
    grid = (mapped[:, :2] / mapped[:, 2:]).transpose(1, 2).reshape(-1, height, width, 2)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _tone(x: Tensor, settings: Augment, draws: Draws) -> Tensor:
    """Contrast around each face's mean gray level, then brightness."""
    if settings.contrast != (1.0, 1.0):
        mean = x.mean(dim=(2, 3), keepdim=True)
        x = mean + (x - mean) * draws.uniform(*settings.contrast).view(-1, 1, 1, 1)
    if settings.brightness:
        x = x + draws.both_ways(255 * settings.brightness).view(-1, 1, 1, 1)
    return x


def _erase(x: Tensor, settings: Augment, draws: Draws) -> Tensor:
    """Replace a random rectangle by a random gray level in some of the faces (Zhong et al., Random Erasing, 2017)."""
    height, width = x.shape[2:]
    rows = torch.arange(height, device=x.device).view(1, -1, 1)
    columns = torch.arange(width, device=x.device).view(1, 1, -1)
    side_y, side_x = (draws.uniform(*settings.erase_side).view(-1, 1, 1) for _ in range(2))
    top = draws.uniform(0, 1).view(-1, 1, 1) * (1 - side_y) * height
    left = draws.uniform(0, 1).view(-1, 1, 1) * (1 - side_x) * width
    inside = (rows >= top) & (rows < top + side_y * height) & (columns >= left) & (columns < left + side_x * width)
    inside &= draws.chance(settings.erase).view(-1, 1, 1) > 0
    return torch.where(inside.unsqueeze(1), draws.uniform(0, 255).view(-1, 1, 1, 1), x)
