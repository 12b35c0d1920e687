"""What happens to faces in the wild, as pure functions: each takes ``uint8`` faces ``(N, H, W)`` and a severity in a stated unit.

In the spirit of Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and Perturbations, ICLR 2019,
with severities that have a unit in place of levels from 1 to 5. Lengths are in pixels of a 48x48 face and grow with larger faces, so
that a severity means the same to every face.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Faces = NDArray[np.uint8]

SIDE = 48.0
"""Side of the faces that lengths refer to, in pixels."""

EYES, MOUTH = ((15.5, 18.5), (33.8, 18.5)), ((25.0, 38.15),)
"""Where the parts lie on FER2013's mean face of 48x48, x and y."""


@dataclass(frozen=True)
class Corruption:
    """One way to spoil faces.

    Attributes:
        name: its key in reports and JSON.
        unit: what the severity is measured in, for JSON and the terminal; may be empty.
        severities: from one extreme to the other; the clean value among them, where it spoils both ways, else in front.
        clean: the severity that leaves a face as it is.
        apply: faces ``(N, H, W)`` and a severity to faces of the same shape.
    """

    name: str
    unit: str
    severities: tuple[float, ...]
    clean: float
    apply: Callable[[Faces, float], Faces]

    def __call__(self, faces: Faces, severity: float) -> Faces:
        """Spoil faces; at the clean severity they come back as they are."""
        return faces if severity == self.clean else self.apply(faces, severity)


def blur(faces: Faces, sigma: float) -> Faces:
    """Gaussian blur of standard deviation ``sigma``, in pixels of a 48x48 face."""
    kernel = ImageFilter.GaussianBlur(sigma * faces.shape[2] / SIDE)
    return _each(faces, lambda face: face.filter(kernel))


def noise(faces: Faces, sigma: float) -> Faces:
    """Gaussian noise of standard deviation ``sigma``, in gray levels; the same at every call."""
    drawn = np.random.default_rng(0).standard_normal(faces.shape, np.float32)
    return _as_grays(faces + np.float32(sigma) * drawn)


def brightness(faces: Faces, levels: float) -> Faces:
    """Every pixel lighter by so many gray levels, or darker where they are negative; cut off at black and white."""
    return _as_grays(faces + np.float32(levels))


def contrast(faces: Faces, factor: float) -> Faces:
    """Each face's distances from its own mean gray times ``factor``; cut off at black and white."""
    mean = faces.mean((1, 2), keepdims=True, dtype=np.float32)
    return _as_grays(mean + np.float32(factor) * (faces - mean))


def rotation(faces: Faces, degrees: float) -> Faces:
    """Turned about the middle, anticlockwise where ``degrees`` is positive; edge pixels are drawn out into the corners."""
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
    """Written as JPEG of this quality, 1 to 95, and read again."""

    def again(face: Image.Image) -> Image.Image:
        buffer = io.BytesIO()
        face.save(buffer, "JPEG", quality=int(quality))
        return Image.open(buffer)

    return _each(faces, again)


def low_resolution(faces: Faces, pixels: float) -> Faces:
    """Shrunk to ``pixels`` on each side, as a distant camera would see the face, and enlarged again."""
    height, width = faces.shape[1:]
    small = round(pixels), round(pixels)
    return _each(
        faces, lambda face: face.resize(small, Image.Resampling.BOX).resize((width, height), Image.Resampling.BILINEAR)
    )


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
)
"""All of them; quality 100 and 48 pixels stand for a face as it is."""


def _hide(faces: Faces, places: Sequence[tuple[float, float]], side: float) -> Faces:
    height, width = faces.shape[1:]
    hidden = faces.copy()
    gray = faces.mean((1, 2), keepdims=True).round().astype(np.uint8)
    for x, y in places:
        top, bottom = (min(height, max(0, round((y + half) * height / SIDE))) for half in (-side / 2, side / 2))
        left, right = (min(width, max(0, round((x + half) * width / SIDE))) for half in (-side / 2, side / 2))
        hidden[:, top:bottom, left:right] = gray
    return hidden


def _each(faces: Faces, change: Callable[[Image.Image], Image.Image]) -> Faces:
    changed = np.empty_like(faces)
    for index, face in enumerate(faces):
        changed[index] = np.asarray(change(Image.fromarray(face)))
    return changed


def _as_grays(values: NDArray[np.float32]) -> Faces:
    grays: Faces = values.clip(0, 255).round().astype(np.uint8)
    return grays
