"""Faces in a photo: where they are, and their eyes, nose and mouth. YuNet through onnxruntime.

W. Wu, H. Peng and S. Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20, 2023. The
weights are those published as ``face_detection_yunet_2023mar.onnx`` under the MIT licence, which lies beside them.
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
from mien.errors import ArgumentError, ModelFileError
from mien.inference.session import Threads, open_session

PATH = Path(__file__).parent / "weights" / "detector" / "yunet.onnx"

SHA256 = "2a62f235515c3a3f80c8c96ee75f5146d3518d5a63d2b3c77d9d1ae50e632f20"
"""Of the vendored file; another one is refused."""

MIN_SCORE = 0.6
"""Least score of a face; docs/photos.md has how many it finds."""

LONGEST_SIDE = 640
"""Photos are shrunk to this for the first look: larger faces than it was trained on are missed."""

DETAILS = {"low": None, "normal": 0.03, "high": 0.01}
"""How closely photos are looked at: the smallest face that is to be found, as a share of the photo's shorter side; None has one
look only."""

SMALLEST_FACE = 24
"""Pixels of the photo that a face must have to be found."""

SEEN_FACE = 28
"""Pixels that a face has in the second look; it finds nearly all from 20 on."""

MOST_SEEN = 16_000_000
"""Pixels of the second look, which bound its memory."""

UPRIGHT_SCORE = 0.92
"""From this score on a photo's best face is upright: of upright faces 95% reach it, of those upside down less than 5%."""

TURN_MARGIN = 0.02
"""How much surer a face must be that is found in the turned photo: most photos are upright."""

STRIDES = (8, 16, 32)
MAX_OVERLAP = 0.3
"""Of two boxes that share more than this (intersection over union), the one with the lower score goes."""


@dataclass(frozen=True, eq=False)
class Detections:
    """What was found in one photo, best first, in the photo's own pixels.

    Attributes:
        boxes: ``(N, 4)`` ``float32``: left, top, right, bottom. They may reach past the photo's edge.
        landmarks: ``(N, 5, 2)`` ``float32``, x and y of the eye at the left, the eye at the right, the nose's tip, and the
            corner of the mouth at the left and at the right, as seen.
        scores: ``(N,)`` ``float32``, 0 to 1.
        rotated: by how many degrees, clockwise, the photo was turned to find them: 0, 90, 180 or 270. Boxes and landmarks lie in
            the photo as it was given; the eye at the left is the one at the left in the turned photo.
    """

    boxes: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    scores: NDArray[np.float32]
    rotated: int = 0

    def __len__(self) -> int:
        return len(self.scores)


class Detector:
    """Finds faces. Load it once; it may be called from several threads.

    Args:
        threads: how many processor threads one call may use; 0 uses all cores.

    Raises:
        ModelFileError: the vendored file is missing or isn't what was vendored.
    """

    @checked
    def __init__(self, *, threads: Threads = 1) -> None:
        if not PATH.is_file() or hashlib.sha256(data := PATH.read_bytes()).hexdigest() != SHA256:
            raise ModelFileError(f"The face detector '{PATH}' is missing or was changed: install mien again.")
        self._threads = threads
        self._session = open_session(data, threads)
        self._outputs = [f"{part}_{stride}" for part in ("cls", "obj", "bbox", "kps") for stride in STRIDES]

    def __reduce__(self) -> tuple[Any, ...]:
        return _with_threads, (self._threads,)

    @checked
    def detect(
        self,
        photo: NDArray[np.uint8],
        *,
        min_score: Annotated[float, Between(0, 1)] = MIN_SCORE,
        detail: Annotated[str, OneOf(tuple(DETAILS))] = "low",
        rotate: bool = False,
    ) -> Detections:
        """Find the faces in a photo.

        Args:
            photo: ``(H, W, 3)`` ``uint8``, red, green, blue.
            min_score: least score of a face, 0 to 1.
            detail: how closely to look, one of ``DETAILS``. Large photos get a second look at more pixels, as small faces are
                lost in the first one.
            rotate: where the best face is not clearly upright, also look at the photo on its sides and upside down, and take the
                orientation whose best face has the highest score.

        Raises:
            ArgumentError: the photo is of another shape or type, or an option doesn't fit.
        """
        if photo.ndim != 3 or photo.shape[2] != 3 or photo.dtype != np.uint8 or 0 in photo.shape:
            raise ArgumentError(
                f"A photo in which faces are sought must be uint8 of shape (H, W, 3), not {photo.dtype} of shape {photo.shape}."
            )
        height, width = photo.shape[:2]
        copies = [images.shrink(photo, longest) for longest in looks(height, width, detail)]
        best = self._detect_turned((height, width), copies, min_score, 0)
        if not rotate or (len(best) and best.scores[0] >= UPRIGHT_SCORE):
            return best
        for quarters in (2, 1, 3):
            found = self._detect_turned((height, width), copies, min_score, quarters)
            margin = 0.0 if best.rotated else TURN_MARGIN
            if len(found) and (not len(best) or found.scores[0] > best.scores[0] + margin):
                best = found
        return best

    def _detect_turned(
        self, size: tuple[int, int], copies: Sequence[NDArray[np.uint8]], min_score: float, quarters: int
    ) -> Detections:
        """Look at shrunk copies of a photo of a size (height and width), turned clockwise by quarters; give the photo's pixels."""
        looked = [self._look(np.rot90(copy, -quarters), min_score) for copy in copies]
        sizes = [copy.shape[:2] for copy in copies]
        points, scores = [], []
        for (height, width), (corners, found) in zip(sizes, looked, strict=True):
            scale = np.array([size[1] / width, size[0] / height], np.float32)
            points.append(_turned_back(corners, height, width, quarters) * scale)
            scores.append(found)
        all_points, all_scores = np.concatenate(points), np.concatenate(scores)
        ends = all_points[:, :2]  # two opposite corners of the box, whichever they are after turning
        boxes = np.concatenate([ends.min(1), ends.max(1)], 1)
        best = _suppress(boxes, all_scores)
        return Detections(boxes[best], all_points[best, 2:], all_scores[best], 90 * quarters)

    def _look(self, small: NDArray[np.uint8], min_score: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """All faces in a picture ``(h, w, 3)``, many of them several times.

        Returns:
            ``(N, 7, 2)``: the upper left and the lower right corner of the box and the five landmarks, in its pixels; and the
            scores ``(N,)``.
        """
        grid_height, grid_width = (-(-side // 32) * 32 for side in small.shape[:2])
        x = np.zeros((1, 3, grid_height, grid_width), np.float32)
        x[0, :, : small.shape[0], : small.shape[1]] = small[:, :, ::-1].transpose(2, 0, 1)  # it reads blue, green, red
        outputs = iter(self._session.run(self._outputs, {"input": x}))
        cls, obj, bbox, kps = ([next(outputs)[0] for _ in STRIDES] for _ in range(4))
        points, scores = [], []
        for level, stride in enumerate(STRIDES):
            score = np.sqrt(cls[level][:, 0].clip(0, 1) * obj[level][:, 0].clip(0, 1))
            (kept,) = np.nonzero(score >= min_score)
            anchor = np.stack([kept % (grid_width // stride), kept // (grid_width // stride)], 1).astype(np.float32)
            centre = (anchor + bbox[level][kept, :2]) * stride
            half = np.exp(bbox[level][kept, 2:]) * (stride / 2)
            marks = (anchor[:, None] + kps[level][kept].reshape(-1, 5, 2)) * stride
            points.append(np.concatenate([np.stack([centre - half, centre + half], 1), marks], 1))
            scores.append(score[kept])
        return np.concatenate(points), np.concatenate(scores)


def _with_threads(threads: int) -> Detector:
    return Detector(threads=threads)


def looks(height: int, width: int, detail: str) -> list[int]:
    """The longer sides, in pixels, at which a photo is looked at: the first look's, and the second look's where it sees more."""
    share, longest = DETAILS[detail], max(height, width)
    if share is None:
        return [LONGEST_SIDE]
    wanted = SEEN_FACE / max(SMALLEST_FACE, share * min(height, width))
    scale = min(1.0, wanted, (MOST_SEEN / (height * width)) ** 0.5)
    second = round(longest * scale)
    return [LONGEST_SIDE, second] if second > LONGEST_SIDE else [LONGEST_SIDE]


def _turned_back(points: NDArray[np.float32], height: int, width: int, quarters: int) -> NDArray[np.float32]:
    """Points ``(N, M, 2)`` of a picture that was turned clockwise by quarters, in the picture of that size as it was."""
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
