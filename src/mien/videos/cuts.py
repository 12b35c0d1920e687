"""Detect cuts between scenes by the correlation of two frames, independent of brightness."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

GRID = (18, 32)
"""Rows and columns of the grid of mean grays: a moving face changes few cells, another scene changes all."""

MIN_CORRELATION = 0.7
"""Minimum correlation of two frames of one scene; measured by ``python -m benchmarks.cuts``."""

PLAIN = 0.8
"""Correlation from which shifts of the frames are not tried."""

SHIFT = (2, 6)
"""Maximum shift in rows and columns of the grid, for camera movements between two frames."""

MIN_CONTRAST = 1.0
"""Standard deviation of grays below which a frame is blank: black, or white from a flash."""

MEMORY = 1.0
"""Time after a cut, in seconds, within which a return to the previous scene is detected, as after a flash."""


@dataclass(frozen=True)
class CutState:
    """What a detector remembers between two frames, for JSON.

    Attributes:
        last: the last frame that was not blank, on the grid, as base64 of ``float32``; None before the first.
        before: the same of the last frame before the last cut.
        cut_at: time of the last cut, in seconds.
    """

    last: str | None
    before: str | None
    cut_at: float


class CutDetector:
    """Detect frame by frame where another scene begins.

    Args:
        state: of the detector that saw the frames before, to go on from there.

    Raises:
        ValueError: the state is damaged.
    """

    def __init__(self, state: CutState | None = None) -> None:
        self._last = None if state is None else _grid(state.last)
        self._before = None if state is None else _grid(state.before)
        self._cut_at = 0.0 if state is None else state.cut_at
        self.is_cut = False
        self.is_return = False

    @property
    def state(self) -> CutState:
        """What it remembers now."""
        return CutState(_text(self._last), _text(self._before), self._cut_at)

    def look(self, pixels: NDArray[np.uint8], time: float) -> None:
        """Process the next frame ``(H, W, 3)``, at a time in seconds; sets ``is_cut`` and ``is_return``.

        ``is_cut``: the frame shows another scene than the previous frame. ``is_return``: that scene is the one before the
        last cut, so the scene in between was a flash or a short insert.
        """
        self.is_cut = self.is_return = False
        seen = coarse(pixels)
        if seen.std() < MIN_CONTRAST:
            return  # the next frame is compared with the last one that was not blank
        if self._last is not None and not same_scene(self._last, seen):
            self.is_cut = True
            recent = self._before is not None and time - self._cut_at <= MEMORY
            self.is_return = recent and self._before is not None and same_scene(self._before, seen)
            self._before, self._cut_at = self._last, time
        self._last = seen


def _text(grid: NDArray[np.float32] | None) -> str | None:
    return None if grid is None else base64.b64encode(grid.astype("<f4").tobytes()).decode()


def _grid(text: str | None) -> NDArray[np.float32] | None:
    if text is None:
        return None
    values = np.frombuffer(base64.b64decode(text, validate=True), "<f4")
    return values.astype(np.float32).reshape(GRID)


def coarse(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mean grays of a frame ``(H, W, 3)`` on a grid of ``GRID`` cells; the green channel is used as gray."""
    step = max(1, min(pixels.shape[:2]) // 180)  # enough pixels for the means
    green = np.ascontiguousarray(pixels[step // 2 :: step, step // 2 :: step, 1])
    small = Image.fromarray(green).convert("F").resize(GRID[::-1], Image.Resampling.BOX)
    return np.asarray(small, np.float32)


def same_scene(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether two coarse frames show the same scene."""
    return likeness(one, other) >= MIN_CORRELATION


def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The highest correlation of two coarse frames over small shifts, which allow for camera movements.

    It does not depend on brightness and contrast, and so not on fades.
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
    """Pearson correlation, -1 to 1; 0 if a frame is uniform."""
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt(np.square(one).sum() * np.square(other).sum()))
    return float((one * other).sum()) / scale if scale > 0 else 0.0
