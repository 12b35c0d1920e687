"""Track faces from frame to frame: join their boxes into tracks.

Existing libraries bring too many dependencies: ``norfair`` needs SciPy and an unmaintained filter package, ``trackers`` and
``supervision`` need OpenCV, SciPy and matplotlib. Faces are large, few and slow between frames, so it is enough to move each box
by its last velocity and to match the results by overlap, distance and size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.inference.detector import overlap
from mien.videos.pauses import PAUSE

MIN_OVERLAP = 0.15
"""Minimum intersection over union of a box with the predicted box of its track."""

MAX_DISTANCE = 0.8
"""Without overlap, the maximum distance of centres, in box sides; it doubles over ``max_gap``."""

MAX_GROWTH = 1.8
"""Maximum ratio of box sides from one box of a track to the next."""


@dataclass(eq=False)
class _Track:
    number: int
    box: NDArray[np.float32]
    velocity: NDArray[np.float32]  # (2,) of the centre, in pixels per second
    time: float

    def at(self, time: float) -> NDArray[np.float32]:
        ahead = min(time - self.time, 0.2)  # extrapolation gets worse with time
        return np.asarray(self.box + np.tile(self.velocity * np.float32(ahead), 2), np.float32)


class Tracker:
    """Assign a track number to each box of a frame. Numbers start at 1 and are not reused.

    Args:
        max_gap: time for which a track without boxes is kept, in seconds.
    """

    def __init__(self, max_gap: float = PAUSE) -> None:
        self._max_gap = max_gap
        self._tracks: list[_Track] = []
        self._left: list[_Track] = []  # of the scene before the last cut
        self._num = 0

    def update(self, boxes: NDArray[np.float32], time: float) -> list[int]:
        """The track numbers of a frame's boxes ``(N, 4)``, at a non-decreasing time in seconds."""
        self._tracks = [track for track in self._tracks if time - track.time <= self._max_gap]
        numbers = [0] * len(boxes)
        free = list(self._tracks)
        for _, track, row in sorted(self._pairs(boxes, time), key=lambda pair: pair[0]):
            if numbers[row] or track not in free:
                continue
            free.remove(track)
            numbers[row] = track.number
            self._move(track, boxes[row], time)
        for row, box in enumerate(boxes):
            if not numbers[row]:
                self._num += 1
                numbers[row] = self._num
                self._tracks.append(_Track(self._num, box, np.zeros(2, np.float32), time))
        return numbers

    def forget(self) -> None:
        """Start new tracks, as after a cut: the next boxes are other persons."""
        self._tracks, self._left = [], self._tracks

    def recall(self) -> None:
        """Restore the tracks of the scene before the last cut, as after a flash."""
        self._tracks, self._left = self._left, self._tracks

    def _pairs(self, boxes: NDArray[np.float32], time: float) -> list[tuple[float, _Track, int]]:
        pairs: list[tuple[float, _Track, int]] = []
        if not len(boxes):
            return pairs
        for track in self._tracks:
            expected = track.at(time)
            shared = overlap(expected, boxes)
            side = float(np.sqrt((track.box[2:] - track.box[:2]).clip(1).prod()))
            sides = np.sqrt((boxes[:, 2:] - boxes[:, :2]).clip(1).prod(1))
            growth = np.maximum(sides / side, side / sides)
            distance = np.hypot(*(_centre(boxes) - _centre(expected[None])).T) / side
            reach = MAX_DISTANCE * (1 + (time - track.time) / self._max_gap)
            for row in range(len(boxes)):
                near = shared[row] >= MIN_OVERLAP or distance[row] <= reach
                if near and growth[row] <= MAX_GROWTH:
                    # Overlapping pairs come first, by overlap; then pairs by distance.
                    pairs.append((float(1 - shared[row] + 0.1 * distance[row]), track, row))
        return pairs

    @staticmethod
    def _move(track: _Track, box: NDArray[np.float32], time: float) -> None:
        elapsed = time - track.time
        if elapsed > 0:
            velocity = (_centre(box[None]) - _centre(track.box[None]))[0] / np.float32(elapsed)
            track.velocity = np.asarray(0.5 * track.velocity + 0.5 * velocity, np.float32)
        track.box, track.time = box, time


def _centre(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2, np.float32)
