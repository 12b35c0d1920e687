"""The faces of single frames of a video, before they are tracked and smoothed: the part of the work that takes long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.inference.photo import Face, Reader
from mien.videos.cuts import CutDetector, CutState
from mien.videos.reader import Frame


@dataclass(frozen=True)
class Sighting:
    """The faces of one frame.

    Attributes:
        frame: number of the frame.
        time: in seconds of the video.
        is_cut: whether it shows another scene than the frame before.
        is_return: whether it shows the scene before the last cut again, as after a flash.
        faces: its faces, with the probabilities of this frame alone.
        boxes: their boxes as the detector gave them; ``Face.box`` is rounded.
    """

    frame: int
    time: float
    is_cut: bool
    is_return: bool
    faces: tuple[Face, ...]
    boxes: tuple[tuple[float, ...], ...]

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """``(N, K)``; ``(0, 0)`` without a face."""
        rows = [list(face.probabilities.values()) for face in self.faces]
        return np.array(rows, np.float32) if rows else np.empty((0, 0), np.float32)


class Watcher:
    """Find and classify the faces of a video, frame by frame.

    Args:
        reader: detects the faces and predicts them.
        cuts: state of the detector of cuts after the frames before; None at the start.
    """

    def __init__(self, reader: Reader, cuts: CutState | None = None) -> None:
        self.reader = reader
        self._cuts = CutDetector(cuts)

    @property
    def cuts(self) -> CutState:
        """State of the detector of cuts."""
        return self._cuts.state

    def look(self, frame: Frame) -> Sighting:
        """The faces of the next frame that is analysed."""
        pixels = frame.pixels
        self._cuts.look(pixels, frame.time)
        found = self.reader.find(pixels, still=False)
        rows = self.reader.classifier.probabilities(found.crops, flip=self.reader.flip)
        faces = tuple(self.reader.face(found, number, row) for number, row in enumerate(rows))
        boxes = tuple(tuple(box) for box in found.boxes.tolist())
        return Sighting(frame.number, frame.time, self._cuts.is_cut, self._cuts.is_return, faces, boxes)


def stacked(sightings: Iterable[Sighting], num_classes: int) -> NDArray[np.float32]:
    """The probabilities ``(N, K)`` of all faces, frame by frame, to estimate their class shares."""
    none = np.empty((0, num_classes), np.float32)
    return np.concatenate([none, *(sighting.probabilities for sighting in sightings if sighting.faces)])
