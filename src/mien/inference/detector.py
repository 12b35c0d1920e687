"""Faces in a photo: where they are, and their eyes, nose and mouth. YuNet through onnxruntime.

W. Wu, H. Peng and S. Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20, 2023. The
weights are those published as ``face_detection_yunet_2023mar.onnx`` under the MIT licence, which lies beside them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.errors import ModelFileError
from mien.inference.session import open_session

PATH = Path(__file__).parent / "weights" / "detector" / "yunet.onnx"

SHA256 = "2a62f235515c3a3f80c8c96ee75f5146d3518d5a63d2b3c77d9d1ae50e632f20"
"""Of the vendored file; another one is refused."""

MIN_SCORE = 0.6
"""Least score of a face; docs/photos.md has how many it finds."""

LONGEST_SIDE = 640
"""Photos are shrunk to this before faces are sought: larger faces than it was trained on are missed."""

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
    """

    boxes: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.scores)


class Detector:
    """Finds faces. Load it once; it may be called from several threads.

    Args:
        threads: how many processor threads one call may use; 0 uses all cores.

    Raises:
        ModelFileError: the vendored file is missing or isn't what was vendored.
    """

    def __init__(self, *, threads: int = 1) -> None:
        if not PATH.is_file() or hashlib.sha256(data := PATH.read_bytes()).hexdigest() != SHA256:
            raise ModelFileError(f"The face detector '{PATH}' is missing or was changed: install mien again.")
        self._session = open_session(data, threads)
        self._outputs = [f"{part}_{stride}" for part in ("cls", "obj", "bbox", "kps") for stride in STRIDES]

    def detect(self, photo: NDArray[np.uint8], *, min_score: float = MIN_SCORE) -> Detections:
        """Find the faces in a photo.

        Args:
            photo: ``(H, W, 3)`` ``uint8``, red, green, blue.
            min_score: least score of a face, 0 to 1.
        """
        height, width = photo.shape[:2]
        small = images.shrink(photo, LONGEST_SIDE)
        scale = np.array([width / small.shape[1], height / small.shape[0]], np.float32)
        grid_height, grid_width = (-(-side // 32) * 32 for side in small.shape[:2])
        x = np.zeros((1, 3, grid_height, grid_width), np.float32)
        x[0, :, : small.shape[0], : small.shape[1]] = small[:, :, ::-1].transpose(2, 0, 1)  # it reads blue, green, red
        outputs = iter(self._session.run(self._outputs, {"input": x}))
        cls, obj, bbox, kps = ([next(outputs)[0] for _ in STRIDES] for _ in range(4))
        boxes, landmarks, scores = [], [], []
        for level, stride in enumerate(STRIDES):
            score = np.sqrt(cls[level][:, 0].clip(0, 1) * obj[level][:, 0].clip(0, 1))
            (kept,) = np.nonzero(score >= min_score)
            anchor = np.stack([kept % (grid_width // stride), kept // (grid_width // stride)], 1).astype(np.float32)
            centre = (anchor + bbox[level][kept, :2]) * stride
            half = np.exp(bbox[level][kept, 2:]) * (stride / 2)
            boxes.append(np.concatenate([centre - half, centre + half], 1))
            landmarks.append((anchor[:, None] + kps[level][kept].reshape(-1, 5, 2)) * stride)
            scores.append(score[kept])
        all_boxes = np.concatenate(boxes) * np.tile(scale, 2)
        all_scores = np.concatenate(scores)
        best = _suppress(all_boxes, all_scores)
        return Detections(all_boxes[best], np.concatenate(landmarks)[best] * scale, all_scores[best])


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
