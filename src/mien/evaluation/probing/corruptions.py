"""Image corruptions as pure functions: each takes ``uint8`` faces ``(N, H, W)`` and a severity in a stated unit.

They follow Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and Perturbations, ICLR 2019, with
physical units instead of severity levels 1 to 5. Lengths are in pixels of a 48x48 face and scale with larger faces.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Faces = NDArray[np.uint8]

SIDE = 48.0
"""Side of the faces that lengths refer to, in pixels."""

EYES, MOUTH = ((15.5, 18.5), (33.8, 18.5)), ((25.0, 38.15),)
"""Positions (x, y) of eyes and mouth in the mean 48x48 face of FER2013."""


@dataclass(frozen=True)
class Corruption:
    """One kind of corruption.

    Attributes:
        name: key in reports and JSON.
        unit: unit of the severity, for JSON and the terminal; may be empty.
        severities: ordered severities, including the clean one.
        clean: the severity without corruption.
        apply: faces ``(N, H, W)`` and a severity to faces of the same shape.
    """

    name: str
    unit: str
    severities: tuple[float, ...]
    clean: float
    apply: Callable[[Faces, float], Faces]

    def __call__(self, faces: Faces, severity: float) -> Faces:
        """Corrupt faces; at the clean severity they are returned unchanged."""
        return faces if severity == self.clean else self.apply(faces, severity)


def blur(faces: Faces, sigma: float) -> Faces:
    """Gaussian blur of standard deviation ``sigma``, in pixels of a 48x48 face."""
    kernel = ImageFilter.GaussianBlur(sigma * faces.shape[2] / SIDE)
    return _each(faces, lambda face: face.filter(kernel))


def noise(faces: Faces, sigma: float) -> Faces:
    """Gaussian noise of standard deviation ``sigma``, in gray levels; the same in every call."""
    return _as_grays(faces + np.float32(sigma) * _normal(faces.shape))


def brightness(faces: Faces, levels: float) -> Faces:
    """Add ``levels`` gray levels (negative is darker), clipped to black and white."""
    return _as_grays(faces + np.float32(levels))


def contrast(faces: Faces, factor: float) -> Faces:
    """Scale the contrast around each face's mean gray level by ``factor``, clipped to black and white."""
    mean = faces.mean((1, 2), keepdims=True, dtype=np.float32)
    return _as_grays(mean + np.float32(factor) * (faces - mean))


def rotation(faces: Faces, degrees: float) -> Faces:
    """Rotate around the centre, anticlockwise for positive ``degrees``; edge pixels fill the corners."""
    height, width = faces.shape[1:]
    rows, columns = height // 2, width // 2  # enough for any angle up to 45
    wide = np.pad(faces, ((0, 0), (rows, rows), (columns, columns)), mode="edge")
    return _each(wide, lambda face: face.rotate(degrees, Image.Resampling.BILINEAR))[
        :, rows : rows + height, columns : columns + width
    ]


def hide_eyes(faces: Faces, side: float) -> Faces:
    """A square of the face's mean gray on each eye of the mean face, ``side`` in pixels of a 48x48 face."""
    return _hide(faces, EYES, side)


def hide_mouth(faces: Faces, side: float) -> Faces:
    """A square of the face's mean gray on the mouth of the mean face, ``side`` in pixels of a 48x48 face."""
    return _hide(faces, MOUTH, side)


def jpeg(faces: Faces, quality: float) -> Faces:
    """JPEG compression with quality 1 to 95."""
    return _saved(faces, "JPEG", int(quality))


def low_resolution(faces: Faces, pixels: float) -> Faces:
    """Downsample to ``pixels`` per side, as for a distant face, and upsample again."""
    height, width = faces.shape[1:]
    small = round(pixels), round(pixels)
    return _each(
        faces, lambda face: face.resize(small, Image.Resampling.BOX).resize((width, height), Image.Resampling.BILINEAR)
    )


def shot_noise(faces: Faces, sigma: float) -> Faces:
    """Shot noise: its standard deviation is ``sigma`` gray levels at white, and proportional to the root of the gray level."""
    return _as_grays(faces + np.float32(sigma) * np.sqrt(faces / np.float32(255)) * _normal(faces.shape))


def speckle(faces: Faces, share: float) -> Faces:
    """Speckle noise: its standard deviation is a share of the gray level."""
    return _as_grays(faces * (1 + np.float32(share) * _normal(faces.shape)))


def motion_blur(faces: Faces, pixels: float) -> Faces:
    """Mean along a line of ``pixels`` pixels of a 48x48 face, in a random direction for each face."""
    length = pixels * faces.shape[2] / SIDE
    angles = np.random.default_rng(0).uniform(0, np.pi, len(faces))
    steps = np.linspace(-(length - 1) / 2, (length - 1) / 2, 2 * math.ceil(length) + 1)
    moved = [_shifted(faces, step * np.cos(angles), step * np.sin(angles)) for step in steps]
    return _as_grays(np.mean(moved, axis=0, dtype=np.float32))


def defocus(faces: Faces, radius: float) -> Faces:
    """Mean over a disc of this radius, in pixels of a 48x48 face."""
    reach = radius * faces.shape[2] / SIDE
    side = math.ceil(reach) * 2 + 1
    fine = np.indices((side * 9, side * 9)) / 9 - (side - 1 / 9) / 2  # 9x9 samples per pixel, for a smooth edge
    disc = (np.hypot(*fine) <= reach).reshape(side, 9, side, 9).mean((1, 3), dtype=np.float32)
    padded = np.pad(faces, ((0, 0), (side // 2,) * 2, (side // 2,) * 2), mode="edge")
    patches = np.lib.stride_tricks.sliding_window_view(padded, (side, side), (1, 2))  # (N, H, W, side, side)
    return _as_grays(np.einsum("nhwij,ij->nhw", patches, disc / disc.sum(), dtype=np.float32))


def gamma(faces: Faces, exponent: float) -> Faces:
    """Gamma on gray levels scaled to 0..1: below 1 is lighter, above 1 is darker."""
    table = _as_grays(255 * np.linspace(0, 1, 256, dtype=np.float32) ** np.float32(exponent))
    return table[faces]


def side_light(faces: Faces, share: float) -> Faces:
    """Light from one side: it decreases across the face, on the far side by ``share``; negative is from the right."""
    across = np.linspace(0, 1, faces.shape[2], dtype=np.float32)
    return _as_grays(faces * (1 - np.float32(abs(share)) * (across if share > 0 else across[::-1])))


def webp(faces: Faces, quality: float) -> Faces:
    """Lossy WebP compression with quality 0 to 100."""
    return _saved(faces, "WEBP", int(quality))


def mask(faces: Faces, height: float) -> Faces:
    """A light mask over mouth and chin, ``height`` pixels of a 48x48 face high; lower at the sides."""
    rows, columns = _mean_face(faces.shape[1:])
    top = SIDE - height + 0.012 * (columns - SIDE / 2) ** 2
    return np.where((rows > top) & (abs(columns - SIDE / 2) < 20), np.uint8(205), faces)


def sunglasses(faces: Faces, height: float) -> Faces:
    """Sunglasses at the eyes of the mean face: two ellipses ``height`` pixels of a 48x48 face high, and a bridge."""
    rows, columns = _mean_face(faces.shape[1:])
    lenses = [((rows - y) / (height / 2)) ** 2 + ((columns - x) / 8) ** 2 <= 1 for x, y in EYES]
    bridge = (abs(rows - EYES[0][1]) < 1) & (columns > EYES[0][0]) & (columns < EYES[1][0])
    return np.where(lenses[0] | lenses[1] | bridge, np.uint8(18), faces)


def misplaced(faces: Faces, share: float) -> Faces:
    """A crop shifted by this share of its side, in a random direction for each face; edge pixels fill the gap."""
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, len(faces))
    side = share * faces.shape[2]
    return _as_grays(_shifted(faces, side * np.cos(angles), side * np.sin(angles)))


def missized(faces: Faces, share: float) -> Faces:
    """A crop larger by this share of its side (negative is tighter); edge pixels fill the border."""
    height, width = faces.shape[1:]
    reach = 1 + share
    wide = np.pad(faces, ((0, 0), (height, height), (width, width)), mode="edge")
    left, top = width * (1.5 - reach / 2), height * (1.5 - reach / 2)
    box = (left, top, left + width * reach, top + height * reach)
    changed = np.empty_like(faces)
    for index, face in enumerate(wide):
        changed[index] = np.asarray(Image.fromarray(face).resize((width, height), Image.Resampling.BILINEAR, box))
    return changed


CORRUPTIONS = (
    Corruption("blur", "px", (0, 0.5, 1, 1.5, 2, 3), 0, blur),
    Corruption("noise", "gray levels", (0, 5, 10, 20, 30, 45), 0, noise),
    Corruption("brightness", "gray levels", (-96, -64, -32, 0, 32, 64, 96), 0, brightness),
    Corruption("contrast", "times", (0.1, 0.2, 0.4, 0.7, 1, 1.6, 2.5), 1, contrast),
    Corruption("rotation", "degrees", (-45, -30, -15, 0, 15, 30, 45), 0, rotation),
    Corruption("eyes", "px", (0, 6, 9, 12, 15, 18), 0, hide_eyes),
    Corruption("mouth", "px", (0, 6, 10, 14, 18, 22), 0, hide_mouth),
    Corruption("jpeg", "quality", (100, 50, 30, 20, 10, 5), 100, jpeg),
    Corruption("low_resolution", "px", (48, 32, 24, 16, 12, 8), 48, low_resolution),
    Corruption("shot_noise", "gray levels at white", (0, 10, 20, 40), 0, shot_noise),
    Corruption("speckle", "share", (0, 0.1, 0.2, 0.4), 0, speckle),
    Corruption("motion_blur", "px", (1, 3, 6, 9), 1, motion_blur),
    Corruption("defocus", "px", (0, 1, 2, 3), 0, defocus),
    Corruption("gamma", "exponent", (0.4, 0.6, 1, 1.6, 2.5), 1, gamma),
    Corruption("side_light", "share", (-0.8, -0.5, 0, 0.5, 0.8), 0, side_light),
    Corruption("webp", "quality", (100, 50, 20, 5), 100, webp),
    Corruption("mask", "px", (0, 12, 16, 20), 0, mask),
    Corruption("sunglasses", "px", (0, 8, 11, 14), 0, sunglasses),
    Corruption("misplaced", "share", (0, 0.05, 0.1, 0.15), 0, misplaced),
    Corruption("missized", "share", (-0.15, -0.1, -0.05, 0, 0.05, 0.1, 0.15), 0, missized),
)
"""All corruptions; quality 100 and 48 pixels mean no corruption."""


def _hide(faces: Faces, places: Sequence[tuple[float, float]], side: float) -> Faces:
    height, width = faces.shape[1:]
    hidden = faces.copy()
    gray = faces.mean((1, 2), keepdims=True).round().astype(np.uint8)
    for x, y in places:
        top, bottom = (min(height, max(0, round((y + half) * height / SIDE))) for half in (-side / 2, side / 2))
        left, right = (min(width, max(0, round((x + half) * width / SIDE))) for half in (-side / 2, side / 2))
        hidden[:, top:bottom, left:right] = gray
    return hidden


def _saved(faces: Faces, form: str, quality: int) -> Faces:
    def again(face: Image.Image) -> Image.Image:
        buffer = io.BytesIO()
        face.save(buffer, form, quality=quality)
        return Image.open(buffer).convert("L")

    return _each(faces, again)


def _normal(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Standard normal numbers, the same in every call."""
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def _mean_face(size: tuple[int, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Vertical ``(H, 1)`` and horizontal ``(1, W)`` positions of pixels in the 48x48 mean face."""
    height, width = size
    return ((np.arange(height) + 0.5) * SIDE / height)[:, None], ((np.arange(width) + 0.5) * SIDE / width)[None]


def _shifted(faces: Faces, right: NDArray[np.float64], down: NDArray[np.float64]) -> NDArray[np.float32]:
    """Shift each face by ``(N,)`` pixels to the right and down, bilinearly; edge pixels fill the gap."""
    moved = faces.astype(np.float32)
    for axis, distance in ((2, right), (1, down)):
        length = faces.shape[axis]
        places = np.clip(np.arange(length) - distance[:, None], 0, length - 1)  # (N, L) of where values come from
        first = np.minimum(places.astype(np.int64), max(0, length - 2))
        share = np.expand_dims((places - first).astype(np.float32), 3 - axis)
        first = np.expand_dims(first, 3 - axis)
        after = np.minimum(first + 1, length - 1)
        moved = np.take_along_axis(moved, first, axis) * (1 - share) + np.take_along_axis(moved, after, axis) * share
    return moved


def _each(faces: Faces, change: Callable[[Image.Image], Image.Image]) -> Faces:
    changed = np.empty_like(faces)
    for index, face in enumerate(faces):
        changed[index] = np.asarray(change(Image.fromarray(face)))
    return changed


def _as_grays(values: NDArray[np.float32]) -> Faces:
    grays: Faces = values.clip(0, 255).round().astype(np.uint8)
    return grays
