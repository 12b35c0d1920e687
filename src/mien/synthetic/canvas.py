"""Curves, and a gray canvas with coordinates in head units, for ``parts`` and ``hair``.

Head units: the origin is between the height of the eyes and the nose, ``y`` points down, the crown is at -1 and the chin
at 1. A canvas maps them to pixels with a pose, so the code that draws a face does not depend on the pose.
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

_FLAT = 128  # gray level of the relief layers for no relief
_NORMAL = np.array((-1.0, 1.0))  # turns a slope (y, x) by a quarter
_BULGE = np.array((0.82, 1.08)) ** -2.0  # the face is a paraboloid within this ellipse


@dataclass(frozen=True)
class Pose:
    """Pose and framing of the head: angles in radians, ``zoom`` a factor, ``shift`` in head units.

    Yaw and pitch are approximated to first order: each point is shifted in proportion to its depth, so the outline of the head
    is unchanged.
    """

    roll: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    zoom: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)


class Canvas:
    """A square gray picture with coordinates in head units.

    Args:
        backdrop: the picture to draw on, mode ``"L"``; its side is the side of the canvas.
        pose: the map from head units to pixels.
        skin: gray level of the skin, which scales the effect of ``shade`` and ``crease``.
    """

    def __init__(self, backdrop: Image.Image, pose: Pose, skin: float) -> None:
        self.side = backdrop.width
        self._skin = skin
        self._turn = np.array((pose.yaw, pose.pitch))
        cos, sin = np.cos(pose.roll), np.sin(pose.roll)
        scale = pose.zoom / VIEW * self.side / 2
        self._matrix = np.array(((cos, sin), (-sin, cos))) * scale
        self._offset = np.array(pose.shift) * scale + self.side / 2
        self._ink = _Layer(backdrop)
        # Soft shading has no detail, so a quarter of the resolution is enough.
        self._soft = _Layer(Image.new("L", (self.side // 4, self.side // 4), _FLAT))
        self._fine = _Layer(Image.new("L", backdrop.size, _FLAT))

    @property
    def image(self) -> Image.Image:
        """The picture, with all that was drawn so far."""
        self._ink.draw(self)
        return self._ink.image

    def to_pixels(self, points: Points) -> Points:
        """Map ``(n, 2)`` head units to ``(n, 2)`` pixels."""
        depth = np.maximum(0.0, 1.0 - points**2 @ _BULGE)  # depth of each point, a paraboloid
        pixels: Points = (points + depth[:, None] * self._turn) @ self._matrix + self._offset
        return pixels

    def fill(self, points: Points, gray: float) -> None:
        """Fill a polygon."""
        self._ink.add(points, gray)

    def stroke(self, points: Points, gray: float, width: float, taper: tuple[float, float] = (0.25, 0.25)) -> None:
        """Draw a line of a width in head units which narrows to the shares ``taper`` at its start and end."""
        self._ink.add(ribbon(points, width, taper), gray)

    def shade(self, points: Points, amount: float) -> None:
        """Raise (above 0) or lower (below 0) a region by a share of the skin's gray; takes effect in ``settle``."""
        self._soft.add(points, _FLAT + amount * self._skin)

    def crease(self, points: Points, depth: float, width: float = 0.028) -> None:
        """Draw a fold of a depth from 0 to 1, which takes effect in ``settle``; invisible ones are skipped."""
        if depth > 0.05:
            self._fine.add(ribbon(points, width, (0.2, 0.2)), _FLAT - min(1.0, depth) * 0.5 * self._skin)

    def settle(self, region: Points) -> None:
        """Apply all shading and folds so far to the picture, inside a polygon."""
        image = self.image
        self._soft.draw(self)
        self._fine.draw(self)
        soft = self._soft.image.filter(ImageFilter.GaussianBlur(self._soft.image.width * 0.035)).resize(image.size)
        shaded = ImageChops.add(image, soft, 1, -_FLAT)
        folds = self._fine.box(margin=8 + self.side // 50)  # the rest of the layer is flat and stays so when blurred
        if folds is not None:
            fine = self._fine.image.crop(folds).filter(ImageFilter.GaussianBlur(self.side * 0.004))
            shaded.paste(ImageChops.add(shaded.crop(folds), fine, 1, -_FLAT), folds)
        mask = Image.new("L", image.size)
        ImageDraw.Draw(mask).polygon(self.to_pixels(region).ravel().tolist(), 255)
        image.paste(shaded, mask=mask)


class _Layer:
    """A picture, and the polygons that are still to be drawn on it: mapping all at once is faster than one by one."""

    def __init__(self, image: Image.Image) -> None:
        self.image = image
        self._ink = ImageDraw.Draw(image)
        self._polygons: list[tuple[Points, float]] = []
        self._ends = np.empty((0, 2))  # the least and the greatest pixels drawn

    def add(self, points: Points, gray: float) -> None:
        """Draw a polygon ``(n, 2)``, in head units, at the next ``draw``."""
        self._polygons.append((points, gray))

    def draw(self, canvas: Canvas) -> None:
        """Draw all polygons that were added since the last time."""
        if not self._polygons:
            return
        pixels = canvas.to_pixels(np.concatenate([points for points, _ in self._polygons]))
        pixels *= self.image.width / canvas.side
        self._ends = np.stack([*self._ends, pixels.min(0), pixels.max(0)])
        flat, start = pixels.ravel().tolist(), 0
        for points, gray in self._polygons:
            self._ink.polygon(flat[start : (start := start + points.size)], _byte(gray))
        self._polygons.clear()

    def box(self, margin: int) -> tuple[int, int, int, int] | None:
        """Left, top, right and bottom of what was drawn in the picture, in pixels, with a margin; None for nothing."""
        if not len(self._ends):
            return None
        ends = np.stack([self._ends.min(0) - margin, self._ends.max(0) + margin]).clip(0, self.image.width)
        left, top, right, bottom = map(int, ends.ravel())
        return (left, top, right, bottom) if left < right and top < bottom else None


def curve(points: ArrayLike, closed: bool = False, steps: int = 6) -> Points:
    """A Catmull-Rom spline through ``(n, 2)`` points, with ``steps`` points per segment."""
    knots = np.asarray(points, np.float64)
    return _spline(len(knots), closed, steps) @ knots


def ribbon(points: Points, width: float, taper: tuple[float, float] = (1.0, 1.0)) -> Points:
    """The outline of a line with a width, which narrows to the shares ``taper`` towards its start and end."""
    slope, half = _slope(len(points)), 0.5 * width * _taper(len(points), taper)
    normal = (slope @ points)[:, ::-1] * _NORMAL
    normal *= (half / (np.hypot(normal[:, 0], normal[:, 1]) + 1e-9))[:, None]
    return np.concatenate((points + normal, (points - normal)[::-1]))


def ellipse(x: float, y: float, width: float, height: float, num: int = 20) -> Points:
    """An ellipse around ``(x, y)`` with two half axes."""
    return _circle(num) * (width, height) + (x, y)


def between(points: Points, x: NDArray[np.float64], top: NDArray[np.float64], bottom: NDArray[np.float64]) -> Points:
    """Clip points to the region between two lines, given as heights ``top`` and ``bottom`` at ascending ``x``."""
    inside = points[:, 0].clip(x[0], x[-1])
    return np.stack((inside, points[:, 1].clip(np.interp(inside, x, top), np.interp(inside, x, bottom))), 1)


# Splines, slopes and circles are linear in their points. A face has about a hundred small ones of a few lengths: with cached
# matrices, each is one product.


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
