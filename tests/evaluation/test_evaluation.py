"""The Evaluation against scikit-learn, by hand, and on bad input; and judging, which makes one of a model and data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sk

from judged import CLASSES, Reader, faceset
from mien.errors import DataError
from mien.evaluation import metrics
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement, judge
from mien.reporting import terminal


def draw(num: int = 400, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, num)
    logits = rng.normal(0, 1, (num, 4))
    logits[np.arange(num), labels] += 1.2
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return labels, probabilities.astype(np.float32)


def test_scores_match_scikit_learn() -> None:
    labels, probabilities = draw()
    evaluation = Evaluation.from_predictions(labels, probabilities, CLASSES)
    predicted = probabilities.argmax(1)
    assert evaluation.accuracy == pytest.approx(sk.accuracy_score(labels, predicted))
    assert evaluation.macro_f1 == pytest.approx(sk.f1_score(labels, predicted, average="macro"))
    assert evaluation.balanced_accuracy == pytest.approx(sk.balanced_accuracy_score(labels, predicted))
    assert evaluation.log_loss == pytest.approx(-np.log(probabilities[np.arange(400), labels]).mean(), rel=1e-5)
    assert evaluation.precision == pytest.approx(sk.precision_score(labels, predicted, average=None))
    assert evaluation.recall == pytest.approx(sk.recall_score(labels, predicted, average=None))
    assert evaluation.f1 == pytest.approx(sk.f1_score(labels, predicted, average=None))
    assert evaluation.confusion.tolist() == sk.confusion_matrix(labels, predicted).tolist()
    assert evaluation.support.tolist() == np.bincount(labels).tolist()
    assert evaluation.calibration_error == pytest.approx(metrics.expected_calibration_error(labels, probabilities))
    assert evaluation.predicted.tolist() == predicted.tolist()
    assert len(evaluation) == 400


def test_intervals_enclose_their_scores() -> None:
    evaluation = Evaluation.from_predictions(*draw(), CLASSES)
    for name in ("accuracy", "macro_f1", "balanced_accuracy", "log_loss", "calibration_error"):
        low, high = getattr(evaluation, f"{name}_interval")
        assert low < getattr(evaluation, name) < high
    assert evaluation.accuracy_interval == metrics.wilson(int(np.trace(evaluation.confusion)), 400)


def test_an_absent_class_does_not_count_in_the_means() -> None:
    labels = np.array([0, 0, 1, 1])
    probabilities = np.eye(4, dtype=np.float32)[[0, 1, 1, 3]]
    evaluation = Evaluation.from_predictions(labels, probabilities, CLASSES)
    assert evaluation.balanced_accuracy == pytest.approx((0.5 + 0.5) / 2)
    assert evaluation.macro_f1 == pytest.approx((2 / 3 + 0.5) / 2)
    np.testing.assert_array_equal(evaluation.recall, [0.5, 0.5, np.nan, np.nan])
    np.testing.assert_array_equal(evaluation.precision, [1.0, 0.5, np.nan, 0.0])  # "sad" is never answered
    assert evaluation.support.tolist() == [2, 2, 0, 0]


def test_a_single_row_can_be_judged() -> None:
    evaluation = Evaluation.from_predictions(np.array([1]), np.array([[0.1, 0.8, 0.05, 0.05]], np.float32), CLASSES)
    assert evaluation.accuracy == evaluation.macro_f1 == evaluation.balanced_accuracy == 1
    assert evaluation.log_loss == pytest.approx(-np.log(0.8), rel=1e-5)


def test_top_confusions_by_hand() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1, 2])
    probabilities = np.array([
        [0.2, 0.7, 0.1, 0], [0.1, 0.9, 0, 0], [0.4, 0.0, 0.6, 0], [1, 0, 0, 0],
        [0.55, 0.45, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0],
    ], np.float32)  # fmt: skip
    top = Evaluation.from_predictions(labels, probabilities, CLASSES).top_confusions()
    assert [(c.true, c.predicted, c.count) for c in top] == [
        ("angry", "happy", 2), ("angry", "sad", 1), ("happy", "angry", 1),
    ]  # fmt: skip
    assert top[0].rows.tolist() == [1, 0]  # the most confident error first
    assert [c.share for c in top] == [0.5, 0.25, 0.5]


def test_top_confusions_of_a_perfect_model_are_none() -> None:
    labels = np.array([0, 1, 2, 3])
    assert Evaluation.from_predictions(labels, np.eye(4, dtype=np.float32), CLASSES).top_confusions() == []


def test_a_class_that_is_never_answered_has_no_precision_anywhere(tmp_path: Path) -> None:
    labels = np.array([0, 0, 1, 2])
    evaluation = Evaluation.from_predictions(labels, np.eye(4, dtype=np.float32)[[0, 0, 0, 2]], CLASSES)
    happy, neutral = (evaluation.to_dict()["per_class"][index] for index in (1, 3))
    assert (happy["precision"], happy["precision_interval"], happy["recall"], happy["f1"]) == (None, None, 0.0, 0.0)
    assert (neutral["precision"], neutral["recall"], neutral["f1"]) == (None, None, None)
    assert evaluation.by_class[0].recall == metrics.Score(1.0, *metrics.wilson(2, 2))
    judgement = judge(Reader(tmp_path / "m"), faceset([0, 0, 0, 2], [0, 0, 1, 2], ["test"] * 4), "test")
    row = next(line for line in terminal.as_text(judgement).splitlines() if line.startswith("happy"))
    assert row.split() == ["happy", "1", "–", "0.0%", "(0–80)", "0.0%", "(0–89)"]


def test_a_model_that_gives_one_answer_only_is_called_that(tmp_path: Path) -> None:
    def judged(codes: list[int]) -> Judgement:
        return judge(Reader(tmp_path / "m"), faceset(codes, [0, 1, 2], ["test"] * 3), "test")

    constant = judged([1, 1, 1])
    assert constant.to_dict()["only_answer"] == "happy"
    assert "the model predicts happy for every face: it doesn't distinguish the classes" in terminal.as_text(constant)
    assert judged([1, 1, 2]).to_dict()["only_answer"] is None
    assert "every face" not in terminal.as_text(judged([1, 1, 2]))


def test_to_dict_is_json_with_all_figures() -> None:
    evaluation = Evaluation.from_predictions(*draw(), CLASSES)
    values = json.loads(json.dumps(evaluation.to_dict()))
    assert values["n"] == 400
    assert values["accuracy"] == evaluation.accuracy
    assert [row["class"] for row in values["per_class"]] == list(CLASSES)
    assert np.array(values["confusion"]).sum() == 400
    assert len(values["top_confusions"][0]["rows"]) == values["top_confusions"][0]["count"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.array([], np.int64), "probabilities": np.zeros((0, 4), np.float32)}, "no labelled rows"),
        ({"probabilities": np.full((2, 3), 1 / 3, np.float32)}, r"shape \(2, 4\), not \(2, 3\)"),
        ({"labels": np.array([0, 4])}, r"be in 0\.\.3, not 0\.\.4"),
        ({"labels": np.array([-1, 2])}, r"be in 0\.\.3, not -1\.\.2"),
        ({"probabilities": np.array([[np.nan, 1, 0, 0]] * 2, np.float32)}, "not finite"),
    ],
)
def test_bad_input_is_refused_with_a_reason(change: dict[str, Any], message: str) -> None:
    values = {"labels": np.array([0, 1]), "probabilities": np.full((2, 4), 0.25, np.float32), **change}
    with pytest.raises(DataError, match=message):
        Evaluation.from_predictions(values["labels"], values["probabilities"], CLASSES)
