"""A photo at work: faces found, cut out as the classifier knows them, and read. What every way into mien calls."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.inference import align
from mien.inference.classifier import ARGMAX, Classifier
from mien.inference.detector import MIN_SCORE, Detector

MAX_FACES = 1000
"""Most faces that are read in one photo, the surest first."""


@dataclass(frozen=True)
class Face:
    """One face in a photo and what was read on it.

    Attributes:
        box: left, top, right and bottom in pixels of the upright photo; a face at the edge may reach past it.
        landmarks: x and y of the eye at the left, the eye at the right, the nose's tip, and the corner of the mouth at the
            left and at the right, as seen.
        detection_score: how sure it is that this is a face, 0 to 1.
        label: the most probable expression.
        probabilities: calibrated, by expression, in the model's order; they sum to 1.
        abstained: whether the most probable expression is less probable than was asked for: then don't use ``label``.
    """

    box: tuple[float, float, float, float]
    landmarks: tuple[tuple[float, float], ...]
    detection_score: float
    label: str
    probabilities: Mapping[str, float]
    abstained: bool = False

    @property
    def confidence(self) -> float:
        """The probability of ``label``."""
        return self.probabilities[self.label]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        return {
            "box": list(self.box),
            "landmarks": [list(point) for point in self.landmarks],
            "detection_score": self.detection_score,
            "label": self.label,
            "confidence": self.confidence,
            "abstained": self.abstained,
            "probabilities": dict(self.probabilities),
        }


@dataclass(frozen=True, eq=False)
class Found:
    """The faces of a photo before they are read: what ``Reader.find`` gives and ``Reader.read`` takes.

    Attributes:
        boxes, landmarks, scores: as in ``Detections``.
        crops: ``(N, h, w)`` ``uint8``, aligned, at the classifier's size.
    """

    boxes: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    scores: NDArray[np.float32]
    crops: NDArray[np.uint8]


class Reader:
    """Finds and reads faces; holds the loaded models for repeated use, and may be called from several threads.

    Args:
        model: a shipped model's short name, the path of a model file, or a loaded ``Classifier``.
        min_confidence: least detection score of a face, 0 to 1.
        abstain: faces whose most probable expression is less probable than this are marked as abstained.
        flip: read each face and its mirror image and average, which is a little more accurate and takes longer.
        threads: processor threads of one call; 0 uses all cores.
        max_faces: most faces that are read in one photo, the surest first.
        decision: how it answers, as for ``Classifier.load``; a loaded classifier has its own.

    Raises:
        ModelFileError: there is no such model, or it has no such decision.
        ValueError: a share is not between 0 and 1.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | Classifier = "base",
        *,
        min_confidence: float = MIN_SCORE,
        abstain: float = 0.0,
        flip: bool = False,
        threads: int = 0,
        max_faces: int = MAX_FACES,
        decision: str = ARGMAX,
    ) -> None:
        for name, value in (("min_confidence", min_confidence), ("abstain", abstain)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name} must be from 0 to 1, not {value}.")
        self.classifier = (
            model if isinstance(model, Classifier) else Classifier.load(model, threads=threads, decision=decision)
        )
        self.detector = Detector(threads=threads)
        self.min_confidence = min_confidence
        self.abstain = abstain
        self.flip = flip
        self.max_faces = max_faces

    def analyze(self, photo: images.Source) -> list[Face]:
        """Find and read the faces in a photo, the surest face first.

        Args:
            photo: a path, the encoded bytes, a file object, a Pillow picture, or a ``uint8`` array: gray ``(H, W)``, colour
                ``(H, W, 3)`` as red, green, blue, or ``(H, W, 4)`` with alpha.

        Returns:
            One ``Face`` each; an empty list where there is none.

        Raises:
            ImageError: it is no picture, is damaged, or past the limits.
        """
        return self.read([self.find(images.as_photo(photo))])[0]

    def find(self, photo: NDArray[np.uint8]) -> Found:
        """Find the faces in a photo ``(H, W, 3)`` and cut them out."""
        found = self.detector.detect(photo, min_score=self.min_confidence)
        num = min(len(found), self.max_faces)
        crops = np.empty((num, *self.classifier.spec.size), np.uint8)
        if num:
            grays = images.gray(photo)
            for row in range(num):
                crops[row] = align.crop(grays, found.landmarks[row], self.classifier.spec.size)
        return Found(found.boxes[:num], found.landmarks[:num], found.scores[:num], crops)

    def whole(self, face: NDArray[np.uint8]) -> Found:
        """A ready-made crop ``(h, w)`` as one found face that fills its picture."""
        height, width = face.shape
        return Found(
            np.array([[0, 0, width, height]], np.float32),
            np.empty((1, 0, 2), np.float32),
            np.ones(1, np.float32),
            images.resize_faces(face[None], self.classifier.spec.size),
        )

    def read(self, photos: Sequence[Found]) -> list[list[Face]]:
        """Read the faces of several photos as one batch: a list of faces for each photo."""
        crops = [found.crops for found in photos if len(found.crops)]
        if not crops:
            return [[] for _ in photos]
        rows = iter(self.classifier.probabilities(np.concatenate(crops), flip=self.flip))
        return [[self.face(found, number, next(rows)) for number in range(len(found.crops))] for found in photos]

    def face(self, found: Found, number: int, row: NDArray[np.float32]) -> Face:
        """Put together one found face and its row ``(K,)`` of probabilities."""
        probabilities = {name: float(value) for name, value in zip(self.classifier.spec.classes, row, strict=True)}
        label = max(probabilities, key=probabilities.__getitem__)
        left, top, right, bottom = (round(value, 2) for value in found.boxes[number].tolist())
        return Face(
            box=(left, top, right, bottom),
            landmarks=tuple((round(x, 2), round(y, 2)) for x, y in found.landmarks[number].tolist()),
            detection_score=round(float(found.scores[number]), 4),
            label=label,
            probabilities=probabilities,
            abstained=probabilities[label] < self.abstain,
        )


def analyze(photo: images.Source, model: str | os.PathLike[str] = "base") -> list[Face]:
    """Find and read the faces in a photo: ``Reader(model).analyze(photo)``, with the last reader kept for the next call.

    >>> for face in mien.analyze("party.jpg"):
    ...     print(face.label, face.confidence, face.box)
    """
    return _reader(os.fspath(model)).analyze(photo)


@lru_cache(maxsize=2)
def _reader(model: str) -> Reader:
    return Reader(model)
