"""How well a face can be read: its size, sharpness and exposure, and the direction of the head.

The limits come from what the models lose. 600 faces of FER2013's PublicTest (seed 0): ``base`` has 70.7% on them, 64.0% with 24
pixels a side and 49.8% with 16; 66.5% with a Gaussian blur of 1 pixel (95% of these faces are sharper than 0.23) and 47.5% with 1.5
(median sharpness 0.20). 275 of 300 faces, those detected (seed 1): ``tiny`` has 74% of those with a yaw below 40 degrees, and 10 of
the 25 others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from mien.checks import Between, check_fields
from mien.errors import ArgumentError
from mien.inference import align
from mien.typed_json import JsonObject

DEPTHS = np.array([0.0, 0.0, 7.3, 0.7, 0.7], np.float32)
"""How far the five landmarks lie in front of the eyes, in pixels of a 48x48 face: the tip of the nose about 25 mm, the corners of
the mouth about 2 mm, with 63 mm (18.4 pixels) between the eyes."""

_MODEL = np.column_stack([align.TEMPLATE, DEPTHS]).astype(np.float64)
_FIT = np.linalg.pinv(_MODEL - _MODEL.mean(0))  # (3, 5), the least-squares fit

REASONS = ("too_small", "too_blurred", "turned_away")
"""Why a face is not read; the first that holds is given."""

MIDDLE = 1 / 6
"""Share of a crop's sides that is left out at each edge for sharpness and exposure: hair and background."""


@dataclass(frozen=True)
class Readability:
    """How well a face can be read.

    Attributes:
        size: side of the square that the model sees, in pixels of the picture.
        sharpness: standard deviation of the Laplacian of the crop by that of its grays; lower is more blurred.
        exposure: mean gray of the crop, 0 to 255.
        yaw: direction of the head in degrees; positive to the right of the picture.
        pitch: positive downwards.
        roll: rotation in the picture's plane; positive is clockwise.
    """

    size: float
    sharpness: float
    exposure: float
    yaw: float
    pitch: float
    roll: float

    def to_dict(self) -> JsonObject:
        """Plain values for JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is too bad to be read.

    Attributes:
        min_size: minimum size, in pixels.
        min_sharpness: minimum sharpness.
        max_turn: maximum yaw and pitch, in degrees.

    Raises:
        ArgumentError: a value has the wrong type or is out of range.
    """

    min_size: Annotated[float, Between(0, 1e6)] = 20.0
    min_sharpness: Annotated[float, Between(0, 10)] = 0.2
    max_turn: Annotated[float, Between(0, 180)] = 40.0

    def __post_init__(self) -> None:
        check_fields(self, ArgumentError)

    def reason(self, face: Readability) -> str:
        """One of ``REASONS``; empty if the face can be read."""
        if face.size < self.min_size:
            return "too_small"
        if face.sharpness < self.min_sharpness:
            return "too_blurred"
        return "turned_away" if max(abs(face.yaw), abs(face.pitch)) > self.max_turn else ""


LIMITS = Limits()
"""The limits that rows use."""


def assess(landmarks: NDArray[np.float32], crop: NDArray[np.uint8]) -> Readability:
    """Assess a face.

    Args:
        landmarks: ``(5, 2)`` as in ``Detections``, in pixels of the picture.
        crop: ``(h, w)`` ``uint8``, the aligned face.
    """
    matrix, _ = align.similarity(align.TEMPLATE, landmarks)
    yaw, pitch, roll = head_pose(landmarks)
    return Readability(
        size=round(align.TEMPLATE_SIDE * float(np.hypot(matrix[0, 0], matrix[1, 0])), 1),
        sharpness=round(sharpness(crop), 4),
        exposure=round(float(_middle(crop).mean()), 1),
        yaw=round(yaw, 1),
        pitch=round(pitch, 1),
        roll=round(roll, 1),
    )


def sharpness(crop: NDArray[np.uint8]) -> float:
    """Standard deviation of the Laplacian by that of the grays, in the middle of a crop; 0 for a plain one.

    S. Pertuz, D. Puig and M. A. Garcia, "Analysis of focus measure operators for shape-from-focus", Pattern Recognition 46(5),
    2013, compare such measures. The quotient does not depend on contrast.
    """
    gray = _middle(crop).astype(np.float64)
    laplacian = gray[1:-1, :-2] + gray[1:-1, 2:] + gray[:-2, 1:-1] + gray[2:, 1:-1] - 4 * gray[1:-1, 1:-1]
    spread = float(gray.std())
    return float(laplacian.std()) / spread if spread > 0 else 0.0


def head_pose(landmarks: NDArray[np.float32]) -> tuple[float, float, float]:
    """Coarse yaw, pitch and roll in degrees, as in ``Readability``, from five landmarks ``(5, 2)``.

    The detector limits it: on drawn heads, a yaw of 30 degrees is measured as 14 to 31, but a pitch of 30 as 0 to 12 only.

    The landmarks of an average face are fitted by an affine map under scaled orthographic projection, whose nearest rotation is
    the pose: D. F. DeMenthon and L. S. Davis, "Model-based object pose in 25 lines of code", IJCV 15, 1995, first step.
    """
    points = landmarks.astype(np.float64)
    affine = (_FIT @ (points - points.mean(0))).T  # (2, 3)
    left, scales, right = np.linalg.svd(affine, full_matrices=False)
    if scales[1] < 1e-9:  # all points on a line
        return 0.0, 0.0, 0.0
    across, down = left @ right
    forward = across[0] * down[1] - across[1] * down[0]  # of the direction of the nose, as across[2] and down[2] are
    yaw, pitch = math.atan2(across[2], forward), math.asin(max(-1.0, min(1.0, down[2])))
    return math.degrees(yaw), math.degrees(pitch), math.degrees(math.atan2(down[0], across[0]))


def _middle(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows, columns = (round(side * MIDDLE) for side in crop.shape)
    return crop[rows : crop.shape[0] - rows, columns : crop.shape[1] - columns]
