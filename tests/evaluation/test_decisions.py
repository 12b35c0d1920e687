"""Decisions beyond argmax: what each does, on classes whose densities are known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from mien.data import layouts
from mien.errors import DataError
from mien.evaluation import decisions
from mien.evaluation.decisions import AnswerScores
from mien.inference.classifier import Classifier
from mien.run import Run
from posteriors import SHARES, Rows, rows


@pytest.fixture(scope="module")
def chosen() -> Rows:
    return rows(4000, 1)


@pytest.fixture(scope="module")
def judged() -> Rows:
    return rows(40_000, 2)


def test_scores_are_those_of_scikit_learn(judged: Rows) -> None:
    labels, probabilities = judged
    answers = probabilities.argmax(1)
    score = AnswerScores.of(labels, answers, 3)
    assert score.accuracy == pytest.approx((labels == answers).mean())
    assert score.macro_f1 == pytest.approx(f1_score(labels, answers, average="macro"))
    assert score.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, answers))
    assert score.worst_recall == pytest.approx(min((answers[labels == k] == k).mean() for k in range(3)))


def test_a_class_without_rows_does_not_count() -> None:
    score = AnswerScores.of(np.array([0, 0, 2]), np.array([0, 1, 2]), 4)
    assert (score.accuracy, score.balanced_accuracy) == pytest.approx((2 / 3, 0.75))
    assert (score.worst_recall, score.worst_class) == (0.5, 0)


def test_each_decision_is_best_at_what_it_is_for(chosen: Rows, judged: Rows) -> None:
    results = {decision.key: score for decision, score in decisions.compare(chosen, judged, SHARES)}
    assert max(results, key=lambda name: results[name].accuracy) == "argmax"
    best = max(results, key=lambda name: results[name].balanced_accuracy)
    assert best in ("logit_adjustment", "thresholds_balanced_accuracy")
    assert results["logit_adjustment"].balanced_accuracy > results["argmax"].balanced_accuracy + 0.05
    assert results["thresholds_macro_f1"].macro_f1 > results["argmax"].macro_f1
    assert results["class_share"].balanced_accuracy < results["argmax"].balanced_accuracy


def test_argmax_is_the_largest_probability(judged: Rows) -> None:
    _, probabilities = judged
    assert (decisions.argmax(3)(probabilities) == probabilities.argmax(1)).all()


def test_the_weights_of_the_report_are_the_probabilities_times_the_shares(judged: Rows) -> None:
    _, probabilities = judged
    assert (decisions.share_weights(SHARES)(probabilities) == (probabilities * SHARES).argmax(1)).all()


def test_tau_is_found_for_its_goal(chosen: Rows) -> None:
    labels, probabilities = chosen
    for_accuracy = decisions.best_tau(labels, probabilities, SHARES, lambda score: score.accuracy)
    assert for_accuracy.tau == pytest.approx(0.0, abs=0.21)
    assert for_accuracy.key == "logit_adjustment"
    balanced = decisions.best_tau(labels, probabilities, SHARES, decisions.balanced_accuracy)
    assert balanced.tau == pytest.approx(1.0, abs=0.31)


def test_the_least_cost(judged: Rows) -> None:
    labels, probabilities = judged
    assert (decisions.least_cost(probabilities, 1 - np.eye(3)) == probabilities.argmax(1)).all()
    costs = np.array([[0.0, 1.0, 20.0], [1.0, 0.0, 20.0], [1.0, 1.0, 0.0]])
    answers = decisions.least_cost(probabilities, costs)
    assert costs[answers, labels].mean() < costs[probabilities.argmax(1), labels].mean()
    for wrong in (np.eye(2), np.full((3, 3), np.nan)):
        with pytest.raises(DataError, match="3 by 3"):
            decisions.least_cost(probabilities, wrong)


def test_abstaining_from_the_unsure_leaves_fewer_errors(judged: Rows) -> None:
    labels, probabilities = judged
    coverage, risk, confidence = decisions.risk_and_coverage(labels, probabilities)
    assert coverage[-1] == 1
    assert risk[-1] == pytest.approx((probabilities.argmax(1) != labels).mean())
    assert (np.diff(confidence) <= 0).all()
    entries = decisions.abstaining(labels, probabilities)
    accuracies = [entry.accuracy for entry in entries]
    assert accuracies == sorted(accuracies)
    kept = probabilities.max(1) >= entries[-1].confidence
    assert kept.mean() == pytest.approx(0.5, abs=0.01)
    assert (probabilities.argmax(1) == labels)[kept].mean() == pytest.approx(accuracies[-1], abs=0.01)


def test_shares_of_labels() -> None:
    shares = decisions.class_shares(np.array([0, 0, 0, 2]), 3)
    assert shares.sum() == pytest.approx(1)
    assert shares[0] == pytest.approx(6 * shares[1])
    assert np.isfinite(np.log(shares)).all()


Invoke = Callable[..., tuple[int, str, str]]


COSTS = "read as,happiness,sad,ANGRY\nsad,4,0,1\nangry,2,1,0\nhappy,0,3,5\n"


def test_costs_are_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_text(COSTS)
    costs = decisions.read_costs(tmp_path / "costs.csv", ("angry", "happy", "sad"))
    np.testing.assert_array_equal(costs, [[0, 2, 1], [5, 0, 3], [1, 4, 0]])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        (COSTS.replace("4,0,1", '"4,0,1'), "a quote in line . that is never closed"),
        (COSTS.replace("sad,4,0,1\n", ""), "a column and a row for each"),
        (COSTS.replace("happy,0", "joy,0").replace("sad,4", "joy,4"), "a column and a row for each"),
        (COSTS.replace("4,0,1", "4,zero,1"), "must be numbers"),
        (COSTS.replace("4,0,1", "4,0"), "must be numbers"),
        (COSTS.replace("4,0,1", "4,0,nan"), "finite"),
        ("\0\0,\xff", "costs"),
    ],
)
def test_costs_that_are_none_are_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "costs.csv").write_text(text)
    with pytest.raises(DataError, match=told):
        decisions.read_costs(tmp_path / "costs.csv", ("angry", "happy", "sad"))
    with pytest.raises(DataError, match="can't be read"):
        decisions.read_costs(tmp_path / "none.csv", ("angry", "happy", "sad"))


def test_least_expected_cost_costs_least(judged: Rows) -> None:
    costs = np.array([[0.0, 8, 8], [1, 0, 1], [1, 1, 0]])
    plain, least = decisions.mean_costs(*judged, costs)
    assert least.cost < plain.cost
    assert least.accuracy < plain.accuracy
    even = decisions.mean_costs(*judged, 1 - np.eye(3))
    assert even[0].accuracy == even[1].accuracy
    assert even[0].cost == pytest.approx(1 - even[0].accuracy)


def test_a_decision_travels_in_the_model_file(invoke: Invoke, run: Run, faces_file: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    assert invoke("decide", run.model_file, faces_file, "-o", model)[0] == 0
    plain, other = Classifier.load(model), Classifier.load(model, decision="balanced")
    assert plain.spec.decisions.keys() == Classifier.load(run.model_file).spec.decisions.keys() == {"balanced"}
    faces = layouts.read(faces_file).images
    before, after = plain.probabilities(faces), other.probabilities(faces)
    np.testing.assert_allclose(after.sum(1), 1, rtol=1e-5)
    decision = decisions.Decision("balanced", np.array(plain.spec.decisions["balanced"]))
    np.testing.assert_array_equal(after.argmax(1), decision(before))
    judged = json.loads(invoke("evaluate", model, faces_file, "--decision", "balanced", "--json")[1])
    assert judged["decision"] == "balanced"
    code, _, err = invoke("predict", "--model", model, "--decision", "luck", "--crops", faces_file)
    assert code == 1
    assert "has no decision 'luck': it has argmax, balanced" in err


@pytest.mark.parametrize("name", ["base", "tiny"])
def test_the_shipped_models_hold_a_decision_for_rare_classes(name: str) -> None:
    offsets = dict(
        zip(Classifier.load(name).spec.classes, Classifier.load(name).spec.decisions["balanced"], strict=True)
    )
    assert max(offsets, key=lambda emotion: offsets[emotion]) == "disgust"
    assert min(offsets, key=lambda emotion: offsets[emotion]) == "happy"
