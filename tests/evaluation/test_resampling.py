from __future__ import annotations

import numpy as np
import pytest

from mien.evaluation import metrics, resampling

RNG = np.random.default_rng(3)


def test_whole_persons_are_drawn() -> None:
    clusters = np.array([0, 1, 0, 2, 1, 0])
    for rows in resampling.draws(6, 50, clusters=clusters):
        times = np.bincount(rows, minlength=6)
        assert len({*times[clusters == 0]}) == len({*times[clusters == 1]}) == 1
        assert times[[0, 1, 3]].sum() == 3


def test_rows_without_a_person_stand_for_themselves() -> None:
    clusters = resampling.person_clusters(np.array(["ann", "", "bob", "ann", ""]))
    assert clusters is not None
    assert clusters[0] == clusters[3]
    assert len(set(clusters.tolist())) == 4
    assert resampling.person_clusters(None) is None
    assert resampling.person_clusters(np.array(["", ""])) is None
    assert resampling.person_clusters(np.array(["ann", "ann"])) is None


def test_an_interval_widens_with_the_likeness_of_a_persons_rows() -> None:
    """Ten rows of a person that are all right or all wrong tell as much as one row: intervals are about 3.2 times as wide."""
    right = RNG.random(60) < 0.5
    labels = np.zeros(600, np.int64)
    answers = np.where(np.repeat(right, 10), 0, 1)
    clusters = np.repeat(np.arange(60), 10)
    alone = resampling.scores(labels, answers, 2)["accuracy"]
    together = resampling.scores(labels, answers, 2, clusters=clusters)["accuracy"]
    assert alone.value == together.value == pytest.approx(right.mean())
    assert (together.high - together.low) / (alone.high - alone.low) == pytest.approx(10**0.5, rel=0.1)


def test_without_persons_intervals_are_those_of_an_evaluation() -> None:
    labels, answers = RNG.integers(0, 3, 200), RNG.integers(0, 3, 200)
    found = resampling.scores(labels, answers, 3)
    matrix = metrics.confusions((labels * 3 + answers)[None], 3)[0]
    assert found["accuracy"].interval[0] <= metrics.wilson(np.trace(matrix), 200)[0]
    assert found["macro_f1"].low <= metrics.bootstrap_macro(matrix)[0][0]
    assert found["worst_recall"].low <= found["worst_recall"].value <= found["worst_recall"].high


def test_a_perfect_score_of_few_persons_is_not_certain() -> None:
    labels = np.array([0, 1] * 10)
    found = resampling.scores(labels, labels, 2, clusters=np.repeat(np.arange(4), 5))
    assert found["accuracy"].value == 1.0
    assert found["accuracy"].low < 0.9


def test_the_mean_of_values_has_the_interval_of_students_t() -> None:
    values = RNG.normal(2, 1, 400)
    found = resampling.mean(values)
    expected = metrics.mean_interval(values)
    assert expected is not None
    assert found.interval == pytest.approx(expected, abs=0.02)


def test_scores_of_draws_are_those_of_the_drawn_rows() -> None:
    """Also of a draw without rows of a class."""
    labels, answers = RNG.integers(0, 3, 30), RNG.integers(0, 3, (2, 30))
    rows = [np.arange(30), np.flatnonzero(labels)[:12], RNG.integers(30, size=30)]
    found = resampling.drawn_scores(answers + 3 * labels, 3, rows)
    assert found.shape == (3, 2, 4)
    for values, drawn in zip(found, rows, strict=True):
        own = metrics.scores(metrics.confusions((answers + 3 * labels)[:, drawn], 3))
        np.testing.assert_array_equal(values, own)
