"""The benchmark of the wild judges what its contenders answer."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks import wild

from mien.data.faceset import FaceSet
from mien.evaluation.probing.corruptions import CORRUPTIONS


def test_answers_are_judged_by_what_the_faces_belong_to(faces: FaceSet) -> None:
    test = faces.select(np.arange(12))
    away = faces.select(np.arange(12, 20))
    trial = wild.Trial.of(test, away, 4)
    num_levels = sum(len(each.severities) - 1 for each in CORRUPTIONS)
    assert len(trial.faces) == 12 + 4 * num_levels + 8
    right = [test.classes[code] for code in test.labels]
    names = list(right)
    for each in CORRUPTIONS:  # right under all corruptions but the first, of which no answer is one
        said = ["nothing of the kind"] * 4 if each is CORRUPTIONS[0] else [right[row] for row in trial.rows]
        names += said * (len(each.severities) - 1)
    names += [away.classes[code] for code in away.labels[:4]] + ["contempt"] * 4
    scores = trial.judge(names)
    assert scores["test"]["accuracy"] == 1.0
    assert scores["corrupted"]["kinds"][CORRUPTIONS[0].name] == 0.0
    assert scores["corrupted"]["accuracy"] == pytest.approx(1 - 1 / len(CORRUPTIONS))
    assert scores["away"]["accuracy"] == pytest.approx(0.5)


def test_the_table_has_a_line_for_each_contender_failed_ones_too(faces: FaceSet) -> None:
    trial = wild.Trial.of(faces.select(np.arange(6)), None, 2)
    scores = trial.judge([faces.classes[0]] * len(trial.faces))
    lines = wild.table(
        [
            {"contender": "one", "learned_from": "x", **scores},
            {"contender": "two", "learned_from": "y", "error": "no such file"},
        ]
    ).splitlines()
    assert len(lines) == 4
    assert "two | no such file" in lines[3]
    assert {line.count("|") for line in lines} == {7}
