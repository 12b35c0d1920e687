"""Detect faces and five landmarks in a photo, with YuNet on onnxruntime.

W. Wu, H. Peng and S. Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20, 2023. The
weights are those published as ``face_detection_yunet_2023mar.onnx`` under the MIT licence, which is beside them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.checks import Between, OneOf, checked
from mien.errors import ModelFileError
from mien.images import Picture
from mien.inference.session import Device, Threads, open_session

PATH = Path(__file__).parent / "weights" / "detector" / "yunet.onnx"

SHA256 = "2a62f235515c3a3f80c8c96ee75f5146d3518d5a63d2b3c77d9d1ae50e632f20"
"""SHA-256 of the vendored file; any other file is refused."""

MIN_SCORE = 0.6
"""Default minimum face-detection score; docs/photos.md has the recall."""

LONGEST_SIDE = 640
"""Longer side of the first pass, in pixels; larger faces than in YuNet's training are missed."""

DETAILS = {"low": None, "normal": 0.03, "high": 0.01}
"""For each ``detail``, the smallest face to detect, as a share of the photo's shorter side; None for one pass only."""

SMALLEST_FACE = 24
"""Minimum side of a face to detect, in pixels of the photo."""

SEEN_FACE = 28
"""Side of the smallest face in the second pass, in pixels; YuNet detects nearly all faces from 20 on."""

MOST_SEEN = 16_000_000
"""Maximum pixels of the second pass, which limits the memory."""

UPRIGHT_SCORE = 0.92
"""Score from which a photo's best face counts as upright: 95% of upright faces reach it, and less than 5% of inverted ones."""

TURN_MARGIN = 0.02
"""Margin by which the score in a rotated photo must be higher: most photos are upright."""

STRIDES = (8, 16, 32)
MAX_OVERLAP = 0.3
"""Threshold of non-maximum suppression (intersection over union)."""


@dataclass(frozen=True, eq=False)
class Detections:
    """The faces detected in one photo, highest score first, in pixels of the photo.

    Attributes:
        boxes: ``(N, 4)`` ``float32``: left, top, right, bottom. They may extend past the photo's edge.
        landmarks: ``(N, 5, 2)`` ``float32``, x and y of the left eye, the right eye, the tip of the nose, and the left and the
            right corner of the mouth, as seen in the picture.
        scores: ``(N,)`` ``float32``, 0 to 1.
        rotated: clockwise rotation of the photo for detection, in degrees: 0, 90, 180 or 270. Boxes and landmarks are in the
            original photo; left and right are as seen in the rotated photo.
    """

    boxes: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    scores: NDArray[np.float32]
    rotated: int = 0

    def __len__(self) -> int:
        return len(self.scores)


class Detector:
    """Detect faces. Load it once; it is thread-safe.

    Args:
        threads: number of threads per call; 0 uses all cores.
        device: as for ``Classifier.load``.

    Raises:
        ArgumentError: onnxruntime can't use the device here.
        ModelFileError: the vendored file is missing or was changed.
    """

    @checked
    def __init__(self, *, threads: Threads = 1, device: Device = "cpu") -> None:
        if not PATH.is_file() or hashlib.sha256(data := PATH.read_bytes()).hexdigest() != SHA256:
            raise ModelFileError(f"The face detector '{PATH}' is missing or was changed: install mien again.")
        self._threads, self._device = threads, device
        self._session = open_session(data, threads, device)
        self._outputs = [f"{part}_{stride}" for part in ("cls", "obj", "bbox", "kps") for stride in STRIDES]

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened, (self._threads, self._device)

    @checked
    def detect(
        self,
        photo: NDArray[np.uint8] | Picture,
        *,
        min_score: Annotated[float, Between(0, 1)] = MIN_SCORE,
        detail: Annotated[str, OneOf(tuple(DETAILS))] = "low",
        rotate: bool = False,
    ) -> Detections:
        """Detect the faces in a photo.

        Args:
            photo: ``(H, W, 3)`` ``uint8``, red, green, blue, or a decoded picture.
            min_score: minimum score of a face, 0 to 1.
            detail: search for small faces, one of ``DETAILS``. Large photos get a second pass at a higher resolution, as the
                first pass misses small faces.
            rotate: if the best face is not clearly upright, also search the photo rotated by 90, 180 and 270 degrees, and use
                the orientation whose best face has the highest score.

        Raises:
            ArgumentError: the photo has the wrong shape or type, or an option is invalid.
        """
        picture = images.in_colour(photo)
        height, width = picture.size
        copies = [picture.shrunk(longest) for longest in pass_sizes(height, width, detail)]
        best = self._detect_turned((height, width), copies, min_score, 0)
        if not rotate or (len(best) and best.scores[0] >= UPRIGHT_SCORE):
            return best
        for quarters in (2, 1, 3):
            found = self._detect_turned((height, width), copies, min_score, quarters)
            margin = 0.0 if best.rotated else TURN_MARGIN
            if len(found) and (not len(best) or found.scores[0] > best.scores[0] + margin):
                best = found
        return best

    def highest_score(self, gray: NDArray[np.uint8]) -> float:
        """The score of the most confident face in a small gray picture ``(h, w)`` without its position, in one pass; 0 to 1."""
        scores, _, _ = self._run(gray[None])
        return float(max(score.max() for score in scores))

    def _detect_turned(
        self, size: tuple[int, int], copies: Sequence[NDArray[np.uint8]], min_score: float, quarters: int
    ) -> Detections:
        """Detect in shrunk copies of a photo, rotated clockwise by quarter turns; returns coordinates in the original photo."""
        passes = [self._detect_once(np.rot90(copy, -quarters), min_score) for copy in copies]
        sizes = [copy.shape[:2] for copy in copies]
        points, scores = [], []
        for (height, width), (corners, found) in zip(sizes, passes, strict=True):
            scale = np.array([size[1] / width, size[0] / height], np.float32)
            points.append(_turned_back(corners, height, width, quarters) * scale)
            scores.append(found)
        all_points, all_scores = np.concatenate(points), np.concatenate(scores)
        ends = all_points[:, :2]  # two opposite corners of the box
        boxes = np.concatenate([ends.min(1), ends.max(1)], 1)
        best = _suppress(boxes, all_scores)
        return Detections(boxes[best], all_points[best, 2:], all_scores[best], 90 * quarters)

    def _detect_once(
        self, small: NDArray[np.uint8], min_score: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """All detections in a picture ``(h, w, 3)``, before non-maximum suppression.

        Returns:
            ``(N, 7, 2)``: the upper left and the lower right corner of the box and the five landmarks, in its pixels; and the
            scores ``(N,)``.
        """
        found, boxes, marks_of = self._run(small[:, :, ::-1].transpose(2, 0, 1))  # YuNet takes blue, green, red
        grid_width = _padded(small.shape[1])
        points, scores = [], []
        for level, stride in enumerate(STRIDES):
            (kept,) = np.nonzero(found[level] >= min_score)
            anchor = np.stack([kept % (grid_width // stride), kept // (grid_width // stride)], 1).astype(np.float32)
            centre = (anchor + boxes[level][kept, :2]) * stride
            half = np.exp(boxes[level][kept, 2:]) * (stride / 2)
            marks = (anchor[:, None] + marks_of[level][kept].reshape(-1, 5, 2)) * stride
            points.append(np.concatenate([np.stack([centre - half, centre + half], 1), marks], 1))
            scores.append(found[level][kept])
        return np.concatenate(points), np.concatenate(scores)

    def _run(self, planes: NDArray[np.uint8]) -> tuple[list[NDArray[np.float32]], ...]:
        """Raw outputs for a picture ``(3 or 1, h, w)``: by stride, scores ``(A,)``, boxes ``(A, 4)`` and landmarks ``(A, 10)``."""
        height, width = planes.shape[1:]
        x = np.zeros((1, 3, _padded(height), _padded(width)), np.float32)
        x[0, :, :height, :width] = planes
        outputs = iter(self._session.run(self._outputs, {"input": x}))
        cls, obj, bbox, kps = ([next(outputs)[0] for _ in STRIDES] for _ in range(4))
        scores = [np.sqrt(a[:, 0].clip(0, 1) * b[:, 0].clip(0, 1)) for a, b in zip(cls, obj, strict=True)]
        return scores, bbox, kps


def _opened(threads: int, device: str) -> Detector:
    return Detector(threads=threads, device=device)


def _padded(side: int) -> int:
    """A side of YuNet's input, in pixels: a multiple of its largest stride."""
    return -(-side // STRIDES[-1]) * STRIDES[-1]


def pass_sizes(height: int, width: int, detail: str) -> list[int]:
    """The longer sides, in pixels, of the detection passes: the first, and the second if its resolution is higher."""
    share, longest = DETAILS[detail], max(height, width)
    if share is None:
        return [LONGEST_SIDE]
    wanted = SEEN_FACE / max(SMALLEST_FACE, share * min(height, width))
    scale = min(1.0, wanted, (MOST_SEEN / (height * width)) ** 0.5)
    second = round(longest * scale)
    return [LONGEST_SIDE, second] if second > LONGEST_SIDE else [LONGEST_SIDE]


def _turned_back(points: NDArray[np.float32], height: int, width: int, quarters: int) -> NDArray[np.float32]:
    """Map points ``(N, M, 2)`` of a rotated picture back to the original picture of size ``height`` x ``width``."""
    x, y = points[..., 0], points[..., 1]
    across = (x, y, width - x, width - y)[quarters]
    down = (y, height - x, height - y, x)[quarters]
    return np.stack([across, down], -1).astype(np.float32)


def overlap(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of one box ``(4,)`` with others ``(N, 4)``: ``(N,)``, 0 to 1."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])  # (N, 2)
    shared = sides.clip(0).prod(1)
    area = (others[:, 2:] - others[:, :2]).prod(1) + (box[2:] - box[:2]).prod()
    return np.asarray(shared / np.maximum(area - shared, 1e-9), np.float32)


def _suppress(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> list[int]:
    """Non-maximum suppression: rows to keep, best first."""
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order):
        kept.append(int(order[0]))
        order = order[1:][overlap(boxes[order[0]], boxes[order[1:]]) <= MAX_OVERLAP]
    return kept
