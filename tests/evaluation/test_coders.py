"""Agreement of coders, against published figures and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from mien.evaluation import coders
from mien.evaluation.coders import CodedTime


def coded(labels: list[list[int]], seconds: list[float] | None = None, num_classes: int = 3) -> CodedTime:
    """One block for each span."""
    table = np.array(labels, np.int64)
    return CodedTime(np.array(seconds or [1.0] * len(table)), table, np.arange(len(table)), num_classes)


def test_cohens_kappa_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    one = rng.integers(0, 3, 200)
    other = np.where(rng.random(200) < 0.6, one, rng.integers(0, 3, 200))
    score = coders.cohen(coded(np.column_stack([one, other]).tolist()))
    assert score.value == pytest.approx(cohen_kappa_score(one, other))
    assert score.low < score.value < score.high
    assert score.high - score.low < 0.25


def test_spans_count_by_their_duration() -> None:
    time = coded([[0, 0], [1, 1], [0, 1]], [3.0, 5.0, 2.0])
    np.testing.assert_allclose(coders.confusion(time), [[3, 2, 0], [0, 5, 0], [0, 0, 0]])
    assert coders.agreement(time).value == pytest.approx(0.8)
    assert coders.cohen(time).value == pytest.approx((0.8 - (0.5 * 0.3 + 0.5 * 0.7)) / 0.5)


def test_time_without_a_label_is_left_out() -> None:
    time = coded([[0, 0], [1, -1], [-1, 1], [1, 0]])
    assert coders.confusion(time).sum() == 2.0
    assert coders.agreement(time).value == 0.5


def test_kappa_of_one_label_is_not_defined() -> None:
    assert np.isnan(coders.cohen(coded([[0, 0], [0, 0]])).value)
    assert np.isnan(coders.cohen(coded([[-1, 0], [0, -1]])).value)


def test_kappa_by_class() -> None:
    """Class 0 is agreed on fully, classes 1 and 2 are exchanged half of the time, class 3 is not used."""
    time = coded([[0, 0]] * 4 + [[1, 1], [1, 2], [2, 1], [2, 2]], num_classes=4)
    scores = coders.cohen_by_class(time)
    assert scores[0].value == pytest.approx(1.0)
    assert scores[1].value == pytest.approx(cohen_kappa_score([0] * 4 + [1, 1, 0, 0], [0] * 4 + [1, 0, 1, 0]))
    assert np.isnan(scores[3].value)


def test_fleiss_kappa_of_the_published_example() -> None:
    """Ten subjects, fourteen raters, five categories: 0.210 (the usual example, such as in Wikipedia's article)."""
    votes = [
        (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
    ]  # fmt: skip
    labels = [[number for number, count in enumerate(row) for _ in range(count)] for row in votes]
    score = coders.fleiss(coded(labels, num_classes=5))
    assert score.value == pytest.approx(0.210, abs=0.0005)
    assert score.low < 0.21 < score.high


def test_the_intraclass_correlation_of_shrout_and_fleiss() -> None:
    ratings = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
    score = coders.icc(ratings)
    assert score.value == pytest.approx(0.29, abs=0.005)
    assert (score.low, score.high) == pytest.approx((0.019, 0.761), abs=0.002)


def test_an_intraclass_correlation_needs_targets_and_differences() -> None:
    assert np.isnan(coders.icc(np.ones((5, 2))).value)
    assert np.isnan(coders.icc(np.eye(2)).value)
    same = coders.icc(np.array([[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]]))
    assert same.value == pytest.approx(1.0)
    assert np.isnan(same.low)


def test_blocks_are_drawn_whole() -> None:
    """The same spans in few blocks tell less."""
    rng = np.random.default_rng(1)
    one = np.repeat(rng.integers(0, 3, 20), 20)
    other = np.repeat(rng.integers(0, 3, 20), 20)
    labels = np.column_stack([one, other])
    alone = coders.cohen(CodedTime(np.ones(400), labels, np.arange(400), 3))
    whole = coders.cohen(CodedTime(np.ones(400), labels, np.repeat(np.arange(20), 20), 3))
    assert whole.value == pytest.approx(alone.value)
    assert whole.high - whole.low > 2 * (alone.high - alone.low)
