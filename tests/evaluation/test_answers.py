"""The answers of a model and of a table, as comparisons need them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from judged import CLASSES, Reader, faceset
from mien import modelfile
from mien.errors import DataError
from mien.evaluation import answers
from mien.evaluation.answers import Answers

ROWS = faceset([0, 1, 2, 3], [0, 1, 2, 2], ["test"] * 4)


def test_a_model_answers_with_its_record(tmp_path: Path) -> None:
    found = answers.read("m", Reader(tmp_path / "m"), ROWS, ROWS, "test")
    assert (found.kind, found.classes, found.answers.tolist()) == ("model", CLASSES, [0, 1, 2, 3])
    assert found.sha256 == modelfile.sha256(tmp_path / "m")
    assert found.record is not None
    assert (found.record.split, found.record.rows_hash) == ("test", ROWS.hash)


def test_a_model_of_other_classes_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'m' can't be compared: "):
        answers.read("m", Reader(tmp_path / "m", classes=("angry", "happy")), ROWS, ROWS, "test")


def test_answers_and_losses_among_more_classes() -> None:
    probabilities = np.array([[0.25, 0.75], [0.5, 0.5]], np.float32)
    found = Answers("a", "predictions", "", ("sad", "happy"), np.array([1, 0]), probabilities)
    assert found.among(("happy", "fear", "sad")).tolist() == [0, 2]
    losses = found.losses(np.array([0, 1]), ("happy", "fear", "sad"))
    assert losses is not None
    assert losses[0] == pytest.approx(-np.log(0.75))
    assert losses[1] == pytest.approx(-np.log(np.finfo(np.float64).eps))  # it doesn't know fear
    assert Answers("a", "predictions", "", ("sad",), np.array([0]), None).losses(np.array([0]), ("sad",)) is None
