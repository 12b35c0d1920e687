"""Differences between splits, told from chance."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, permutation_test

from mien.auditing import drift
from mien.data import duplicates
from mien.data.faceset import FaceSet
from mien.emotions import EMOTIONS


def test_drift_tells_chance_from_difference() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (300, 8, 8), np.uint8)
    labels, is_test = rng.integers(0, 7, 300), np.arange(300) % 3 == 0
    faces = replace(FaceSet.from_arrays(images, labels, EMOTIONS), splits=np.where(is_test, "test", "train"))
    first, same = drift.of_splits(faces, duplicates.contrast(images))
    assert (first.split, first.classes_p, first.variation) == ("train", None, 0)
    assert same.classes_p is not None
    assert same.gray_p is not None
    assert min(same.classes_p, same.gray_p) > 0.01
    images = np.where(is_test[:, None, None], images // 3, images).astype(np.uint8)
    moved_set = replace(faces, images=images, labels=np.where(is_test, 3, labels))
    _, moved = drift.of_splits(moved_set, duplicates.contrast(images))
    assert moved.classes_p is not None
    assert moved.classes_p < 1e-6
    assert (moved.gray_p, moved.contrast_p) == (0.001, 0.001)
    assert moved.variation > 0.5


def two_splits(first: list[int], second: list[int], gray: int = 100) -> tuple[FaceSet, NDArray[np.float64]]:
    """Faces of one gray with so many labels of two classes, all of ``train`` first."""
    labels = [*first, *second]
    images = np.full((len(labels), 8, 8), gray, np.uint8)
    splits = np.array(["train"] * len(first) + ["test"] * len(second))
    return replace(FaceSet.from_arrays(images, labels, ("happy", "sad")), splits=splits), duplicates.contrast(images)


def test_variation_is_half_the_sum_of_the_differences_of_shares() -> None:
    train, test = drift.of_splits(*two_splits([0] * 8 + [1] * 2, [0] * 5 + [1] * 5))
    assert train.variation == 0
    assert test.variation == pytest.approx(0.3)
    assert (train.rows, test.rows, train.gray, train.contrast) == (10, 10, 100, 0)
    assert test.classes_p == pytest.approx(chi2_contingency([[5, 5], [8, 2]]).pvalue)
    assert (test.gray_p, test.contrast_p) == (1.0, 1.0)


def test_one_class_and_no_labels_have_no_test_of_classes() -> None:
    for first, second in (([0] * 5, [0] * 5), ([0, 1] * 3, [-1] * 4)):
        _, test = drift.of_splits(*two_splits(first, second))
        assert (test.classes_p, test.variation) == (None, 0)
        assert json.loads(json.dumps(test.to_dict()))["classes_p"] is None


def test_the_p_value_of_two_means_is_that_of_scipy_and_repeats_itself() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(0, 1, 25), rng.normal(0.5, 1, 40)
    ours = drift._means_p(a, b)
    assert ours == drift._means_p(a, b)
    exact = permutation_test((a, b), lambda x, y: x.mean() - y.mean(), n_resamples=4999, rng=np.random.default_rng(0))
    assert ours == pytest.approx(exact.pvalue, abs=0.03)
