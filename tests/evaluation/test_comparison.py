from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from mien.evaluation import comparison, metrics
from mien.evaluation.comparison import Comparison

RNG = np.random.default_rng(0)
LABELS = RNG.choice(4, 400, p=[0.5, 0.3, 0.15, 0.05])


def answers(share_right: float, seed: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(len(LABELS)) < share_right, LABELS, rng.integers(0, 4, len(LABELS)))


def difference(told: Comparison, score: str = "accuracy") -> tuple[float, ...]:
    assert told.difference is not None
    return told.difference[score]


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
    assert told["better"].mean["accuracy"] == pytest.approx(np.mean(accuracy))
    assert told["better"].sd is not None
    assert told["better"].sd["accuracy"] == pytest.approx(np.std(accuracy, ddof=1))
    assert told["plain"].difference is None
    middle, low, high = difference(told["better"])
    assert low < middle < high
    assert low > 0
    assert difference(told["same"], "macro_f1") == (0.0, 0.0, 0.0)


def test_pairing_narrows_the_interval_where_runs_err_alike() -> None:
    """Two ways that differ on few rows are told apart by pairing though each interval is wide."""
    first = answers(0.6, 1)
    second = first.copy()
    wrong = np.flatnonzero(first != LABELS)[:12]
    second[wrong] = LABELS[wrong]
    told = comparison.compare(LABELS, {"first": [first], "second": [second]}, 4)
    middle, low, high = difference(told["second"])
    assert middle == pytest.approx(12 / 400)
    assert 0 < low < high < 0.06
    assert told["second"].sd is None


def simulated(num_studies: int, num_seeds: int, seed_sd: float) -> float:
    """How often the interval of a difference in accuracy holds the truth, in studies of two ways of equal worth.

    A row is read right where its easiness for a way, the run's luck and the reading's own add up to more than 0.
    """
    rng, num_rows = np.random.default_rng(0), 400
    draws = (
        rng.multinomial(num_rows, np.full(num_rows, 1 / num_rows), size=300) / num_rows
    )  # (B, N), shared by all studies
    held = 0
    for _ in range(num_studies):
        ease = rng.normal(0.5, 1.5, num_rows) + rng.normal(0, 0.6, (2, 1, num_rows))  # of the rows, for either way
        luck = rng.normal(0, seed_sd, (2, num_seeds, 1))
        right = ease + luck + rng.normal(0, 1, (2, num_seeds, num_rows)) > 0
        differences = right[1].astype(np.float64) - right[0]  # (S, N)
        low, high = comparison.interval(differences.mean(1), draws @ differences.T)
        held += low <= 0 <= high
    return held / num_studies


@pytest.mark.parametrize("num_seeds", [3, 5])
@pytest.mark.parametrize("seed_sd", [0.0, 0.1])
def test_intervals_hold_the_truth_as_often_as_they_say(num_seeds: int, seed_sd: float) -> None:
    """With luck as large as the rows' chance (0.1) or none; drawing rows and runs together held it in up to 99.6%."""
    assert 0.925 <= simulated(700, num_seeds, seed_sd) <= 0.975  # 95% ± 1.6 is chance in 700 studies


def test_the_interval_of_one_seed_tells_of_its_rows_alone() -> None:
    assert 0.93 <= simulated(700, 1, 0.0) <= 0.97  # of these two runs it is true
    assert simulated(700, 1, 0.1) < 0.9  # of the two ways to train it is not: another seed moves more than the rows do


def test_luck_of_the_seeds_widens_an_interval_by_what_the_rows_do_not_explain() -> None:
    rng = np.random.default_rng(0)
    drawn = 0.5 + rng.normal(0, 0.01, (4000, 3))  # rows alone move each run by 0.01
    alike, apart = np.full(3, 0.5), np.array([0.4, 0.5, 0.6])
    low, high = comparison.interval(alike, drawn)
    assert (low, high) == pytest.approx((0.5 - 1.96 * 0.01 / 3**0.5, 0.5 + 1.96 * 0.01 / 3**0.5), abs=1e-3)
    low, high = comparison.interval(apart, drawn - 0.5 + apart)
    assert high - 0.5 == pytest.approx(4.303 * 0.1 / 3**0.5, rel=0.02)  # t on two degrees of freedom
    assert comparison.interval(apart, drawn - 0.5 + apart, 0.99)[1] > high


def test_the_intervals_of_a_family_are_wider_by_bonferroni() -> None:
    told = comparison.compare(LABELS, {"a": [answers(0.6, 1)], **{f"b{s}": [answers(0.6, s)] for s in range(2, 12)}}, 4)
    middle, low, high = difference(told["b2"])
    assert told["b2"].family is not None
    far_low, far_high = told["b2"].family["accuracy"]
    assert (middle - far_low) / (middle - low) == pytest.approx(2.807 / 1.960, rel=1e-3)  # 99.5% against 95%
    assert (far_high - middle) / (high - middle) == pytest.approx(2.807 / 1.960, rel=1e-3)
    assert told["a"].family is None


def test_unpaired_ways_may_have_different_numbers_of_runs() -> None:
    told = comparison.compare(
        LABELS, {"one": [answers(0.6, s) for s in range(3)], "mean": [answers(0.8, 9)]}, 4, paired=False
    )
    assert difference(told["mean"])[1] > 0


def test_a_class_that_no_row_has_does_not_count() -> None:
    told = comparison.compare(LABELS, {"a": [answers(0.6, 1)], "b": [answers(0.6, 2)]}, 6)
    assert 0 < told["a"].mean["balanced_accuracy"] < 1
