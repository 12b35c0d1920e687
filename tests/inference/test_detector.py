from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scenes
from mien.errors import ArgumentError, ModelFileError
from mien.inference import detector
from mien.inference.detector import Detections, Detector, overlap, pass_sizes


@pytest.fixture(scope="module")
def finder() -> Detector:
    return Detector()


def test_a_face_is_found_where_it_is(finder: Detector) -> None:
    found = finder.detect(scenes.scene(side=200))
    assert len(found) == 1
    left, top, right, bottom = found.boxes[0]
    assert 220 < left < right < 420
    assert 140 < top < bottom < 345
    eye_left, eye_right, nose, mouth_left, mouth_right = found.landmarks[0]
    assert eye_left[0] < nose[0] < eye_right[0]
    assert mouth_left[0] < mouth_right[0]
    assert eye_left[1] < nose[1] < mouth_left[1]


def test_several_faces_are_found_best_first(finder: Detector) -> None:
    found = finder.detect(scenes.scene(("happy", "angry", "surprise"), width=1280, height=720, side=260))
    assert len(found) == 3
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)


def test_the_highest_score_is_that_of_the_best_face(finder: Detector) -> None:
    gray = scenes.scene(side=100, width=230, height=190).mean(2).astype(np.uint8)
    found = finder.detect(np.repeat(gray[:, :, None], 3, 2))
    assert len(found) == 1
    assert finder.highest_score(gray) == found.scores[0]


def test_a_background_has_no_face(finder: Detector) -> None:
    found = finder.detect(scenes.background(640, 480))
    assert found.boxes.shape == (0, 4)
    assert found.landmarks.shape == (0, 5, 2)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (31, 33), (641, 639), (64, 3000)])
def test_any_size_goes_in(finder: Detector, shape: tuple[int, int]) -> None:
    assert len(finder.detect(np.full((*shape, 3), 128, np.uint8))) == 0


@pytest.mark.parametrize("times", [2, 3])
def test_boxes_are_in_pixels_of_the_photo_itself(finder: Detector, times: int) -> None:
    small = scenes.scene(side=200)
    large = small.repeat(times, 0).repeat(times, 1)
    np.testing.assert_allclose(finder.detect(large).boxes / times, finder.detect(small).boxes, atol=6)


def turned(found: Detections, quarters: int, height: int, width: int) -> list[tuple[float, ...]]:
    """Boxes of a photo of that size as they lie in the same photo turned clockwise by quarters."""
    boxes: list[tuple[float, ...]] = [tuple(box) for box in found.boxes.tolist()]
    for _ in range(quarters):
        boxes = [(height - bottom, left, height - top, right) for left, top, right, bottom in boxes]
        height, width = width, height
    return boxes


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_photo_is_turned_back(finder: Detector, quarters: int) -> None:
    photo = scenes.scene(("happy", "surprise"), width=800)
    upright = finder.detect(photo, rotate=True)
    found = finder.detect(np.rot90(photo, -quarters), rotate=True)
    assert (upright.rotated, found.rotated) == (0, [0, 270, 180, 90][quarters])
    boxes = turned(upright, quarters, *photo.shape[:2])
    np.testing.assert_allclose(sorted(map(tuple, found.boxes.tolist())), sorted(boxes), atol=1)
    assert finder.detect(np.rot90(photo, -quarters)).rotated == 0
    eye_left, eye_right, _, mouth_left, _ = found.landmarks[0]
    across, down = eye_right - eye_left, mouth_left - eye_left
    assert np.argmax([across[0], across[1], -across[0], -across[1]]) == quarters  # which way "right" points
    assert np.argmax([down[1], -down[0], -down[1], down[0]]) == quarters


def test_no_face_anywhere_leaves_a_photo_as_it_is(finder: Detector) -> None:
    found = finder.detect(scenes.background(640, 480), rotate=True, detail="high")
    assert (len(found), found.rotated) == (0, 0)


@pytest.mark.parametrize("quarters", [0, 2, 3])
def test_small_faces_of_large_photos_are_found(finder: Detector, quarters: int) -> None:
    photo = scenes.background(3000, 2000)
    for number, (left, top) in enumerate([(200, 300), (1500, 1700), (2600, 900)]):
        scenes.paste(photo, scenes.face("happy", 200, 3 + 7 * number), left, top)
    photo = np.rot90(photo, -quarters)
    assert len(finder.detect(photo)) < 3
    found = finder.detect(photo, detail="normal", rotate=True)
    assert len(found) == 3
    assert found.rotated == (360 - 90 * quarters) % 360


def test_a_large_face_is_found_once(finder: Detector) -> None:
    for times in (1, 2, 3):
        photo = scenes.background(2000, 1500)
        scenes.paste(photo, scenes.face("happy", 400).repeat(times, 0).repeat(times, 1), 100, 100)
        assert len(finder.detect(photo, detail="normal")) == len(finder.detect(photo, detail="high")) == 1


@pytest.mark.parametrize(
    "size", [(3000, 4000), (4000, 3000), (3000, 12_000), (4000, 6000), (720, 1280), (480, 640), (1000, 800)]
)
def test_the_second_look_sees_enough_of_the_smallest_face(size: tuple[int, int]) -> None:
    smallest = max(24, 0.03 * min(size))
    assert smallest * pass_sizes(*size, "normal")[-1] / max(size) >= 24 - 0.05
    assert pass_sizes(*size, "low") == [640]
    assert pass_sizes(32_000, 2_000, "high")[-1] ** 2 / 16 <= 16_100_000  # its memory is bounded


def test_a_changed_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tmp_path / "yunet.onnx"
    changed.write_bytes(detector.PATH.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(detector, "PATH", changed)
    with pytest.raises(ModelFileError, match="missing or was changed: install mien again"):
        Detector()


def test_overlap_is_intersection_over_union() -> None:
    box = np.array([0, 0, 10, 10], np.float32)
    others = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]], np.float32)
    assert overlap(box, others).tolist() == pytest.approx([1, 1 / 3, 0])


def test_arguments_that_do_not_fit_are_one_sentence(finder: Detector) -> None:
    photo = np.zeros((8, 8, 3), np.uint8)
    wrong: list[dict[str, Any]] = [{"min_score": 2}, {"min_score": "x"}, {"detail": "full"}, {"rotate": "no"}]
    for options in wrong:
        with pytest.raises(ArgumentError, match="doesn't fit: it must be"):
            finder.detect(photo, **options)
    with pytest.raises(ArgumentError, match=r"must be uint8 of shape \(H, W, 3\), not float64 of shape \(8, 8, 3\)"):
        finder.detect(photo.astype(float))
    with pytest.raises(ArgumentError, match="threads=-1 doesn't fit"):
        Detector(threads=-1)
