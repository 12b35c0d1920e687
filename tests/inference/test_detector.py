from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import scenes
from mien.errors import ModelFileError
from mien.inference import detector
from mien.inference.detector import Detector, overlap


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
