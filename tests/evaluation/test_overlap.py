"""Judged faces that the training has seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import audited
from judged import CLASSES, Reader, faceset
from mien.data import splits
from mien.data.faceset import FaceSet
from mien.data.seen import SeenFaces
from mien.errors import DataError
from mien.evaluation import overlap
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.holdout import held_out
from mien.evaluation.judge import judge


def test_judge_counts_copies_of_training_faces(tmp_path: Path) -> None:
    data = faceset([0, 0, 1, 2], [0, 1, 1, 2], ["train", "test", "test", "test"])
    copies = judge(Reader(tmp_path / "m", data_hash=data.hash), data, "test").record.copies_of_train
    assert copies is not None
    assert (copies.rows, copies.learned, copies.n_without) == (1, 1, 2)
    assert copies.without is not None
    assert copies.without.accuracy == 1  # the copy was the one that is read wrongly
    assert copies.without.macro_f1 == copies.without.balanced_accuracy == 1.0
    assert len(copies.without) == 2
    told = copies.to_dict()
    assert (told["accuracy_without"], told["scores_without"]["n"], "confusion" in told["scores_without"]) == (
        1,
        2,
        False,
    )
    only = faceset([0, 0], [0, 0], ["train", "test"])
    copies = judge(Reader(tmp_path / "m", data_hash=only.hash), only, "test").record.copies_of_train
    assert copies is not None
    assert copies.without is None
    assert copies.to_dict()["accuracy_without"] is None
    everything = judge(Reader(tmp_path / "m", data_hash=data.hash), data, "all").record
    assert everything.copies_of_train is not None
    assert (everything.copies_of_train.rows, everything.holds_training_rows) == (2, True)
    assert judge(Reader(tmp_path / "m"), data, "test").record.copies_of_train is None  # trained on other data


def evaluated(faces: FaceSet) -> Evaluation:
    """All rows read right but those whose first pixel is 3."""
    answers = np.where(faces.images[:, 0, 0] == 3, 0, faces.labels)
    return Evaluation.from_predictions(faces.labels, np.eye(4, dtype=np.float32)[answers], CLASSES)


def test_faces_learned_from_and_faces_held_out_are_counted_apart() -> None:
    judged = faceset([0, 1, 2, 3, 4], [0, 1, 2, 3, 0], ["test"] * 5)
    learned, held_out = faceset([0, 3, 9], [0, 3, 0], ["train"] * 3), faceset([3, 4], [3, 0], ["valid"] * 2)
    found = overlap.by_data(judged, learned, held_out, evaluated(judged))
    assert (found.rows, found.learned, found.held_out, found.n_without, found.checked_by) == (3, 2, 1, 2, "data")
    assert found.without is not None
    assert (len(found.without), found.without.accuracy) == (2, 1.0)
    assert overlap.by_data(judged, learned, None, evaluated(judged)).held_out == 0


@pytest.mark.parametrize(("learned", "is_heavy"), [(1, False), (2, True)])
def test_more_than_a_tenth_of_learned_faces_is_heavy(learned: int, is_heavy: bool) -> None:
    assert overlap.Overlap(learned, learned, 0, 10 - learned, None, "data").is_heavy is is_heavy
    assert not overlap.Overlap(5, 0, 5, 5, None, "data").is_heavy  # on held-out rows only the epoch was chosen


def test_a_model_file_without_hashes_tells_nothing_and_one_with_them_counts(tmp_path: Path) -> None:
    judged = faceset([0, 1, 2, 3], [0, 1, 2, 3], ["test"] * 4)
    reader = Reader(tmp_path / "m")
    assert overlap.by_model_file(reader, judged, evaluated(judged), is_hold_out=False) is None
    told = SeenFaces.of(judged.images[:1], judged.images[1:3]).to_text()
    reader = Reader(tmp_path / "m", seen=told)
    found = overlap.by_model_file(reader, judged, evaluated(judged), is_hold_out=False)
    assert found is not None
    assert (found.learned, found.held_out, found.n_without, found.checked_by) == (1, 2, 1, "model file")
    assert found.false_positive_rate == SeenFaces.from_text(told, "m").false_positive_rate
    held = overlap.by_model_file(reader, judged, evaluated(judged), is_hold_out=True)
    assert held is not None
    assert (held.learned, held.held_out) == (1, 0)


def test_training_rows_are_known_in_part_of_the_data_too(planted: FaceSet, tmp_path: Path) -> None:
    recipe = {"hold_out": 0.2, "valid_split": "", "split_seed": 0, "image_size": 48}
    train, valid = splits.divide(planted, 0.2)
    training = {"recipe": recipe, "train_hash": train.faces_hash, "data_hash": planted.hash}
    reader = audited.Reader(tmp_path / "model.onnx", planted.classes, training)
    for rows, expected in (
        (planted, True), (planted.split("train"), True), (train, True), (planted.split("test"), False), (valid, False),
    ):  # fmt: skip
        assert bool(judge(reader, rows, "all").record.holds_training_rows) == expected
    assert not judge(reader, planted, "test").record.holds_training_rows


def test_training_rows_are_known_without_their_votes_and_beside_other_rows(planted: FaceSet, tmp_path: Path) -> None:
    recipe = {"hold_out": 0.2, "valid_split": "", "split_seed": 0, "image_size": 48}
    votes = np.random.default_rng(0).random((len(planted), len(planted.classes)), np.float32)
    voted = replace(planted, votes=votes)
    train, valid = splits.divide(voted, 0.2)
    training = {"recipe": recipe, "train_hash": train.faces_hash, "data_hash": voted.hash}
    reader = audited.Reader(tmp_path / "model.onnx", planted.classes, training)
    names = planted.splits.astype("<U12")
    names[np.flatnonzero(names == "test")[::2]] = "private_test"
    plain = replace(planted, splits=names)
    assert plain.hash != voted.hash
    assert judge(reader, plain, "private_test").record.copies_of_train is not None
    assert judge(reader, plain, "all").record.holds_training_rows
    rows = held_out(reader, plain)
    assert [part.faces_hash for part in rows] == [train.faces_hash, valid.faces_hash]
    relabelled = replace(plain, labels=(plain.labels + 1) % len(plain.classes))
    assert judge(reader, relabelled, "private_test").record.copies_of_train is None
    with pytest.raises(DataError, match="isn't what it was trained on"):
        held_out(reader, relabelled)
