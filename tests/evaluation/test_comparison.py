from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from mien.evaluation import comparison, metrics

RNG = np.random.default_rng(0)
LABELS = RNG.choice(4, 400, p=[0.5, 0.3, 0.15, 0.05])


def answers(share_right: float, seed: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(len(LABELS)) < share_right, LABELS, rng.integers(0, 4, len(LABELS)))


def test_scores_are_those_of_scikit_learn() -> None:
    given = answers(0.6, 1)
    (values,) = metrics.scores(metrics.confusions((given + LABELS * 4)[None], 4))
    assert values[0] == pytest.approx((given == LABELS).mean())
    assert values[1] == pytest.approx(f1_score(LABELS, given, average="macro"))
    assert values[2] == pytest.approx(balanced_accuracy_score(LABELS, given))
    assert values[3] == pytest.approx(min((given[k == LABELS] == k).mean() for k in range(4)))


def test_means_deviations_and_differences() -> None:
    plain, better = [answers(0.5, seed) for seed in range(3)], [answers(0.7, seed) for seed in range(3)]
    told = comparison.compare(LABELS, {"plain": plain, "better": better, "same": plain}, 4)
    accuracy = [float((run == LABELS).mean()) for run in better]
    assert told["better"]["mean"]["accuracy"] == pytest.approx(np.mean(accuracy))
    assert told["better"]["sd"]["accuracy"] == pytest.approx(np.std(accuracy, ddof=1))
    assert told["plain"]["difference"] is None
    middle, low, high = told["better"]["difference"]["accuracy"]
    assert low < middle < high
    assert low > 0
    assert told["same"]["difference"]["macro_f1"] == [0.0, 0.0, 0.0]


def test_pairing_narrows_the_interval_where_runs_err_alike() -> None:
    """Two ways that differ on few rows are told apart by pairing though each interval is wide."""
    first = answers(0.6, 1)
    second = first.copy()
    wrong = np.flatnonzero(first != LABELS)[:12]
    second[wrong] = LABELS[wrong]
    told = comparison.compare(LABELS, {"first": [first], "second": [second]}, 4)
    middle, low, high = told["second"]["difference"]["accuracy"]
    assert middle == pytest.approx(12 / 400)
    assert 0 < low < high < 0.06
    assert told["second"]["sd"] is None


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """Of differences between ways that are equally good, about one in twenty intervals leaves 0 out."""
    misses = 0
    for trial in range(10):
        told = comparison.compare(LABELS, {"a": [answers(0.6, 2 * trial)], "b": [answers(0.6, 2 * trial + 1)]}, 4)
        _, low, high = told["b"]["difference"]["accuracy"]
        misses += not low <= 0 <= high
    assert misses <= 3


def test_unpaired_ways_may_have_different_numbers_of_runs() -> None:
    told = comparison.compare(
        LABELS, {"one": [answers(0.6, s) for s in range(3)], "mean": [answers(0.8, 9)]}, 4, paired=False
    )
    assert told["mean"]["difference"]["accuracy"][1] > 0


def test_a_class_that_no_row_has_does_not_count() -> None:
    told = comparison.compare(LABELS, {"a": [answers(0.6, 1)], "b": [answers(0.6, 2)]}, 6)
    assert 0 < told["a"]["mean"]["balanced_accuracy"] < 1
