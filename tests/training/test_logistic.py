"""The logistic head: chosen, calibrated and scored out of fold."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.errors import DataError
from mien.training import logistic
from mien.training.logistic import Rows
from mien.training.temperature import log_softmax


def rows_of(num_people: int, spread: float = 1.0, num_classes: int = 3, per_class: int = 4, seed: int = 0) -> Rows:
    """Features of people who each show every class several times; people differ by ``spread``, classes by 3 in one dimension each."""
    rng = np.random.default_rng(seed)
    labels = np.tile(np.repeat(np.arange(num_classes), per_class), num_people)
    groups = np.repeat(np.arange(num_people), num_classes * per_class)
    own = rng.normal(size=(num_people, 8)) * spread
    features = np.eye(num_classes, 8)[labels] * 3 + own[groups] + rng.normal(size=(len(labels), 8))
    mirrored = features + 0.1 * rng.normal(size=features.shape)
    return Rows(features.astype(np.float32), mirrored.astype(np.float32), labels, groups)


def accuracy(head: logistic.Head, rows: Rows) -> float:
    return float((head.logits(rows.features).argmax(1) == rows.labels).mean())


def test_it_learns_and_the_scores_out_of_fold_are_those_on_other_people() -> None:
    rows, others = rows_of(30), rows_of(200, seed=1)
    found = logistic.fit(rows, 3)
    on_others = accuracy(found.head, others)
    out_of_fold = float((found.probabilities.argmax(1) == rows.labels).mean())
    assert on_others > 0.85
    assert out_of_fold == pytest.approx(on_others, abs=0.04)
    assert found.scored.all()
    assert found.num_folds == 5
    assert found.probabilities.sum(1) == pytest.approx(1)


def test_its_probabilities_are_calibrated_on_other_people() -> None:
    rows, others = rows_of(150, spread=2.0), rows_of(200, spread=2.0, seed=1)
    found = logistic.fit(rows, 3)
    probabilities = np.exp(log_softmax(found.head.logits(others.features) / found.temperature.value))
    confidence, right = probabilities.max(1), probabilities.argmax(1) == others.labels
    assert float(confidence.mean()) == pytest.approx(float(right.mean()), abs=0.03)


def test_groups_stay_in_one_fold_and_every_fold_has_rows() -> None:
    rows = rows_of(12)
    folds = logistic.fold_numbers(rows)
    assert all(len(np.unique(folds[rows.groups == person])) == 1 for person in range(12))
    assert np.array_equal(np.unique(folds), np.arange(5))
    assert len(np.unique(logistic.fold_numbers(rows_of(2)))) == 2


def test_people_in_several_folds_would_flatter() -> None:
    """Labels are noise that a person keeps: out of fold by person nothing can be known, by face all of it can."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 5)
    labels = rng.integers(0, 2, 40)[groups]
    features = (10 * rng.normal(size=(40, 64))[groups] + rng.normal(size=(200, 64))).astype(np.float32)
    by_person = logistic.fit(Rows(features, features, labels, groups), 2)
    by_face = logistic.fit(Rows(features, features, labels, np.arange(200)), 2)
    shares = [float((found.probabilities.argmax(1) == labels).mean()) for found in (by_person, by_face)]
    assert shares[0] < 0.7
    assert shares[1] > 0.9


def test_two_classes_are_the_logistic_function_of_one_number() -> None:
    rows = rows_of(20, num_classes=2)
    head = logistic.fit(rows, 2).head
    assert head.weight.shape == (2, 8)
    assert head.weight[0] == pytest.approx(-head.weight[1])
    assert accuracy(head, rows) > 0.8


def test_a_class_of_one_person_is_learned_and_not_scored() -> None:
    rows = rows_of(10, spread=0.1)
    rows = rows.select((rows.labels != 2) | (rows.groups == 0))
    found = logistic.fit(rows, 3)
    assert np.array_equal(found.scored, rows.labels != 2)
    assert accuracy(found.head, rows.select(rows.labels == 2)) > 0.5
    assert (found.probabilities.argmax(1) != 2).mean() > 0.9


def test_classes_that_one_person_each_shows_are_refused() -> None:
    rows = rows_of(2, num_classes=2)
    labels: NDArray[np.int64] = rows.groups.copy()
    with pytest.raises(DataError, match="Each class is shown by one person or one picture only"):
        logistic.fit(Rows(rows.features, rows.mirrored, labels, rows.groups), 2)


def test_the_penalty_grows_as_people_differ_more() -> None:
    alike, unlike = (logistic.fit(rows_of(12, spread=spread), 3).penalty for spread in (0.1, 4.0))
    assert unlike > alike


def test_the_same_seed_gives_the_same_head() -> None:
    first, second = (logistic.fit(rows_of(10), 3, seed=4) for _ in range(2))
    assert np.array_equal(first.head.weight, second.head.weight)
    assert np.array_equal(first.probabilities, second.probabilities)
