"""Label issues, and the probabilities behind them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audited import NUM, Reader
from mien.auditing import label_issues
from mien.data import duplicates, splits
from mien.data.faceset import UNLABELLED, FaceSet
from mien.errors import DataError, MissingExtraError
from mien.synthetic import drawn


def test_wrong_labels_are_found_better_than_by_chance() -> None:
    right = drawn.draw(360, seed=4, wrong_labels=0.0)
    rng = np.random.default_rng(0)
    is_wrong = rng.random(360) < 0.1
    given = replace(right, labels=np.where(is_wrong, (right.labels + rng.integers(1, 7, 360)) % 7, right.labels))
    result = label_issues.find(given, duplicates.find(given.images), np.ones(360, bool))
    assert len(result.judged) == 360
    assert result.probabilities.sum(1) == pytest.approx(1)
    assert is_wrong[result.rows].mean() > 1.5 * is_wrong.mean()  # a list drawn at random would hold as many as all rows
    assert is_wrong[result.rows[:30]].mean() > 2 * is_wrong.mean()


def test_both_ways_to_the_regression_agree() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (80, 20)).astype(np.float32)
    targets = rng.normal(0, 1, (80, 3)).astype(np.float32)
    folds = rng.integers(0, label_issues.NUM_FOLDS, 80)
    many, few = (fit(x, targets, folds) for fit in (label_issues._ridge_of_many, label_issues._ridge_of_few))
    assert many == pytest.approx(few, abs=1e-4)
    assert label_issues._ridge_of_few(x, targets, folds).tolist() == few.tolist()


def test_copies_never_stand_in_two_folds() -> None:
    """Each noise face has a copy; a classifier that had seen the copy would read it, an honest one can't."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (60, 48, 48), np.uint8)
    labels = rng.integers(0, 3, 60)
    faces, twice = np.concatenate([noise, noise]), np.concatenate([labels, labels])
    together = label_issues.out_of_fold(faces, twice, np.tile(np.arange(60), 2)).argmax(1)
    apart = label_issues.out_of_fold(faces, twice, np.arange(120)).argmax(1)
    assert (together == twice).mean() < 0.6
    assert (apart == twice).mean() > 0.7


def test_a_model_judges_only_what_it_did_not_learn(planted: FaceSet, tmp_path: Path) -> None:
    labelled = planted.select(planted.labels != UNLABELLED)
    images = labelled.images.copy()
    images[:, 0, 0] = labelled.labels
    is_test = np.flatnonzero(labelled.splits == "test")
    images[is_test[:5], 0, 0] = (labelled.labels[is_test[:5]] + 1) % 7  # the model disagrees with five test labels
    data = replace(labelled, images=images)
    recipe = {"hold_out": 0.2, "valid_split": "", "split_seed": 3, "image_size": 48}
    train, valid = splits.divide(data, 0.2, "", 3)
    own = Reader(
        tmp_path / "own.onnx", data.classes, {"recipe": recipe, "train_hash": train.faces_hash, "data_hash": data.hash}
    )
    copies, usable = duplicates.find(data.images), duplicates.contrast(data.images) >= duplicates.MIN_CONTRAST
    result = label_issues.find(data, copies, usable, own)
    names = set(data.names[result.judged].tolist())
    assert not names & set(train.names.tolist())
    assert names <= {*valid.names.tolist(), *data.split("test").names.tolist()}
    assert result.num_learned == usable.sum() - len(names)
    assert result.knows_training
    assert set(is_test[:5].tolist()) & set(result.judged.tolist()) <= set(result.rows.tolist())
    other = Reader(tmp_path / "other.onnx", data.classes)
    result = label_issues.find(data, copies, usable, other)
    assert (len(result.judged), result.num_learned, result.knows_training) == (usable.sum(), 0, False)
    with pytest.raises(DataError, match="classes that the model doesn't know"):
        label_issues.find(data, copies, usable, Reader(tmp_path / "few.onnx", data.classes[:2]))


def test_missing_packages_name_the_extra(planted: FaceSet, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "cleanlab"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cleanlab", None)
    with pytest.raises(MissingExtraError, match=r"'cleanlab'.*mien\[report\]"):
        label_issues.find(planted, duplicates.find(planted.images), np.ones(NUM, bool))
