"""Judging: a model on rows, with the record that binds scores to both."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

import audited
from judged import CLASSES, Reader, faceset
from mien.data.faceset import UNLABELLED, FaceSet
from mien.errors import DataError
from mien.evaluation import metrics
from mien.evaluation.judge import before_temperature, default_split, judge, judge_and_choose, labelled_rows
from mien.inference.classifier import Classifier
from mien.reporting import terminal
from mien.run import Run


def test_judge_binds_scores_to_model_data_and_settings(tmp_path: Path) -> None:
    data = faceset([0, 1, 2, 3, 3], [0, 1, 2, 3, -1], ["train", "test", "test", "test", "test"])
    reader = Reader(tmp_path / "model.onnx")
    judgement = judge(reader, data, "test", flip=True)
    assert reader.flipped
    assert len(judgement.evaluation) == len(judgement.faces) == 3  # the unlabelled row sits out
    record = judgement.record
    assert record.model_hash == hashlib.sha256(b"a model").hexdigest()
    assert record.data_hash == data.hash
    assert record.rows_hash == judgement.faces.hash
    assert (record.split, record.flip) == ("test", True)
    assert json.loads(json.dumps(judgement.to_dict()))["accuracy"] == 1


def test_judge_matches_classes_by_name(tmp_path: Path) -> None:
    data = faceset([1, 0], [0, 1], ["test", "test"], classes=("happy", "angry"))
    assert judge(Reader(tmp_path / "m"), data, "test").evaluation.accuracy == 1
    with pytest.raises(DataError, match=r"doesn't know: fear \(1 row\)"):
        judge(Reader(tmp_path / "m"), faceset([0], [0], ["test"], classes=("fear",)), "test")


def test_judge_refuses_a_split_without_labels(tmp_path: Path) -> None:
    data = faceset([0, 1], [0, -1], ["train", "test"])
    with pytest.raises(DataError, match="No row of the split 'test' has a label"):
        judge(Reader(tmp_path / "m"), data, "test")
    with pytest.raises(DataError, match="no split 'valid'"):
        judge(Reader(tmp_path / "m"), data, "valid")


@pytest.mark.parametrize(
    ("splits", "expected"),
    [(["train", "test"], "test"), (["valid", "private_test"], "private_test"), (["train", "valid"], "valid"), (["train"] * 2, "all")],
)  # fmt: skip
def test_default_split_prefers_test_rows(splits: list[str], expected: str) -> None:
    assert default_split(faceset([0, 1], [0, 1], splits)) == expected
    assert (
        default_split(faceset([0, 1, 2], [0, 1, UNLABELLED], [*splits, "public_test"])) == expected
    )  # none has a label
    if expected == "all":
        assert default_split(faceset([0, 1], [0, 1], splits), has_hold_out=True) == "hold_out"


def test_rows_that_are_copies_of_other_data_can_be_left_out(tmp_path: Path) -> None:
    random = np.random.default_rng(0).integers(0, 256, (6, 24, 24), np.uint8)
    random[:, 0, 0] = [0, 1, 2, 3, 0, 1]
    data = FaceSet.from_arrays(random, [0, 1, 2, 3, 0, 0], CLASSES, "test")
    noisy = random[2:4].copy()
    noisy[:, 5, 5] ^= 1
    others = FaceSet.from_arrays(np.concatenate([random[:2], noisy]), [0] * 4, CLASSES)
    found = judge(Reader(tmp_path / "m"), data, "test", without=others)
    assert found.faces.names.tolist() == ["4", "5"]
    assert found.evaluation.accuracy == 0.5
    left = found.record.without_duplicates_of
    assert left is not None
    assert (left.rows, left.left_out, left.exact, left.data_hash) == (4, 4, 2, others.hash)
    with pytest.raises(DataError, match=r"All rows \(6\) are duplicates of rows of"):
        judge(Reader(tmp_path / "m"), data, "test", without=data)


def test_things_are_chosen_on_other_rows_than_those_that_are_judged(tmp_path: Path) -> None:
    data = faceset([0, 1, 2, 3], [0, 1, 2, 3], ["train", "valid", "test", "test"])
    judgement, train, chosen = judge_and_choose(Reader(tmp_path / "m"), data, None, "valid")
    assert judgement.record.split == "test"
    assert (train.names.tolist(), chosen.names.tolist()) == (["0"], ["1"])
    for split in ("test", "all"):
        with pytest.raises(DataError, match="other rows than the evaluated ones"):
            judge_and_choose(Reader(tmp_path / "m"), data, split, "test")


def test_what_was_held_out_is_halved_where_it_is_both_chosen_on_and_judged(run: Run, faces: FaceSet) -> None:
    classifier = Classifier.load(run.model_file)
    judgement, _, chosen = judge_and_choose(classifier, faces, "hold_out", None)
    held = run.record.data.valid.rows
    assert len(judgement.faces) + len(chosen) == held
    assert abs(len(chosen) - held / 2) <= 7
    assert not {*judgement.faces.names.tolist()} & {*chosen.names.tolist()}
    assert judgement.record.is_hold_out


def test_the_labelled_rows_of_a_split() -> None:
    data = faceset([0, 1, 2], [0, -1, 2], ["train", "train", "test"])
    assert labelled_rows(data, "train").names.tolist() == ["0"]
    assert labelled_rows(data, "all").names.tolist() == ["0", "2"]
    with pytest.raises(DataError, match="depends on the training"):
        labelled_rows(data, "hold_out")


@pytest.mark.parametrize("flip", [False, True])
def test_the_temperature_is_taken_out_of_single_readings(run: Run, faces: FaceSet, flip: bool) -> None:
    classifier = Classifier.load(run.model_file)
    judgement = judge(classifier, faces, "test", flip=flip)
    before = before_temperature(classifier, judgement)
    plain = metrics.untempered(classifier.probabilities(judgement.faces.images), classifier.spec.temperature)
    if flip:
        mirrored = classifier.probabilities(np.ascontiguousarray(judgement.faces.images[:, :, ::-1]))
        plain = (plain + metrics.untempered(mirrored, classifier.spec.temperature)) / np.float32(2)
    np.testing.assert_allclose(before.probabilities, plain, atol=2e-5)


def test_evaluate_without_copies_of_the_training_rows(planted: FaceSet, tmp_path: Path) -> None:
    reader = audited.Reader(tmp_path / "model.onnx", planted.classes)
    plain = judge(reader, planted, "test")
    assert plain.record.without_duplicates_of is None
    fresh = judge(reader, planted, "test", without=planted)
    left_out = fresh.record.without_duplicates_of
    assert left_out is not None
    assert left_out.left_out == left_out.exact == 2
    assert len(fresh.evaluation) == len(plain.evaluation) - 2
    assert "left out: 2 duplicates of rows" in terminal.as_text(fresh)
    others = planted.split("test")  # without a split train, all rows count
    larger = judge(reader, planted, "test", without=others.resized((60, 60)))  # sizes may differ
    assert larger.record.without_duplicates_of is not None
    assert larger.record.without_duplicates_of.left_out > 0.8 * len(plain.evaluation)
    with pytest.raises(DataError, match=r"All rows \(\d+\) are duplicates"):
        judge(reader, planted, "test", without=others)
