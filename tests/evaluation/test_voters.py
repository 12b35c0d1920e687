"""Agreement with voters, by hand on a few faces."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from mien.errors import DataError
from mien.evaluation import metrics, voters
from mien.reporting.plots import probing

LABELS = np.array([0, 1, 2, 0, 1])
VOTES = np.array([[10, 0, 0], [6, 4, 0], [0, 5, 5], [0, 0, 0], [1, 1, 8]], np.float32)
P = np.array([[0.9, 0.1, 0], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [1, 0, 0], [0.1, 0.6, 0.3]], np.float32)


def test_shares_against_the_majority_by_hand() -> None:
    agreement = voters.compare(LABELS, P, VOTES)
    assert agreement is not None
    assert (agreement.n, agreement.num_tied) == (4, 1)  # nobody voted on the fourth, the third is tied
    assert agreement.against_majority.value == pytest.approx(2 / 3)  # of rows 0, 1 and 4
    assert agreement.against_majority.interval == metrics.wilson(2, 3)
    assert agreement.against_labels.value == pytest.approx(2 / 3)  # 0 and 4
    assert agreement.labels_right.value == pytest.approx(1 / 3)  # 0
    assert agreement.vote_entropy == pytest.approx(
        np.mean([0, -0.6 * np.log(0.6) - 0.4 * np.log(0.4), np.log(2), -0.2 * np.log(0.1) - 0.8 * np.log(0.8)])
    )
    assert [(level.above, level.most, level.n) for level in agreement.levels] == [
        (0.0, 0.5, 1), (0.5, 0.6, 1), (0.7, 0.8, 1), (0.9, 1.0, 1),
    ]  # fmt: skip
    drawn = probing.AgreementPlot(agreement).plot()  # the levels don't include one another
    ticks = [label.get_text().splitlines()[0] for label in drawn.ax_.get_xticklabels()]
    assert ticks == ["≤ 50%", ">50–60%", ">70–80%", ">90–100%"]
    tied = agreement.levels[0]
    assert tied.confidence == pytest.approx(0.5)
    assert np.isnan(tied.accuracy)
    assert agreement.levels[1].accuracy == 1
    json.dumps(agreement.to_dict(), allow_nan=False)


def test_a_copy_of_the_voters_has_no_distance_to_them() -> None:
    shares = (VOTES[[0, 1, 2, 4]] / 10).astype(np.float32)
    agreement = voters.compare(LABELS[[0, 1, 2, 4]], shares, VOTES[[0, 1, 2, 4]])
    assert agreement is not None
    assert agreement.distance == pytest.approx(0, abs=1e-3)
    assert agreement.cross_entropy == pytest.approx(agreement.vote_entropy, abs=1e-6)
    assert agreement.spearman is not None
    assert agreement.spearman.value == pytest.approx(1)
    assert agreement.label_distance > 0.2


def test_distance_is_one_where_nothing_is_shared() -> None:
    assert voters.js_distance(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])) == pytest.approx([1])


def test_correlations_are_those_of_scipy_and_their_intervals_hold_them() -> None:
    rng = np.random.default_rng(0)
    a = rng.random(200).round(1)  # with ties
    b = a + rng.normal(0, 0.3, 200)
    spearman, pearson = voters.correlations(a, b)
    assert spearman is not None
    assert pearson is not None
    assert spearman.value == pytest.approx(spearmanr(a, b).statistic)
    assert pearson.value == pytest.approx(np.corrcoef(a, b)[0, 1])
    for score in (spearman, pearson):
        assert score.low < score.value < score.high
        assert 0.05 < score.high - score.low < 0.4


@pytest.mark.parametrize("votes", [None, np.zeros((5, 3), np.float32)])
def test_no_votes_no_agreement(votes: np.ndarray[tuple[int, int], np.dtype[np.float32]] | None) -> None:
    assert voters.compare(LABELS, P, votes) is None


def test_a_single_row_and_rows_that_all_agree_have_no_correlation() -> None:
    for num in (1, 3):
        votes = np.tile(np.array([[0, 7, 0]], np.float32), (num, 1))
        agreement = voters.compare(LABELS[:num], P[:num], votes)
        assert agreement is not None
        assert agreement.spearman is None
        assert agreement.pearson is None


def test_all_tied_leaves_shares_open() -> None:
    agreement = voters.compare(LABELS[:1], P[:1], np.array([[3, 3, 0]], np.float32))
    assert agreement is not None
    assert agreement.num_tied == agreement.n == 1
    assert np.isnan(agreement.against_majority.value)
    assert agreement.to_dict()["accuracy_against_majority"]["value"] is None


def test_votes_of_another_shape_are_refused() -> None:
    with pytest.raises(DataError, match=r"shape \(5, 3\)"):
        voters.compare(LABELS, P, VOTES[:, :2])


def test_a_row_without_votes_or_with_a_tie_has_no_majority() -> None:
    top, has_one = voters.majority(np.array([[3, 1, 0], [2, 2, 0], [0, 0, 0], [0, 1, 9]]))
    assert has_one.tolist() == [True, False, False, True]
    assert top[has_one].tolist() == [0, 2]
