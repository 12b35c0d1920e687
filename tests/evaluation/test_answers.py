from __future__ import annotations

import numpy as np
import pytest

from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.evaluation import answers
from mien.evaluation.answers import Answers
from mien.inference.classifier import Classifier


def test_answers_among_more_classes() -> None:
    given = Answers("a", "predictions", "", ("happy", "sad"), np.array([0, 1, 1]), None)
    assert given.among(("angry", "happy", "sad")).tolist() == [1, 2, 2]
    assert given.losses(np.array([0, 1, 2]), ("angry", "happy", "sad")) is None


def test_the_loss_of_a_class_that_a_model_does_not_know_is_that_of_almost_0() -> None:
    given = Answers(
        "a", "model", "", ("happy", "sad"), np.array([0, 1]), np.array([[0.9, 0.1], [0.4, 0.6]], np.float32)
    )
    losses = given.losses(np.array([1, 0]), ("angry", "happy", "sad"))
    assert losses is not None
    assert losses == pytest.approx([-np.log(0.9), -np.log(np.finfo(np.float64).eps)], rel=1e-5)


def test_the_answers_of_a_model_are_its_predictions(faces: FaceSet) -> None:
    classifier, rows = Classifier.load("tiny"), faces.select(np.arange(20))
    found = answers.read("tiny", classifier, faces, rows, "train")
    assert found.answers.tolist() == classifier.probabilities(rows.images).argmax(1).tolist()
    assert (found.kind, found.sha256) == ("model", classifier.sha256)
    assert found.record is not None


def test_a_model_that_lacks_a_class_is_named(faces: FaceSet) -> None:
    from dataclasses import replace

    strange = replace(faces, classes=tuple("abcdefg"))
    with pytest.raises(DataError, match="'tiny' can't be compared: The data has classes that the model doesn't know"):
        answers.read("tiny", Classifier.load("tiny"), strange, strange, "train")
