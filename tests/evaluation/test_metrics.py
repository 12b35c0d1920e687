"""Metrics against hand-computed cases and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import balanced_accuracy_score, f1_score, precision_recall_fscore_support

from mien.evaluation import metrics


def test_means_over_the_classes_leave_out_those_without_rows() -> None:
    labels, predicted = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 3])
    found = metrics.per_class(labels, predicted, 4)
    assert found.support.tolist() == [3, 2, 0, 0]
    np.testing.assert_allclose(found.recall[:2], [2 / 3, 1 / 2])
    np.testing.assert_allclose(found.precision[:2], [1, 1 / 2])
    assert np.isnan(found.f1[2:]).all()
    assert found.macro_f1 == pytest.approx((4 / 5 + 1 / 2) / 2)
    assert found.balanced_accuracy == pytest.approx((2 / 3 + 1 / 2) / 2)


@pytest.mark.parametrize("seed", range(5))
def test_scores_of_classes_are_those_of_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels, predicted = (
        random.integers(0, 6, 40),
        random.integers(1, 8, 40),
    )  # class 0 is never predicted, class 6 never right
    found = metrics.per_class(labels, predicted, 9)  # class 8 doesn't occur
    known = precision_recall_fscore_support(labels, predicted, labels=np.arange(9), zero_division=np.nan)
    np.testing.assert_allclose(found.precision, known[0])
    np.testing.assert_allclose(found.recall, known[1])
    np.testing.assert_allclose(found.f1, np.where(known[3] > 0, known[2], np.nan))
    np.testing.assert_array_equal(found.support, known[3])


def test_wilson_matches_its_formula() -> None:
    num_right, num, z = 66, 100, 1.959963984540054
    share = num_right / num
    centre = (share + z**2 / (2 * num)) / (1 + z**2 / num)
    half = z / (1 + z**2 / num) * np.sqrt(share * (1 - share) / num + z**2 / (4 * num**2))
    assert metrics.wilson(num_right, num) == pytest.approx((centre - half, centre + half), abs=1e-9)


@pytest.mark.parametrize("num", [1, 2, 7, 50, 3589])
def test_wilson_is_that_of_scipy(num: int) -> None:
    for num_right in range(0, num + 1, max(1, num // 20)):
        known = binomtest(num_right, num).proportion_ci(0.9, method="wilson")
        assert metrics.wilson(num_right, num, 0.9) == (known.low, known.high)


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


def test_a_perfect_score_has_the_interval_of_its_classes_by_wilson() -> None:
    """Rows without an error don't prove a model without one: with one class it is Wilson's own, with a rare one much wider."""
    f1, recall = metrics.bootstrap_macro(np.diag([1000, 0]))
    assert recall == pytest.approx(metrics.wilson(1000, 1000))
    assert 1 - 4 / 1000 < recall[0] < 1 - 3 / 1000  # near the rule of three
    f1, recall = metrics.bootstrap_macro(np.diag([1000, 0, 5]))
    lacks = [1 - metrics.wilson(num, num)[0] for num in (1000, 5)]
    assert recall == pytest.approx((1 - np.hypot(lacks[0], lacks[1]) / 2, 1.0))
    assert recall[0] < f1[0] < 1
    assert f1[1] == 1.0


def test_a_class_that_a_draw_misses_counts_in_neither_mean() -> None:
    """One row of a rare class is missed by a third of the draws; scored as 0 there, perfect would lie outside its interval."""
    f1, recall = metrics.bootstrap_macro(np.array([[59, 1, 0], [0, 39, 0], [0, 0, 1]]))
    for low, high in (f1, recall):
        assert 0.95 < low < 1.0
        assert high == 1.0


def test_f1s_interval_is_that_of_its_share() -> None:
    """30 rows are both of a class and read as it, of 50 that are either: F1 is 60/80."""
    low, high = metrics.f1_interval(30, 50)
    assert low < 0.75 < high
    share = metrics.wilson(30, 50)
    assert (low, high) == pytest.approx((2 * share[0] / (1 + share[0]), 2 * share[1] / (1 + share[1])))


def test_a_means_interval_is_students() -> None:
    low, high = metrics.mean_interval(np.array([1.0, 2.0, 3.0])) or (0.0, 0.0)
    assert (low, high) == pytest.approx((2 - 4.303 / 3**0.5, 2 + 4.303 / 3**0.5), abs=1e-3)
    assert metrics.mean_interval(np.array([1.0])) is None


def calibrated(num: int, shift: float, seed: int) -> metrics.CalibrationError:
    """Of a model of seven classes that is surer than right by ``shift``, on rows drawn afresh."""
    rng = np.random.default_rng(seed)
    confidence = 0.2 + 0.8 * rng.beta(3, 1.5, num)
    probabilities = np.column_stack([confidence, *[(1 - confidence) / 6] * 6]).astype(np.float32)
    labels = np.where(rng.random(num) < confidence - shift, 0, rng.integers(1, 7, num))
    return metrics.calibration_error(labels, probabilities)


@pytest.mark.parametrize("shift", [0.0, 0.03, 0.08])
def test_the_interval_of_a_calibration_error_holds_the_truth(shift: float) -> None:
    errors = [calibrated(1500, shift, seed) for seed in range(200)]
    held = np.mean([error.interval[0] <= shift <= error.interval[1] for error in errors])
    assert 0.9 <= held <= 0.995
    assert all(error.interval[0] <= error.value <= error.interval[1] for error in errors)


def test_a_calibrated_model_shows_what_is_foretold() -> None:
    errors = [calibrated(1500, 0.0, seed) for seed in range(200)]
    assert np.mean([error.value for error in errors]) == pytest.approx(errors[0].if_perfect, rel=0.05)
    assert np.mean([error.value > error.if_perfect_most for error in errors]) == pytest.approx(0.05, abs=0.04)


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


def test_the_bootstrap_draws_in_blocks_what_it_draws_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    confusion = np.random.default_rng(0).integers(0, 20, (12, 12))
    confusion[3] = 0
    monkeypatch.setattr(metrics, "_CELLS", 10**9)
    at_once = metrics.bootstrap_macro(confusion)
    monkeypatch.setattr(metrics, "_CELLS", 144 * 7)
    assert metrics.bootstrap_macro(confusion) == at_once


def test_scores_of_matrices_with_other_classes_are_those_of_each() -> None:
    """Matrices need not have the same labels: one of these has no row of the last class."""
    cells = np.array([[0, 1, 4, 8, 5, 6], [0, 1, 4, 4, 5, 3]])
    matrices = metrics.confusions(cells, 3)
    found = metrics.scores(matrices)
    for values, cell in zip(found, cells, strict=True):
        labels, predicted = cell // 3, cell % 3
        own = metrics.per_class(labels, predicted, 3)
        worst = np.nanmin(own.recall)
        assert values == pytest.approx([(labels == predicted).mean(), own.macro_f1, own.balanced_accuracy, worst])
    np.testing.assert_array_equal(metrics.scores(matrices.reshape(1, 2, 3, 3)), found[None])
