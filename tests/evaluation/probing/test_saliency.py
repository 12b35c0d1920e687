"""Saliency: a model whose reading is known to rest on one place has it found there."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.evaluation.evaluation import Evaluation
from mien.evaluation.probing import saliency


def reads_a_patch(faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Sure of class 1 as far as the patch at rows 8 to 16 and columns 30 to 38 is white."""
    p = faces[:, 8:16, 30:38].mean((1, 2)) / 255
    return np.stack([1 - p, p], 1).astype(np.float32)


def white_patch() -> NDArray[np.uint8]:
    faces = np.full((2, 48, 48), 40, np.uint8)
    faces[:, 8:16, 30:38] = 255
    return faces


def test_what_a_reading_rests_on_is_found() -> None:
    (first, second) = saliency.rise(reads_a_patch, white_patch(), np.array([1, 1]), num_masks=400)
    for values in (first, second):
        y, x = np.unravel_index(values.argmax(), values.shape)
        assert 8 <= y < 16
        assert 30 <= x < 38
        assert 0.4 < values.max() < (255 - 46) / 255  # white over the mean gray, shared with the cells beside
    far = first[30:, :20]
    assert np.abs(far).max() < first.max() / 2
    assert not np.array_equal(first, second)  # each face has masks of its own


def test_what_speaks_for_one_class_speaks_against_the_other() -> None:
    for_one, against = (saliency.rise(reads_a_patch, white_patch()[:1], np.array([code]))[0] for code in (1, 0))
    assert for_one == pytest.approx(-against, abs=1e-5)


def test_a_model_that_looks_at_nothing_has_a_flat_map() -> None:
    maps = saliency.rise(lambda faces: np.full((len(faces), 2), 0.5, np.float32), white_patch(), np.array([0, 1]))
    assert not maps.any()
    assert saliency.share_below(maps[0]) is None


def test_no_face_no_map() -> None:
    assert saliency.rise(reads_a_patch, white_patch()[:0], np.zeros(0, np.int64)).shape == (0, 48, 48)


@pytest.mark.parametrize("size", [(48, 48), (17, 40)])
def test_masks_show_about_half_of_any_face(size: tuple[int, int]) -> None:
    masks = saliency.draw_masks(300, *size, np.random.default_rng(1))
    assert masks.shape == (300, *size)
    assert (masks.min(), masks.max()) == (0, 1)
    assert masks.mean(0) == pytest.approx(np.full(size, 0.5), abs=0.15)


def test_share_below_the_middle() -> None:
    values = np.zeros((48, 48), np.float32)
    values[10], values[40], values[20] = 1, 3, -5  # what speaks against doesn't count
    assert saliency.share_below(values) == pytest.approx(0.75)


def judged(labels: list[int], read_as: list[int], num_classes: int = 3) -> Evaluation:
    confidence = np.linspace(0.9, 0.5, len(labels), dtype=np.float32)  # the first row is the surest
    probabilities = np.full((len(labels), num_classes), 0, np.float32)
    probabilities += ((1 - confidence) / (num_classes - 1))[:, None]
    probabilities[np.arange(len(labels)), read_as] = confidence
    return Evaluation.from_predictions(np.array(labels), probabilities, ("happy", "sad", "neutral")[:num_classes])


def test_rows_are_chosen_over_all_confidences_and_the_surest_error_of_a_class() -> None:
    evaluation = judged([0, 0, 0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 1, 1, 2])
    rows, is_right = saliency.choose(evaluation, 3)
    assert rows.tolist() == [0, 2, 4, 5, 6]
    assert is_right.tolist() == [True, True, True, True, False]
    looks = saliency.measure(
        lambda faces: np.full((len(faces), 3), 1 / 3, np.float32), np.zeros((8, 6, 6), np.uint8), evaluation
    )
    assert [found.name for found in saliency.by_class(looks, evaluation)] == [
        "happy",
        "sad",
    ]  # no neutral face is there


def test_nothing_read_right_leaves_errors_only() -> None:
    rows, is_right = saliency.choose(judged([0, 1], [1, 0]), 5)
    assert rows.tolist() == [0, 1]
    assert not is_right.any()
