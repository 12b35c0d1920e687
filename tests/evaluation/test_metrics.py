"""Metrics against hand-computed cases and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from mien.evaluation import metrics


def test_wilson_matches_its_formula() -> None:
    num_right, num, z = 66, 100, 1.959963984540054
    share = num_right / num
    centre = (share + z**2 / (2 * num)) / (1 + z**2 / num)
    half = z / (1 + z**2 / num) * np.sqrt(share * (1 - share) / num + z**2 / (4 * num**2))
    assert metrics.wilson(num_right, num) == pytest.approx((centre - half, centre + half), abs=1e-9)


@pytest.mark.parametrize(("num_right", "num"), [(0, 1), (1, 1), (0, 50), (50, 50)])
def test_wilson_stays_within_zero_and_one(num_right: int, num: int) -> None:
    low, high = metrics.wilson(num_right, num)
    assert 0 <= low < high <= 1
    assert low - 1e-9 <= num_right / num <= high + 1e-9


def test_wilson_narrows_with_rows_and_with_less_confidence() -> None:
    def width(interval: metrics.Interval) -> float:
        return interval[1] - interval[0]

    assert width(metrics.wilson(600, 1000)) < width(metrics.wilson(60, 100))
    assert width(metrics.wilson(60, 100, 0.8)) < width(metrics.wilson(60, 100, 0.95))


def test_bootstrap_encloses_the_scores_and_repeats_itself() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 4, 500)
    predicted = np.where(rng.random(500) < 0.6, labels, rng.integers(0, 4, 500))
    confusion = np.zeros((4, 4), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    f1, recall = metrics.bootstrap_macro(confusion)
    assert f1[0] < f1_score(labels, predicted, average="macro") < f1[1]
    assert recall[0] < balanced_accuracy_score(labels, predicted) < recall[1]
    assert f1[1] - f1[0] == pytest.approx(4 * 0.021, abs=0.03)  # about four standard errors
    assert metrics.bootstrap_macro(confusion) == (f1, recall)
    assert metrics.bootstrap_macro(confusion, seed=1) != (f1, recall)


def test_bootstrap_agrees_with_drawing_rows() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [80, 60, 20])
    predicted = np.where(rng.random(160) < 0.7, labels, (labels + 1) % 3)
    confusion = np.zeros((3, 3), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    rows = rng.integers(0, 160, (2000, 160))
    right, drawn = (predicted == labels)[rows], labels[rows]
    recalls = np.mean([(right & (drawn == code)).sum(1) / (drawn == code).sum(1) for code in range(3)], 0)
    _, interval = metrics.bootstrap_macro(confusion)
    assert interval == pytest.approx(tuple(np.percentile(recalls, [2.5, 97.5])), abs=0.02)


def test_bootstrap_of_a_perfect_model_with_an_absent_class_is_one() -> None:
    confusion = np.diag([10, 0, 5])
    assert metrics.bootstrap_macro(confusion) == ((1.0, 1.0), (1.0, 1.0))


def test_calibration_bins_by_hand() -> None:
    probabilities = np.array([[0.95, 0.05], [0.85, 0.15], [0.35, 0.65], [1.0, 0.0]], np.float32)
    labels = np.array([0, 1, 1, 0])
    bins = metrics.calibration_bins(labels, probabilities, num_bins=5)
    assert bins[:, 0].tolist() == [0, 0, 0, 1, 3]  # confidence 1 belongs to the last bin
    assert np.isnan(bins[:3, 1:]).all()
    assert bins[3, 1:] == pytest.approx([0.65, 1.0])
    assert bins[4, 1:] == pytest.approx([(0.95 + 0.85 + 1.0) / 3, 2 / 3])


def test_calibration_error_by_hand() -> None:
    probabilities = np.array([[0.95, 0.05], [0.85, 0.15], [0.35, 0.65], [1.0, 0.0]], np.float32)
    labels = np.array([0, 1, 1, 0])
    expected = (1 * abs(0.65 - 1.0) + 3 * abs(2.8 / 3 - 2 / 3)) / 4
    assert metrics.expected_calibration_error(labels, probabilities, num_bins=5) == pytest.approx(expected)


def test_a_model_as_right_as_confident_has_no_calibration_error() -> None:
    probabilities = np.tile(np.array([[0.75, 0.25]], np.float32), (4, 1))
    assert metrics.expected_calibration_error(np.array([0, 0, 0, 1]), probabilities) == pytest.approx(0, abs=1e-7)
