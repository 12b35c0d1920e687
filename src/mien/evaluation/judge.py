"""Judging: a model file on the rows of one split, with a record that binds the scores to the model, the data and the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mien
from mien import modelfile
from mien.checks import checked
from mien.data import duplicates, splits
from mien.data.faceset import UNLABELLED, FaceSet
from mien.errors import DataError
from mien.evaluation import metrics
from mien.evaluation.evaluation import Evaluation
from mien.inference.classifier import Classifier


@dataclass(frozen=True, eq=False)
class Judgement:
    """A model judged on a FaceSet.

    Attributes:
        evaluation: the scores.
        faces: the rows that were judged, in the order of the evaluation's rows.
        record: what was judged on what: model, its hash and temperature, data path and hash, split, flip, copies, which rows were
            left out as copies of others, version.
    """

    evaluation: Evaluation
    faces: FaceSet
    record: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The record and all scores, fit for JSON."""
        return {**self.record, **self.evaluation.to_dict()}


def default_split(faceset: FaceSet) -> str:
    """The split to judge on unless another is named: the data's own test rows; ``"all"`` where it has none apart from training."""
    return next(
        (name for name in ("public_test", "test", "private_test", "valid") if name in faceset.split_names), "all"
    )


def labelled_rows(faceset: FaceSet, split: str) -> FaceSet:
    """The labelled rows of a split; ``"all"`` takes every split.

    Raises:
        DataError: the split is missing, or none of its rows has a label.
    """
    rows = faceset if split == "all" else faceset.split(split)
    rows = rows.select(rows.labels != UNLABELLED)
    if not len(rows):
        raise DataError(f"No row of the split '{split}' has a label: there is nothing to judge against.")
    return rows


@checked
def judge(
    classifier: Classifier, faceset: FaceSet, split: str = "all", *, flip: bool = False, without: FaceSet | None = None
) -> Judgement:
    """Judge a model on the labelled rows of a split.

    Args:
        classifier: the model.
        faceset: the data; where the model was trained on it, its split ``train`` is searched for exact copies of judged rows.
        split: a split's name; ``"all"`` takes every row.
        flip: average each face with its mirror image.
        without: leave out rows that are copies, exact or near, of rows of this data: of its split ``train`` if it has one.

    Raises:
        DataError: the split is missing or unlabelled, or has classes that the model doesn't know; or no row is left.
    """
    rows = labelled_rows(faceset, split).to_classes(classifier.spec.classes)
    left_out = None
    if without is not None:
        rows, left_out = _without_copies(rows, without)
    probabilities = classifier.probabilities(rows.images, flip=flip)
    evaluation = Evaluation.from_predictions(rows.labels, probabilities, classifier.spec.classes)
    is_own = is_trained_on(classifier, faceset)
    record = {
        "mien": mien.__version__,
        "model": classifier.name,
        "model_hash": modelfile.sha256(classifier.path),
        "data": faceset.source.path,
        "data_hash": faceset.hash,
        "temperature": classifier.spec.temperature,
        "split": split,
        "rows_hash": rows.hash,
        "flip": flip,
        "decision": classifier.decision,
        "holds_training_rows": (is_own and split in ("all", "train"))
        or rows.resized(classifier.spec.size).faces_hash == classifier.spec.training.get("train_hash"),
        "copies_of_train": _copies(evaluation, rows, faceset, split) if is_own else None,
        "without_duplicates_of": left_out,
    }
    return Judgement(evaluation, rows, record)


@checked
def judge_run(
    classifier: Classifier, faceset: FaceSet, record: Mapping[str, Any], split: str | None = None, *, flip: bool = False
) -> Judgement:
    """Judge a run's model, on its own data or on other.

    Args:
        classifier: the run's model.
        faceset: the data.
        record: the content of ``run.json``.
        split: the split; None takes the data's test split, or, where the run's own data has training rows only, those that
            the run held out.
        flip: average each face with its mirror image.
    """
    chosen = split or default_split(faceset)
    if split or chosen != "all" or faceset.hash != record["data"]["hash"]:
        return judge(classifier, faceset, chosen, flip=flip)
    judgement = judge(classifier, held_out(classifier, faceset)[1], "valid", flip=flip)
    judgement.record["data_hash"] = faceset.hash  # of the whole set, of which the hold-out is a part
    return judgement


def before_temperature(classifier: Classifier, judgement: Judgement) -> Evaluation:
    """The judged model as it would be without its temperature: the same readings, as sure as training left them.

    Args:
        classifier: the model that was judged.
        judgement: its judgement. Where it averages with the mirror image, each face is read once more, as the temperature is
            taken out of single readings.
    """
    evaluation, temperature = judgement.evaluation, classifier.spec.temperature
    probabilities = evaluation.probabilities
    if judgement.record["flip"]:
        first = classifier.probabilities(judgement.faces.images)
        mirrored = np.maximum(2 * probabilities - first, 0)  # its share of the mean
        plain = (metrics.untempered(first, temperature) + metrics.untempered(mirrored, temperature)) / np.float32(2)
    else:
        plain = metrics.untempered(probabilities, temperature)
    return Evaluation.from_predictions(evaluation.labels, plain, evaluation.classes)


def is_trained_on(classifier: Classifier, faceset: FaceSet) -> bool:
    """Whether a model was trained on this data, or on the part of it that is the split ``train``, as its hashes tell."""
    own_hash = classifier.spec.training.get("data_hash")
    return faceset.hash == own_hash or training_rows(classifier, faceset) is not None


def training_rows(classifier: Classifier, faceset: FaceSet) -> FaceSet | None:
    """The rows of a data set that a model learned from, without those that its training held out; None where it learned from others."""
    divided = _divided(classifier, faceset)
    return divided[0] if divided else None


def _divided(classifier: Classifier, faceset: FaceSet) -> tuple[FaceSet, FaceSet] | None:
    """The rows that a model learned from and those that its training held out; None where it learned from others."""
    training = classifier.spec.training
    if "recipe" not in training or "train_hash" not in training or "train" not in faceset.split_names:
        return None
    recipe = training["recipe"]
    try:
        train, valid = splits.divide(faceset, recipe["hold_out"], recipe["valid_split"], recipe["split_seed"])
    except DataError:  # the model's training could not have divided this data
        return None
    is_own = train.resized(classifier.spec.size).faces_hash == training["train_hash"]
    return (train, valid) if is_own else None


@checked
def held_out(classifier: Classifier, faceset: FaceSet, split: str | None = None) -> tuple[FaceSet, FaceSet]:
    """The rows that a model learned from, and others on which things about it may be chosen.

    Args:
        classifier: the model.
        faceset: the data.
        split: where to choose; None takes the rows that the model's own training held out.

    Raises:
        DataError: the model was trained on other data, so that a split must be named.
    """
    labelled = faceset.select(faceset.labels != UNLABELLED)
    if split is not None:
        train, valid = labelled.split("train"), labelled.split(split)
    elif divided := _divided(classifier, faceset):
        train, valid = divided
    else:
        raise DataError("Which rows this model's training held out isn't known: name a split to choose on.")
    classes = classifier.spec.classes
    return train.to_classes(classes), valid.to_classes(classes)


def _without_copies(rows: FaceSet, others: FaceSet) -> tuple[FaceSet, dict[str, Any]]:
    """The rows that are no copies of the training rows of other data, and the record of those that are."""
    known = others.split("train") if "train" in others.split_names else others
    both = np.concatenate([rows.images, known.resized(rows.size).images])
    copies = duplicates.find(both)
    nearest, _ = copies.nearest(np.arange(len(rows)), np.arange(len(rows), len(both)))
    fresh = nearest < 0
    if not fresh.any():
        raise DataError(f"All {len(rows):,} rows are copies of rows of '{others.source.path}': none is left to judge.")
    exact = np.isin(copies.pictures[: len(rows)], copies.pictures[len(rows) :])
    record = {
        "data": others.source.path,
        "data_hash": others.hash,
        "rows": len(known),
        "correlation": duplicates.MIN_CORRELATION,
        "left_out": int((~fresh).sum()),
        "exact": int(exact.sum()),
    }
    return rows.select(fresh), record


def _copies(evaluation: Evaluation, rows: FaceSet, faceset: FaceSet, split: str) -> dict[str, Any] | None:
    """How many judged rows also stand in split ``train``, pixel for pixel, and the accuracy without them; None if not asked."""
    if split in ("all", "train") or "train" not in faceset.split_names:
        return None
    known = set(_digests(faceset.split("train").images))
    fresh = np.array([digest not in known for digest in _digests(rows.images)])
    if not fresh.any():
        return {"rows": len(rows), "accuracy_without": None, "n_without": 0}
    right = evaluation.predicted == evaluation.labels
    return {
        "rows": int((~fresh).sum()),
        "accuracy_without": float(right[fresh].mean()),
        "n_without": int(fresh.sum()),
    }


def _digests(images: NDArray[np.uint8]) -> list[bytes]:
    return [face.tobytes() for face in images]
