"""Ways to answer, compared on judged rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import records
from mien.data.faceset import FaceSet
from mien.evaluation import deciding
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement
from mien.run import Run
from posteriors import SHARES, Rows, rows


@pytest.fixture(scope="module")
def judged() -> Rows:
    return rows(40_000, 2)


Invoke = Callable[..., tuple[int, str, str]]


def test_the_verb(invoke: Invoke, run: Run, faces_file: Path, tmp_path: Path) -> None:
    code, out, err = invoke("decide", run.model_file, faces_file)
    assert (code, err) == (0, "")
    assert "argmax" in out
    assert "most confident rows" in out
    code, out, _ = invoke("decide", run.model_file, faces_file, "--flip", "--json")
    record = json.loads(out)
    first = record["decisions"][0]
    assert first["decision"] == "argmax"
    assert set(first["offsets"].values()) == {0.0}
    assert record["chosen_on_n"] > 20
    judged = json.loads(invoke("evaluate", run.model_file, faces_file, "--flip", "--json")[1])
    assert first["accuracy"] == pytest.approx(judged["accuracy"])
    code, _, err = invoke("decide", run.model_file, faces_file, "--split", "test", "--choose-on", "test")
    assert code == 1
    assert "other rows than the evaluated ones" in err
    code, _, err = invoke("decide", "tiny", faces_file)
    assert code == 1
    assert "name a split of" in err
    assert invoke("decide", "tiny", faces_file, "--split", "test", "--choose-on", "train")[0] == 0


def test_each_decision_has_its_scores_and_its_paired_difference_from_argmax(judged: Rows, tmp_path: Path) -> None:
    labels, probabilities = judged[0][:4000], judged[1][:4000]
    evaluation = Evaluation.from_predictions(labels, probabilities, ("happy", "sad", "fear"))
    faces = FaceSet.from_arrays(np.zeros((len(labels), 4, 4), np.uint8), labels, evaluation.classes)
    judgement = Judgement(evaluation, faces, records.judgement())
    (tmp_path / "costs.csv").write_text("read as,happy,sad,fear\nhappy,0,1,1\nsad,1,0,1\nfear,1,1,0\n")
    found = deciding.decide(judgement, rows(1000, 1), SHARES, tmp_path / "costs.csv")
    assert (found.n, found.chosen_on_n, found.record) == (4000, 1000, judgement.record)
    first, *others = found.decisions
    assert (first.decision, first.tau, first.difference) == ("argmax", None, None)
    assert first.accuracy == evaluation.accuracy
    assert first.worst_recall == pytest.approx(min(evaluation.recall))
    assert first.worst_class == evaluation.classes[int(np.argmin(evaluation.recall))]
    for other in others:
        assert other.difference is not None
        gain, low, high = other.difference["accuracy"]
        assert gain == pytest.approx(other.accuracy - first.accuracy)
        assert low <= gain <= high
    assert [entry.accuracy for entry in found.abstaining] == sorted(entry.accuracy for entry in found.abstaining)
    assert found.costs[0].cost == pytest.approx(1 - first.accuracy)  # each error costs one
    told = found.to_dict()
    assert json.loads(json.dumps(told)) == told
    assert (told["n"], told["model_hash"], told["decisions"][0]["worst_class"]) == (
        4000,
        records.HASH,
        first.worst_class,
    )
