"""Curves, and a gray canvas that takes them in head units: the pen and paper of ``drawn_parts``.

Head units: the origin lies between the eyes' height and the nose, ``y`` points down, the crown is at -1 and the chin
at 1. A canvas turns them into pixels with a pose, so that whoever draws a face never thinks of where it looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Points = NDArray[np.float64]
"""``(n, 2)`` points in head units."""

VIEW = 1.1
"""Half the side of the picture in head units, at zoom 1: a tight crop, as in FER2013."""

_FLAT = 128  # the gray of the relief layers where nothing is raised or sunk
_BULGE = np.array((0.82, 1.08)) ** -2.0  # the face bulges within this ellipse


@dataclass(frozen=True)
class Pose:
    """How the head is held and framed: angles in radians, ``zoom`` a factor, ``shift`` in head units.

    Yaw and pitch aren't turned in space: they shift each point by how far it stands out of the face, which is right
    to first order and lets the outline of the head stay as it is.
    """

    roll: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    zoom: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)


class Canvas:
    """A square gray picture that is drawn on in head units.

    Args:
        backdrop: the picture to draw on, mode ``"L"``; its side is the canvas's.
        pose: how head units become pixels.
        skin: the gray of the skin, which scales what ``shade`` and ``crease`` do.
    """

    def __init__(self, backdrop: Image.Image, pose: Pose, skin: float) -> None:
        self.image = backdrop
        self.side = backdrop.width
        self._skin = skin
        self._turn = np.array((pose.yaw, pose.pitch))
        cos, sin = np.cos(pose.roll), np.sin(pose.roll)
        scale = pose.zoom / VIEW * self.side / 2
        self._matrix = np.array(((cos, sin), (-sin, cos))) * scale
        self._offset = np.array(pose.shift) * scale + self.side / 2
        self._ink = ImageDraw.Draw(self.image)
        # Soft shading has no detail, so a quarter of the pixels a side will do.
        self._soft = Image.new("L", (self.side // 4, self.side // 4), _FLAT)
        self._soft_ink = ImageDraw.Draw(self._soft)
        self._fine = Image.new("L", self.image.size, _FLAT)
        self._fine_ink = ImageDraw.Draw(self._fine)

    def to_pixels(self, points: Points) -> Points:
        """Map ``(n, 2)`` head units to ``(n, 2)`` pixels."""
        depth = np.maximum(0.0, 1.0 - points**2 @ _BULGE)  # a paraboloid: how far a point stands out of the face
        pixels: Points = (points + depth[:, None] * self._turn) @ self._matrix + self._offset
        return pixels

    def fill(self, points: Points, gray: float) -> None:
        """Fill a polygon."""
        self._ink.polygon(self.to_pixels(points).ravel().tolist(), _byte(gray))

    def stroke(self, points: Points, gray: float, width: float, taper: tuple[float, float] = (0.25, 0.25)) -> None:
        """Draw a line of a width in head units that narrows to the shares ``taper`` at its start and end."""
        self.fill(ribbon(points, width, taper), gray)

    def shade(self, points: Points, amount: float) -> None:
        """Raise (above 0) or sink (below 0) a region by a share of the skin's gray; seen once ``settle`` is called."""
        pixels = self.to_pixels(points) * (self._soft.width / self.side)
        self._soft_ink.polygon(pixels.ravel().tolist(), _byte(_FLAT + amount * self._skin))

    def crease(self, points: Points, depth: float, width: float = 0.028) -> None:
        """Draw a fold ``depth`` (0 to 1) deep, seen once ``settle`` is called; one too shallow to see is left out."""
        if depth > 0.05:
            pixels = self.to_pixels(ribbon(points, width, (0.2, 0.2)))
            self._fine_ink.polygon(pixels.ravel().tolist(), _byte(_FLAT - min(1.0, depth) * 0.5 * self._skin))

    def settle(self, region: Points) -> None:
        """Put all shading and all folds so far on the picture, inside a polygon."""
        soft = self._soft.filter(ImageFilter.GaussianBlur(self._soft.width * 0.035)).resize(self.image.size)
        fine = self._fine.filter(ImageFilter.GaussianBlur(self.side * 0.004))
        shaded = ImageChops.add(ImageChops.add(self.image, soft, 1, -_FLAT), fine, 1, -_FLAT)
        mask = Image.new("L", self.image.size)
        ImageDraw.Draw(mask).polygon(self.to_pixels(region).ravel().tolist(), 255)
        self.image.paste(shaded, mask=mask)


def curve(points: ArrayLike, closed: bool = False, steps: int = 6) -> Points:
    """A Catmull-Rom spline through ``(n, 2)`` points: ``steps`` points a segment."""
    knots = np.asarray(points, np.float64)
    return _spline(len(knots), closed, steps) @ knots


def ribbon(points: Points, width: float, taper: tuple[float, float] = (1.0, 1.0)) -> Points:
    """The outline of a line with a width, which shrinks to the shares ``taper`` towards its start and end."""
    slope, half = _slope(len(points)), 0.5 * width * _taper(len(points), taper)
    normal = (slope @ points)[:, ::-1] * (-1.0, 1.0)
    normal *= (half / (np.hypot(normal[:, 0], normal[:, 1]) + 1e-9))[:, None]
    return np.concatenate((points + normal, (points - normal)[::-1]))


def ellipse(x: float, y: float, width: float, height: float, num: int = 20) -> Points:
    """An ellipse about ``(x, y)`` with its two half axes."""
    return _circle(num) * (width, height) + (x, y)


def between(points: Points, x: NDArray[np.float64], top: NDArray[np.float64], bottom: NDArray[np.float64]) -> Points:
    """Push points into the region between two lines, given as heights ``top`` and ``bottom`` at ascending ``x``."""
    inside = points[:, 0].clip(x[0], x[-1])
    return np.stack((inside, points[:, 1].clip(np.interp(inside, x, top), np.interp(inside, x, bottom))), 1)


# Splines, slopes and circles are linear in what they are made of. A face has a hundred small ones of a few lengths:
# with the matrices kept, each is one product.


@lru_cache
def _spline(num: int, closed: bool, steps: int) -> NDArray[np.float64]:
    knots = np.eye(num)
    first, last = (knots[-1:], knots[:2]) if closed else (2 * knots[:1] - knots[1:2], 2 * knots[-1:] - knots[-2:-1])
    padded = np.concatenate((first, knots, last))
    before, start, end, after = padded[:-3, None], padded[1:-2, None], padded[2:-1, None], padded[3:, None]
    t = (np.arange(steps) / steps)[None, :, None]
    bend = (2 * before - 5 * start + 4 * end - after) * t**2 + (3 * (start - end) + after - before) * t**3
    smooth = (0.5 * (2 * start + (end - before) * t + bend)).reshape(-1, num)
    return smooth if closed else np.concatenate((smooth, knots[-1:]))


@lru_cache
def _slope(num: int) -> NDArray[np.float64]:
    return np.asarray(np.gradient(np.eye(num), axis=0))


@lru_cache
def _taper(num: int, ends: tuple[float, float]) -> NDArray[np.float64]:
    return np.interp(np.linspace(0, 1, num), (0.0, 0.4, 0.6, 1.0), (ends[0], 1.0, 1.0, ends[1]))


@lru_cache
def _circle(num: int) -> Points:
    angle = np.linspace(0, 2 * np.pi, num, endpoint=False)
    return np.stack((np.cos(angle), np.sin(angle)), 1)


def _byte(gray: float) -> int:
    return int(min(255.0, max(0.0, gray)))
