"""From a photo to predictions: detect, align, classify. All interfaces of mien use this module."""

from __future__ import annotations

import dataclasses
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.checks import checked
from mien.display import Displayed
from mien.errors import ArgumentError
from mien.inference import align, pretrained, priors
from mien.inference.classifier import Classifier
from mien.inference.detector import Detector
from mien.inference.options import Options
from mien.inference.readability import LIMITS, Readability, assess
from mien.inference.session import Threads
from mien.typed_json import JsonObject

if TYPE_CHECKING:
    from mien.display import Axes


@dataclass(frozen=True)
class Face(Displayed, kind="face"):
    """One face in a photo and its prediction.

    Attributes:
        box: left, top, right and bottom in pixels of the photo as shown; it may extend past the edge.
        landmarks: x and y of the left eye, the right eye, the tip of the nose, and the left and the right corner of the mouth,
            as seen after rotation by ``rotated``; in pixels of the photo as shown.
        detection_score: face-detection score, 0 to 1.
        label: the most probable expression.
        probabilities: calibrated probability by expression, in the model's order; they sum to 1.
        abstained: whether the probability of ``label`` is below ``abstain``; if so, don't use ``label``.
        rotated: clockwise rotation of the photo that made its faces upright, in degrees: 0, 90, 180 or 270.
        readability: size, sharpness, exposure and direction; None for a ready-made crop.
    """

    box: tuple[float, float, float, float]
    landmarks: tuple[tuple[float, float], ...]
    detection_score: float
    label: str
    # A dictionary has no hash; the other values are enough to distinguish faces.
    probabilities: Mapping[str, float] = field(hash=False)
    abstained: bool = False
    rotated: int = 0
    readability: Readability | None = None

    @property
    def unreadable(self) -> str:
        """Why the prediction should not be used, one of ``readability.REASONS``; empty if it can."""
        return "" if self.readability is None else LIMITS.reason(self.readability)

    @property
    def confidence(self) -> float:
        """The probability of ``label``."""
        return self.probabilities[self.label]

    def with_probabilities(self, row: NDArray[np.float32], abstain: float) -> Face:
        """The same face with other probabilities ``(K,)``, and the label that follows from them."""
        probabilities = dict(zip(self.probabilities, row.tolist(), strict=True))
        label = max(probabilities, key=probabilities.__getitem__)
        abstained = probabilities[label] < abstain
        return dataclasses.replace(self, label=label, probabilities=probabilities, abstained=abstained)

    def to_dict(self) -> JsonObject:
        """Plain values for JSON."""
        return {
            "box": list(self.box),
            "landmarks": [list(point) for point in self.landmarks],
            "detection_score": self.detection_score,
            "label": self.label,
            "confidence": self.confidence,
            "abstained": self.abstained,
            "rotated": self.rotated,
            **({} if self.readability is None else self.readability.to_dict()),
            "unreadable": self.unreadable,
            "probabilities": dict(self.probabilities),
        }

    @classmethod
    def from_dict(cls, value: JsonObject) -> Face:
        """A face from what ``to_dict`` gave; errors as those of missing keys and wrong types."""
        read = {one.name: float(value[one.name]) for one in fields(Readability) if one.name in value}
        left, top, right, bottom = map(float, value["box"])
        return cls(
            box=(left, top, right, bottom),
            landmarks=tuple((float(x), float(y)) for x, y in value["landmarks"]),
            detection_score=float(value["detection_score"]),
            label=str(value["label"]),
            probabilities={str(name): float(share) for name, share in value["probabilities"].items()},
            abstained=bool(value["abstained"]),
            rotated=int(value["rotated"]),
            readability=Readability(**read) if read else None,
        )

    def plot_probabilities(self, ax: Axes | None = None) -> Axes:
        """Draw the probability of each expression on ``ax``, or on a new figure."""
        return self._plot("probabilities", ax)


@dataclass(frozen=True, eq=False)
class PhotoResult(Displayed, kind="photos"):
    """The predictions for one photo; ``to_frame`` has a row for each face.

    Attributes:
        name: path or name of the photo; may be empty.
        faces: its faces; empty if there are none, or if the photo couldn't be read.
        error: the reason why it couldn't be read, or None.
        pixels: the photo ``(H, W, 3)``, if requested.
        note: the assumption made to decode it, or None.
        prior: the stated class shares in use, as text, or None.
        size: width and height in pixels as shown; 0 if it couldn't be read.
        rotated: clockwise rotation that made its faces upright, in degrees.
    """

    name: str
    faces: tuple[Face, ...]
    error: str | None = None
    pixels: NDArray[np.uint8] | None = None
    note: str | None = None
    prior: str | None = None
    size: tuple[int, int] = (0, 0)
    rotated: int = 0

    def to_dict(self) -> JsonObject:
        """Plain values for JSON, without the pixels."""
        return {
            "photo": self.name,
            "size": list(self.size),
            "faces": [face.to_dict() for face in self.faces],
            "error": self.error,
            "note": self.note,
            "prior": self.prior,
            "rotated": self.rotated,
        }

    def plot_faces(self, ax: Axes | None = None) -> Axes:
        """Draw the photo with a box and a label for each face; without ``pixels``, it is read again from ``name``.

        Raises:
            ImageError: the photo can't be read.
        """
        return self._plot("faces", ax)


@dataclass(frozen=True, eq=False)
class DetectedFaces:
    """The detected faces of a photo before prediction: the output of ``Reader.find`` and the input of ``Reader.read``.

    Attributes:
        boxes, landmarks, scores, rotated: as in ``Detections``.
        crops: ``(N, h, w)`` ``uint8``, aligned, at the classifier's size.
    """

    boxes: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    scores: NDArray[np.float32]
    crops: NDArray[np.uint8]
    rotated: int = 0


class Reader:
    """Detect faces and predict their expressions; holds the loaded models, is thread-safe, and can be pickled.

    Args:
        model: a pretrained model's short name, the path of a model file, or a loaded ``Classifier``.
        options: options of detection and prediction; None for the defaults of ``Options``.
        threads: number of threads per call; 0 uses all cores.
        changes: single options, such as ``abstain=0.5``.

    Raises:
        ModelFileError: there is no such model, or it lacks the decision.
        ArgumentError: an argument or an option has the wrong type or is out of range.
    """

    @checked
    def __init__(
        self,
        model: str | os.PathLike[str] | Classifier = "base",
        options: Options | None = None,
        *,
        threads: Threads = 0,
        **changes: Any,
    ) -> None:
        self.options = (options or Options()).changed(**changes)
        if not isinstance(model, Classifier):
            model = Classifier.load(model, threads=threads, decision=self.options.decision, device=self.options.device)
        self.classifier = model if self.options.prior is None else model.with_prior(self.options.prior)
        self.detector = Detector(threads=threads, device=self.options.device)

    @property
    def flip(self) -> bool:
        """Whether each face is averaged with its mirror image."""
        return self.options.flip

    def analyze(self, photo: images.Source, *, colour: Literal["rgb", "bgr"] = "rgb") -> list[Face]:
        """Detect the faces in a photo and predict their expressions; highest detection score first.

        Args:
            photo: a path, the encoded bytes, a file object, a Pillow picture, or a ``uint8`` array: gray ``(H, W)``, colour
                ``(H, W, 3)``, or ``(H, W, 4)`` with alpha.
            colour: channel order of an array: ``"rgb"``, or ``"bgr"`` as in OpenCV.

        Returns:
            One ``Face`` per face; an empty list if there is none. An assumption made to decode the photo is a warning.

        Raises:
            ImageError: it is not a picture, is damaged, or is above the limits.
        """
        picture = images.open_photo(photo, max_pixels=self.options.max_pixels, colour=colour)
        if picture.note is not None:
            warnings.warn(f"The photo was decoded with an assumption: {picture.note}.", stacklevel=2)
        return self.read([self.find(picture)])[0]

    def estimate_prior(self, photos: Iterable[images.Source]) -> dict[str, float]:
        """Estimate the class shares among the faces of photos; the result is a value for the option ``prior``.

        Raises:
            DataError: the photos have too few faces, or one can't be read.
            ArgumentError: ``photos`` is one photo, not several.
        """
        if isinstance(photos, (str, bytes, os.PathLike)) or not isinstance(photos, Iterable):
            raise ArgumentError("The class shares are estimated from several photos: give a list of them.")
        faces = [face for photo in photos for face in self.analyze(photo)]
        rows = np.array([list(face.probabilities.values()) for face in faces], np.float32)
        shares = priors.estimate(rows, self.classifier.shares)
        return dict(zip(self.classifier.classes, shares.tolist(), strict=True))

    def find(self, photo: NDArray[np.uint8] | images.Picture, *, still: bool = True) -> DetectedFaces:
        """Detect the faces in a photo and crop them.

        Args:
            photo: ``(H, W, 3)`` ``uint8``, red, green, blue, or a decoded picture.
            still: false for a frame of a video, which gets one detection pass and no rotation, as the video states its rotation.

        Raises:
            ArgumentError: the photo has the wrong shape or type.
        """
        options, picture = self.options, images.in_colour(photo)
        found = self.detector.detect(
            picture,
            min_score=options.min_confidence,
            detail=options.detail if still else "low",
            rotate=options.rotate and still,
        )
        num = min(len(found), options.max_faces)
        crops = np.empty((num, *self.classifier.spec.size), np.uint8)
        for row in range(num):
            crops[row] = align.crop(picture, found.landmarks[row], self.classifier.spec.size)
        return DetectedFaces(found.boxes[:num], found.landmarks[:num], found.scores[:num], crops, found.rotated)

    @checked
    def as_face(self, face: NDArray[np.uint8]) -> DetectedFaces:
        """A ready-made crop ``(h, w)`` as one detected face that fills its picture.

        Raises:
            ArgumentError: it has the wrong shape or type.
        """
        if face.ndim != 2 or face.dtype != np.uint8 or 0 in face.shape:
            raise ArgumentError(f"A face must be uint8 of shape (H, W), not {face.dtype} of shape {face.shape}.")
        height, width = face.shape
        return DetectedFaces(
            np.array([[0, 0, width, height]], np.float32),
            np.empty((1, 0, 2), np.float32),
            np.ones(1, np.float32),
            images.resize_faces(face[None], self.classifier.spec.size),
        )

    def read(self, photos: Sequence[DetectedFaces]) -> list[list[Face]]:
        """Predict the faces of several photos as one batch; returns a list of faces per photo."""
        crops = [found.crops for found in photos if len(found.crops)]
        if not crops:
            return [[] for _ in photos]
        rows = iter(self.classifier.probabilities(np.concatenate(crops), flip=self.options.flip))
        return [[self.face(found, number, next(rows)) for number in range(len(found.crops))] for found in photos]

    def face(self, found: DetectedFaces, number: int, row: NDArray[np.float32]) -> Face:
        """Build a ``Face`` from one detected face and its row ``(K,)`` of probabilities."""
        probabilities = {name: float(value) for name, value in zip(self.classifier.spec.classes, row, strict=True)}
        label = max(probabilities, key=probabilities.__getitem__)
        left, top, right, bottom = (round(value, 2) for value in found.boxes[number].tolist())
        landmarks = found.landmarks[number]
        return Face(
            box=(left, top, right, bottom),
            landmarks=tuple((round(x, 2), round(y, 2)) for x, y in landmarks.tolist()),
            detection_score=round(float(found.scores[number]), 4),
            label=label,
            probabilities=probabilities,
            abstained=probabilities[label] < self.options.abstain,
            rotated=found.rotated,
            readability=assess(landmarks, found.crops[number]) if len(landmarks) else None,
        )


@checked
def analyze(
    photo: images.Source,
    model: str | os.PathLike[str] = "base",
    *,
    colour: Literal["rgb", "bgr"] = "rgb",
    **changes: Any,
) -> list[Face]:
    """Detect the faces in a photo and predict their expressions, with ``Reader(model).analyze(photo)``; readers are cached.

    Args:
        photo: as for ``Reader.analyze``.
        model: a pretrained model's short name, or the path of a model file; a changed file is loaded again.
        colour: channel order of an array: ``"rgb"``, or ``"bgr"`` as in OpenCV.
        changes: options as in ``Options``, such as ``flip=True`` or ``abstain=0.5``.

    Raises:
        ImageError: it is not a picture, is damaged, or is above the limits.
        ModelFileError: there is no such model, or it lacks the decision.
        ArgumentError: an argument or an option has the wrong type or is out of range.

    >>> for face in mien.analyze("party.jpg"):
    ...     print(face.label, face.confidence, face.box)
    """
    status = pretrained.resolve(model).stat()
    version = (status.st_mtime_ns, status.st_size, status.st_ino)
    return _reader(os.fspath(model), version, Options.of(**changes)).analyze(photo, colour=colour)


@lru_cache(maxsize=2)
def _reader(model: str, version: tuple[int, ...], options: Options) -> Reader:
    return Reader(model, options)
