"""Which rows a training held out, told by its model file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from judged import Reader, faceset
from mien.data import splits
from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.evaluation import holdout
from mien.inference.classifier import Classifier
from mien.run import Run

DATA = faceset(list(range(12)), [0, 1, 2, 3] * 3, ["train"] * 12)


def record(data: FaceSet = DATA, seed: int = 0, **recipe: Any) -> dict[str, Any]:
    """What a model file tells of a training on this data."""
    settings = {"hold_out": 0.25, "valid_split": "", "split_seed": seed, **recipe}
    train, _ = splits.divide(data, settings["hold_out"], settings["valid_split"], seed)
    return {"recipe": settings, "train_hash": train.faces_hash}


def rows(faces: FaceSet) -> list[int]:
    return sorted(faces.images[:, 0, 0].tolist())


def test_a_model_file_gives_the_rows_of_its_run_again(run: Run, faces: FaceSet) -> None:
    classifier = Classifier.load(run.model_file)
    train, valid = holdout.divided(classifier, faces)
    assert valid.hash == run.record.data.valid.hash
    assert train.faces_hash == run.record.data.train.faces_hash
    assert holdout.held_out(classifier, faces)[1].hash == valid.hash
    known = holdout.training_rows(classifier, faces)
    assert known is not None
    assert known.hash == train.hash


def test_other_data_is_not_divided(run: Run, faces: FaceSet) -> None:
    classifier = Classifier.load(run.model_file)
    fewer = faces.select(np.arange(1, len(faces)))
    with pytest.raises(DataError, match="held out of its training can't be determined"):
        holdout.divided(classifier, fewer)
    assert holdout.divided_or_none(classifier, fewer) is None
    assert holdout.training_rows(classifier, fewer) is None


def test_a_model_that_tells_nothing_of_its_training_asks_for_a_split(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="doesn't say how it was trained"):
        holdout.divided(Reader(tmp_path / "m", training={}), DATA)
    with pytest.raises(DataError, match="can't be determined"):
        holdout.divided(Reader(tmp_path / "m", training=record(valid_split="") | {"train_hash": "x"}), DATA)


def test_of_an_ensemble_only_what_all_members_held_out_is_held_out(tmp_path: Path) -> None:
    members = [record(seed=0), record(seed=1)]
    train, valid = holdout.divided(Reader(tmp_path / "m", training={"members": members}), DATA)
    first, second = (set(rows(splits.divide(DATA, 0.25, "", seed)[1])) for seed in (0, 1))
    if common := first & second:
        assert set(rows(valid)) == common
    assert set(rows(train)) == set(range(12)) - (first & second)
    assert first != second


def test_an_ensemble_without_common_rows_says_so(tmp_path: Path) -> None:
    held = [set(rows(splits.divide(DATA, 0.25, "", seed)[1])) for seed in range(40)]
    one, other = next((a, b) for a in range(40) for b in range(40) if not held[a] & held[b])
    members = [record(seed=one), record(seed=other)]
    with pytest.raises(DataError, match="No row was held out by all members"):
        holdout.divided(Reader(tmp_path / "m", training={"members": members}), DATA)


@pytest.mark.parametrize(
    ("recipe", "chose"),
    [({}, True), ({"keep": "last"}, False), ({"keep": "last", "patience": 5}, True), ({"keep": "last", "stop_accuracy": 0.6}, True)],
)  # fmt: skip
def test_the_rows_held_out_chose_the_epoch_unless_the_last_is_kept(
    tmp_path: Path, recipe: dict[str, Any], chose: bool
) -> None:
    assert bool(holdout.chose_epoch(Reader(tmp_path / "m", training=record(**recipe)))) is chose
    both = {"members": [record(keep="last"), record(**recipe)]}
    assert bool(holdout.chose_epoch(Reader(tmp_path / "m", training=both))) is chose


def test_a_split_that_was_used_for_validation_is_what_was_held_out() -> None:
    data = replace(DATA, splits=np.array(["train"] * 8 + ["valid"] * 2 + ["test"] * 2))
    division = splits.divide(data)
    assert holdout.is_held_out(division, data, "hold_out")
    assert holdout.is_held_out(division, data, "valid")
    assert not holdout.is_held_out(division, data, "test")
    assert not holdout.is_held_out(splits.divide(DATA), DATA, "valid")  # the data itself has no such split


def test_things_may_be_chosen_on_a_split_of_the_data(tmp_path: Path) -> None:
    data = replace(
        DATA, splits=np.array(["train"] * 8 + ["test"] * 4), labels=np.array([0, 1, 2, 3] * 2 + [0, 1, -1, -1])
    )
    train, chosen = holdout.held_out(Reader(tmp_path / "m", training={}), data, "test")
    assert (rows(train), rows(chosen)) == (list(range(8)), [8, 9])
    with pytest.raises(DataError, match="no split 'valid'"):
        holdout.held_out(Reader(tmp_path / "m", training={}), data, "valid")
