"""Cuts from one scene to another, told by what two frames show and not by how bright they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

GRID = (18, 32)
"""Rows and columns to which a frame is averaged: a movement of a face changes little, another scene everything."""

MIN_CORRELATION = 0.7
"""Least correlation of two frames of one scene; ``python -m benchmarks.cuts`` measures it."""

PLAIN = 0.8
"""From this correlation on, no shift of the frames is tried."""

SHIFT = (2, 6)
"""Rows and columns of the grid by which the camera may have turned between two frames."""

MIN_CONTRAST = 1.0
"""Standard deviation in grays below which a frame shows nothing: black, or white from a flash."""

MEMORY = 1.0
"""Seconds after a cut within which a return to the scene before it is noticed, as after a flash."""


class CutDetector:
    """Tells, frame by frame, where another scene begins."""

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._before: NDArray[np.float32] | None = None
        self._cut_at = 0.0
        self.is_cut = False
        self.is_return = False

    def look(self, pixels: NDArray[np.uint8], time: float) -> None:
        """Look at the next frame ``(H, W, 3)``, at a time in seconds; sets ``is_cut`` and ``is_return``.

        ``is_cut``: it shows another scene than the frame before. ``is_return``: that other scene is the one before the
        last cut, so that was a flash or a glance.
        """
        self.is_cut = self.is_return = False
        seen = coarse(pixels)
        if seen.std() < MIN_CONTRAST:
            return  # the next frame that shows something is compared with the last one that did
        if self._last is not None and not same_scene(self._last, seen):
            self.is_cut = True
            recent = self._before is not None and time - self._cut_at <= MEMORY
            self.is_return = recent and self._before is not None and same_scene(self._before, seen)
            self._before, self._cut_at = self._last, time
        self._last = seen


def coarse(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A frame ``(H, W, 3)`` as the mean grays of a ``GRID`` of fields; the green channel stands for gray."""
    step = max(1, min(pixels.shape[:2]) // 180)  # so many pixels suffice for the means
    green = np.ascontiguousarray(pixels[step // 2 :: step, step // 2 :: step, 1])
    small = Image.fromarray(green).convert("F").resize(GRID[::-1], Image.Resampling.BOX)
    return np.asarray(small, np.float32)


def same_scene(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether two coarse frames show one scene."""
    return likeness(one, other) >= MIN_CORRELATION


def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The correlation of two coarse frames, or the best one of them shifted against each other, as by a turn of the camera.

    It does not change with brightness and contrast, and so neither with a fade.
    """
    correlation = _correlation(one, other)
    return correlation if correlation >= PLAIN else max(correlation, _shifted_correlation(one, other))


def _shifted_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    rows, columns = GRID
    best = -1.0
    for down in range(-SHIFT[0], SHIFT[0] + 1):
        for right in range(-SHIFT[1], SHIFT[1] + 1):
            part = one[max(down, 0) : rows + min(down, 0), max(right, 0) : columns + min(right, 0)]
            moved = other[max(-down, 0) : rows + min(-down, 0), max(-right, 0) : columns + min(-right, 0)]
            best = max(best, _correlation(part, moved))
    return best


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Pearson's, -1 to 1; 0 where one of them is plain."""
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt(np.square(one).sum() * np.square(other).sum()))
    return float((one * other).sum()) / scale if scale > 0 else 0.0
