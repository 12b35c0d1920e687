"""What a report says in sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import records
from mien import recipes
from mien.evaluation.evaluation import Evaluation
from mien.reporting import narrative, texts
from mien.run_record import Ending
from reported import copies, judgement


@pytest.mark.parametrize("split", ["valid", "hold_out"])
def test_hold_out_rows_bring_a_warning(split: str) -> None:
    warnings, _ = narrative.notes(judgement(split=split, is_hold_out=True), records.run(), texts.Texts("en"))
    assert len(warnings) == 1
    assert "slightly optimistic" in warnings[0]


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({"holds_training_rows": True}, "include training rows of the model"),
        ({"data": "other.csv", "data_hash": "00"}, "other data than it was trained on"),
        ({"copies_of_train": None}, "because the model file has no record of its training faces"),
        ({"copies_of_train": copies(0, 140)}, "No evaluated face was seen in training (identical pixels)"),
        ({}, "accuracy is 33.3%"),
        (
            {},
            "Of the 140 evaluated faces, 4 were seen in training (identical pixels): 3 in the training rows, 1 in the hold-out",
        ),
        ({"copies_of_train": copies(140, 0)}, "there are no new faces"),
        ({"flip": True}, "averaged"),
    ],
)
def test_notes_fit_what_was_judged(told: dict[str, Any], text: str) -> None:
    warnings, rest = narrative.notes(judgement(**told), records.run(), texts.Texts("en"))
    assert text in " ".join([*warnings, *rest])


def test_prior_correction_by_hand() -> None:
    probabilities = np.array([[0.6, 0.4], [0.95, 0.05]], np.float32)
    corrected = narrative.prior_corrected(probabilities, [30, 10])
    assert corrected == pytest.approx(np.array([[0.2, 0.4], [0.95 / 3, 0.05]]) / [[0.6], [0.95 / 3 + 0.05]], rel=1e-5)
    assert corrected.argmax(1).tolist() == [1, 0]
    assert narrative.prior_corrected(probabilities, [5, 0])[:, 1].tolist() == [0, 0]  # never seen in training


def test_training_tells_why_it_ended() -> None:
    t = texts.Texts("en")
    endings: list[tuple[Ending | None, dict[str, Any], str]] = [
        (None, {}, "reached epoch 5 of at most 80"),
        ("epochs", {"epochs": 5}, "every epoch of the recipe (5)"),
        ("accuracy", {"stop_accuracy": 0.59}, "exceeded the threshold of 59%"),
        ("patience", {"patience": 2}, "had not improved for 2 epochs"),
    ]
    for ended, changes, text in endings:
        record = records.run(replace(recipes.get("base"), **changes), ended=ended)
        assert text in narrative.training(record, records.history(5), t)


def test_a_report_calls_a_model_that_gives_one_answer_only_that() -> None:
    told = judgement()
    constant = np.tile(np.eye(7, dtype=np.float32)[3], (len(told.evaluation), 1))
    evaluation = Evaluation.from_predictions(told.evaluation.labels, constant, told.evaluation.classes)
    text = narrative.summary(evaluation, records.run(), records.history(5), texts.Texts("en"))
    assert (
        f"The model predicts {evaluation.classes[3].capitalize()} for every face: it doesn't distinguish the classes."
        in text
    )
    assert "recall is highest" not in text
