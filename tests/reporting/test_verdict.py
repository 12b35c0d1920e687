"""The verdict: what it names is what the results say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import records
from mien import emotions
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement
from mien.reporting.texts import LANGUAGES, Texts
from mien.reporting.verdict import Known, has_learned_nothing, model_and_data, verdict
from reported import copies, judgement

T = Texts("en")


def told(recalls: dict[str, float], n: int = 200, sure: float = 0.9, unsure: float = 0.4) -> Judgement:
    """A judgement with these recalls: correct rows are predicted with confidence ``sure``, errors (as the next class) with ``unsure``."""
    classes = tuple(recalls)
    labels = np.repeat(np.arange(len(classes)), n)
    right = np.concatenate([np.arange(n) < recall * n for recall in recalls.values()])
    predicted = np.where(right, labels, (labels + 1) % len(classes))
    confidence = np.where(right, sure, unsure)
    rest = (1 - confidence) / (len(classes) - 1)
    probabilities = np.repeat(rest[:, None], len(classes), 1)
    probabilities[np.arange(len(labels)), predicted] = confidence
    evaluation = Evaluation.from_predictions(labels, probabilities.astype(np.float32), classes)
    record = records.judgement(copies_of_train=None)
    return Judgement(evaluation, judgement().faces, record)


def test_classes_are_named_by_the_bounds_of_their_recall() -> None:
    found = verdict(told({"happy": 0.9, "sad": 0.6, "fear": 0.3}), T)
    assert found.nothing == ""
    assert found.sentences == (
        "The model recognises reliably: Happy (90%). Their recall is at least 70% with 95% confidence.",
        "It misses most faces of: Fear (30%). Their recall is at most 50% with 95% confidence.",
    )
    (between,) = verdict(told({"happy": 0.6, "sad": 0.6, "fear": 0.6}), T).sentences
    assert between.startswith("No class has a recall that is at least 70%")


def test_steps_follow_from_the_results() -> None:
    model = told({"happy": 0.9, "sad": 0.6, "fear": 0.3})
    more, reject = verdict(model, T, Known(train_counts=(900, 600, 100))).steps
    assert more.startswith(
        "Collect more faces of Fear: 100 training rows, fewer than the average class, and a recall of 30.0%."
    )
    assert "predicted as Happy" in more
    assert "below 41% (--abstain 0.41): 60% of the faces keep a prediction, and 100.0% of these are correct" in reject
    confused, _ = verdict(model, T, Known(train_counts=(100, 600, 900))).steps
    assert confused.startswith("Check the labels of Fear and Happy: the recall of Fear is 30.0%")
    assert verdict(told({"happy": 0.97, "sad": 0.97}), T).steps == ()


def test_copies_other_data_and_few_faces_are_steps() -> None:
    model = told({"happy": 0.97, "sad": 0.97}, n=20)
    model = replace(model, record=replace(model.record, copies_of_train=copies(4, 36)))
    steps = verdict(model, T, Known(is_foreign=True)).steps
    assert [step.split(":")[0] for step in steps] == [
        "Evaluate without copies",
        "Adapt the model to this data, which differs from its training data",
        "Evaluate on more faces of these classes, which have fewer than 30",
    ]
    assert "4 evaluated faces were seen in training" in steps[0]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_model_that_learned_nothing_is_told_so(lang: str) -> None:
    labels = np.arange(210) % 7
    one = np.tile(np.eye(7, dtype=np.float32)[3], (210, 1))
    rng = np.random.default_rng(0)
    by_chance = rng.dirichlet(np.ones(7), 210).astype(np.float32)
    for probabilities in (one, by_chance):
        evaluation = Evaluation.from_predictions(labels, probabilities, emotions.EMOTIONS)
        assert has_learned_nothing(evaluation)
        found = verdict(replace(judgement(), evaluation=evaluation), Texts(lang))
        assert found.nothing
        assert found.sentences == ()
        assert len(found.steps) == 2


def test_what_is_learned_is_not_denied() -> None:
    assert not has_learned_nothing(judgement().evaluation)
    assert not has_learned_nothing(told({"happy": 0.97, "sad": 0.97}).evaluation)
    alone = Evaluation.from_predictions(np.zeros(9, np.int64), np.full((9, 2), 0.5, np.float32), ("happy", "sad"))
    assert not has_learned_nothing(alone)  # one class tells nothing


def test_the_title_names_model_and_data_without_folders() -> None:
    one = judgement()
    named = replace(one, record=replace(one.record, model="some/where/first/model.onnx", data="my/fer2013.csv"))
    assert model_and_data(named, T) == "first on fer2013.csv"
    assert model_and_data(replace(one, record=replace(one.record, model="x/tiny.onnx", data="")), T) == "Model tiny"
