"""Readability: pose of known heads, sharpness of known blur, and the reasons."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

import heads
import scenes
from mien.errors import ArgumentError
from mien.images import Picture
from mien.inference import align, readability
from mien.inference.detector import Detector
from mien.inference.photo import Reader
from mien.inference.readability import Limits, Readability


def projected(
    yaw: float, pitch: float, roll: float, scale: float = 3.0
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """The average face's landmarks, seen from far away."""
    model = np.column_stack([align.TEMPLATE, readability.DEPTHS])
    c, s = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    space = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ heads.rotation(yaw, pitch)
    return np.asarray((scale * (model - model.mean(0)) @ space.T)[:, :2] + 200, np.float32)


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (30, 0), (-50, 0), (0, 25), (0, -25)])
def test_a_known_pose_is_found(yaw: float, pitch: float) -> None:
    assert readability.head_pose(projected(yaw, pitch, 0)) == pytest.approx((yaw, pitch, 0), abs=0.1)


def test_a_rotation_in_the_plane_is_roll() -> None:
    assert readability.head_pose(projected(0, 0, 20)) == pytest.approx((0, 0, 20), abs=0.1)


def test_landmarks_on_a_line_have_no_pose() -> None:
    assert readability.head_pose(np.full((5, 2), 9, np.float32)) == (0, 0, 0)


@pytest.mark.parametrize("seed", [3, 24])
def test_the_yaw_of_drawn_heads(seed: int) -> None:
    """Against the same head from the front, as drawn faces have a direction of their own."""
    detector = Detector()

    def yaw(angle: float) -> float:
        return readability.head_pose(detector.detect(heads.turned(angle, 0, seed=seed)).landmarks[0])[0]

    front = yaw(0)
    found = [yaw(angle) - front for angle in (-30, 15, 30, 45)]
    assert found == sorted(found)
    assert found == pytest.approx([-30, 15, 30, 45], abs=20)
    assert found[0] < -8
    assert found[2] > 15


def test_size_is_that_of_the_models_square() -> None:
    gray = scenes.face(side=96)
    landmarks = align.TEMPLATE * 2
    crop = align.crop(Picture(gray), landmarks, (48, 48))
    face = readability.assess(landmarks, crop)
    assert face.size == 96.0
    assert face.exposure == pytest.approx(float(crop[8:40, 8:40].mean()), abs=0.06)
    assert (face.yaw, face.pitch, face.roll) == pytest.approx((0, 0, 0), abs=0.5)
    assert list(face.to_dict()) == ["size", "sharpness", "exposure", "yaw", "pitch", "roll"]


def test_sharpness_falls_with_blur_and_not_with_contrast() -> None:
    gray = scenes.face(side=48)
    blurred = [
        np.asarray(Image.fromarray(gray).filter(ImageFilter.GaussianBlur(radius))) for radius in (0.001, 1, 1.5, 2.5)
    ]
    values = [readability.sharpness(crop) for crop in blurred]
    assert values == sorted(values, reverse=True)
    assert values[1] > Limits().min_sharpness > values[3]
    faint = np.asarray(gray // 2 + 60, np.uint8)
    assert readability.sharpness(faint) == pytest.approx(values[0], rel=0.1)
    assert readability.sharpness(np.zeros((48, 48), np.uint8)) == 0.0


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, ""),
        ({"size": 19.0}, "too_small"),
        ({"sharpness": 0.1}, "too_blurred"),
        ({"yaw": -41.0}, "turned_away"),
        ({"pitch": 41.0}, "turned_away"),
        ({"size": 10.0, "yaw": 80.0}, "too_small"),
    ],
)
def test_reasons(changed: dict[str, float], reason: str) -> None:
    face = {"size": 80.0, "sharpness": 0.5, "exposure": 120.0, "yaw": 10.0, "pitch": -10.0, "roll": 60.0}
    assert Limits().reason(Readability(**{**face, **changed})) == reason


def test_limits_are_checked() -> None:
    with pytest.raises(ArgumentError, match="min_size"):
        Limits(min_size=-1)


def test_faces_of_a_photo_are_readable_or_not() -> None:
    reader = Reader("tiny", threads=1)
    photo = scenes.background(640, 360, 1)
    scenes.paste(photo, scenes.face("happy", 200), 40, 80)
    blurred = np.asarray(Image.fromarray(scenes.face("happy", 200)).filter(ImageFilter.GaussianBlur(6)))
    scenes.paste(photo, blurred, 380, 80)
    found = reader.find(photo)
    reasons = {
        "left" if box[0] < 300 else "right": Limits().reason(readability.assess(landmarks, crop))
        for box, landmarks, crop in zip(found.boxes, found.landmarks, found.crops, strict=True)
    }
    assert reasons == {"left": "", "right": "too_blurred"}
