from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

import records
from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.evaluation import groups
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.groups import GroupedScores
from mien.evaluation.judge import Judgement

RNG = np.random.default_rng(5)


def judged(right: Sequence[bool], values: Sequence[str], persons: Sequence[str] | None = None) -> Judgement:
    """A model of two classes, right on the given rows."""
    num = len(right)
    labels = np.arange(num) % 2
    faces = FaceSet.from_arrays(np.zeros((num, 4, 4), np.uint8), labels, ("sad", "happy"))
    subjects = None if persons is None else np.array(persons, np.str_)
    faces = replace(faces, groups={"sex": np.array(values, np.str_)}, subjects=subjects)
    answers = np.where(np.array(right), labels, 1 - labels)
    evaluation = Evaluation.from_predictions(labels, np.eye(2)[answers], faces.classes)
    return Judgement(evaluation, faces, records.judgement())


def scored(right: Sequence[bool], values: Sequence[str], persons: Sequence[str] | None = None) -> GroupedScores:
    return groups.by_column(judged(right, values, persons), "Sex")


def test_each_group_has_its_scores_the_worst_first() -> None:
    found = scored([True] * 30 + [True, False] * 10, ["f"] * 30 + ["m"] * 20)
    assert [(one.name, one.n, one.accuracy.value) for one in found.groups] == [("m", 20, 0.5), ("f", 30, 1.0)]
    worst, best = found.groups
    assert (worst.balanced_accuracy, worst.persons) == (0.5, None)  # all of one class, none of the other
    assert best.accuracy.low == pytest.approx(0.8865, abs=1e-3)  # Wilson's of 30 of 30
    assert found.gap is not None
    assert (found.gap.best, found.gap.worst, found.gap.over) == ("f", "m", "rows")
    assert found.gap.difference.value == pytest.approx(0.5)
    assert 0.25 < found.gap.difference.low < 0.5 < found.gap.difference.high < 0.75
    assert found.gap.p_value < 0.01


def test_a_gap_of_groups_that_do_not_differ_is_no_larger_than_by_chance() -> None:
    right = (RNG.random(400) < 0.7).tolist()
    found = scored(right, [str(row % 8) for row in range(400)])
    assert found.gap is not None
    assert found.gap.p_value > 0.05
    assert found.gap.by_chance == pytest.approx(found.gap.difference.value, rel=0.6)


def test_intervals_respect_persons() -> None:
    """Ten persons of twenty rows each, all right or all wrong: the gap is that of ten, not of two hundred."""
    right = np.repeat([1, 1, 1, 0, 1, 0, 1, 1, 0, 0], 20).astype(bool).tolist()
    sexes, persons = np.repeat(["f", "m"], 100).tolist(), np.repeat([f"p{n}" for n in range(10)], 20).tolist()
    alone, together = scored(right, sexes), scored(right, sexes, persons)
    assert alone.gap is not None
    assert together.gap is not None
    assert (together.gap.over, together.groups[0].persons) == ("persons", 5)
    assert alone.gap.difference.value == together.gap.difference.value == pytest.approx(0.4)
    assert alone.gap.difference.low > 0.25
    assert together.gap.difference.low < 0.0
    assert (alone.gap.p_value < 0.01, together.gap.p_value > 0.3) == (True, True)
    lengths = [one.groups[0].accuracy.high - one.groups[0].accuracy.low for one in (alone, together)]
    assert lengths[1] > 2 * lengths[0]


def test_rows_without_a_value_are_unknown_and_not_compared() -> None:
    found = scored([True] * 20 + [False] * 20 + [True] * 20, ["f"] * 20 + [""] * 20 + ["m"] * 20)
    assert (found.unknown, found.groups[-1].name, found.groups[-1].n) == (20, "unknown", 20)
    assert found.gap is not None
    assert found.gap.difference.value == 0.0
    assert found.gap.p_value == 1.0


def test_small_groups_are_listed_but_not_compared() -> None:
    found = scored([True] * 20 + [False] * 5, ["f"] * 20 + ["m"] * 5)
    assert [(one.name, one.is_compared) for one in found.groups] == [("m", False), ("f", True)]
    assert found.gap is None


def test_many_numbers_are_cut_at_their_quartiles() -> None:
    found = scored([True] * 80, [str(20 + row) for row in range(80)])
    assert sorted(one.name for one in found.groups) == ["20–39", "40–59", "60–79", "80–99"]
    assert [one.n for one in found.groups] == [20] * 4
    few = scored([True] * 80, [str(row % 3) for row in range(80)])
    assert sorted(one.name for one in few.groups) == ["0", "1", "2"]


def test_persons_and_splits_are_columns_of_any_data(faces: FaceSet) -> None:
    assert groups.values_of(faces, "Person") is faces.subjects
    assert groups.values_of(faces, "subject") is faces.subjects
    assert groups.values_of(faces, "split") is faces.splits
    by_person = groups.by_column(judged([True, False] * 20, [""] * 40, ["a"] * 20 + ["b"] * 20), "person")
    assert [(one.name, one.n) for one in by_person.groups] == [("a", 20), ("b", 20)]
    assert by_person.gap is not None
    assert by_person.gap.over == "rows"


def test_a_column_that_the_data_lacks_is_refused_with_those_it_has(faces: FaceSet) -> None:
    offered = replace(faces, source=replace(faces.source, columns=("camera", "age")))
    with pytest.raises(DataError, match="no column 'sex': it has person, split, camera, age"):
        groups.check(offered, ["split", "sex"])
    with pytest.raises(DataError, match="no column 'person': it has split"):
        groups.check(replace(faces, subjects=None), ["person"])
