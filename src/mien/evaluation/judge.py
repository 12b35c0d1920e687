"""Judging: a model file on the rows of one split, with a record that binds the scores to the model, the data and the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import mien
from mien import modelfile, typed_json
from mien.checks import checked
from mien.data import duplicates, splits
from mien.data.faceset import UNLABELLED, FaceSet
from mien.data.source import ReadingRecord
from mien.errors import DataError
from mien.evaluation import holdout, metrics, overlap
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.holdout import HOLD_OUT
from mien.evaluation.overlap import Overlap
from mien.inference import priors
from mien.inference.classifier import Classifier


@dataclass(frozen=True)
class LeftOut:
    """Rows that were not judged, as they are copies of rows of other data.

    Attributes:
        data, data_hash: the other data.
        rows: its rows.
        correlation: from which on two pictures are copies.
        left_out: judged rows that were left out.
        exact: those of them that are equal pixel for pixel.
    """

    data: str
    data_hash: str
    rows: int
    correlation: float
    left_out: int
    exact: int


@dataclass(frozen=True)
class JudgementRecord:
    """What was judged on what, and how.

    Attributes:
        mien: version.
        model, model_hash, temperature: the model.
        data, data_hash, read: the data, and how it was read.
        split: its rows that were judged.
        is_hold_out: whether the model's training held these rows out.
        hold_out_chose_epoch: whether the rows that it held out chose its epoch.
        rows_hash: of the judged rows.
        flip: whether each face was averaged with its mirror image.
        decision: how the model answers.
        prior: class shares that were allowed for; None where none were.
        prior_estimated: whether these were estimated from the judged faces.
        holds_training_rows: whether many judged faces were learned from; None where that can't be told.
        copies_of_train: judged faces that the training has seen; None where that can't be told.
        without_duplicates_of: rows that were left out as copies; None where none were asked to be.
    """

    mien: str
    model: str
    model_hash: str
    data: str
    data_hash: str
    read: ReadingRecord
    temperature: float
    split: str
    is_hold_out: bool
    hold_out_chose_epoch: bool
    rows_hash: str
    flip: bool
    decision: str
    prior: Mapping[str, float] | None
    prior_estimated: bool
    holds_training_rows: bool | None
    copies_of_train: Overlap | None
    without_duplicates_of: LeftOut | None


@dataclass(frozen=True, eq=False)
class Judgement:
    """A model judged on a FaceSet.

    Attributes:
        evaluation: the scores.
        faces: the rows that were judged, in the order of the evaluation's rows.
        record: what was judged on what.
    """

    evaluation: Evaluation
    faces: FaceSet
    record: JudgementRecord

    def to_dict(self) -> dict[str, Any]:
        """The record and all scores, fit for JSON."""
        return {**typed_json.to_json(self.record), **self.evaluation.to_dict()}


@checked
def default_split(faceset: FaceSet, *, has_hold_out: bool = False) -> str:
    """The split to judge on unless another is named.

    The data's own test rows if any of them has a label, else its rows for validation, else those that the model's training held
    out (if ``has_hold_out``), and ``"all"`` where these can't be told, as in data that the model was not trained on.
    """
    labelled = set(faceset.splits[faceset.labels != UNLABELLED].tolist())
    own = next((name for name in ("public_test", "test", "private_test", "valid") if name in labelled), None)
    if own is not None:
        return own
    return HOLD_OUT if has_hold_out else "all"


@checked
def labelled_rows(faceset: FaceSet, split: str) -> FaceSet:
    """The labelled rows of a split; ``"all"`` takes every split.

    Raises:
        DataError: the split is missing, or none of its rows has a label.
    """
    if split == HOLD_OUT:
        raise DataError("What was held out depends on the training: name a model that was trained on this data.")
    rows = faceset if split == "all" else faceset.split(split)
    rows = rows.select(rows.labels != UNLABELLED)
    if not len(rows):
        if split == "all":
            raise DataError("No row of the data has a label: there is nothing to judge against.")
        raise DataError(
            f"No row of the split '{split}' has a label: there is nothing to judge against. Name another split, or hold_out for "
            "the rows that the training held out."
        )
    return rows


@checked
def judge(
    classifier: Classifier,
    faceset: FaceSet,
    split: str | None = None,
    *,
    flip: bool = False,
    without: FaceSet | None = None,
    estimate_prior: bool = False,
) -> Judgement:
    """Judge a model on the labelled rows of a split.

    Args:
        classifier: the model.
        faceset: the data. Faces that the model's training has seen are counted, by the hashes in the model file, or by the data's
            own training rows where the model file has none.
        split: a split's name; ``"hold_out"`` takes the rows that the model's training held out, ``"all"`` takes every row, and None
            takes ``default_split``.
        flip: average each face with its mirror image.
        without: leave out rows that are copies, exact or near, of rows of this data: of its split ``train`` if it has one.
        estimate_prior: estimate the class shares from the faces that are judged, without their labels, and allow for them.

    Raises:
        DataError: the split is missing or unlabelled, or has classes that the model doesn't know; or no row is left; or what was
            held out can't be told.
    """
    division = (
        holdout.divided(classifier, faceset) if split == HOLD_OUT else holdout.divided_or_none(classifier, faceset)
    )
    split = split or default_split(faceset, has_hold_out=division is not None)
    rows = division[1] if division and split == HOLD_OUT else labelled_rows(faceset, split)
    rows = rows.to_classes(classifier.spec.classes)
    left_out = None
    if without is not None:
        rows, left_out = _without_copies(rows, without)
    is_hold_out = division is not None and holdout.is_held_out(division, faceset, split)
    found = _Rows(rows, split, is_hold_out, left_out)
    return _judged(classifier, faceset, found, division, flip=flip, estimate_prior=estimate_prior)


@checked
def judge_and_choose(
    classifier: Classifier, faceset: FaceSet, split: str | None, choose_on: str | None, *, flip: bool = False
) -> tuple[Judgement, FaceSet, FaceSet]:
    """Judge a model, and give other rows on which something may be chosen before.

    Args:
        classifier: the model.
        faceset: the data.
        split: where to judge, as for ``judge``.
        choose_on: where to choose; None takes the rows that the model's training held out. Where these are the rows to judge on,
            too, one half of them is for choosing and the other for judging.
        flip: average each face with its mirror image.

    Returns:
        The judgement, the rows that the model learned from, and the rows to choose on.

    Raises:
        DataError: the two would be the same rows, or ``judge`` or ``holdout.held_out`` can't tell them.
    """
    division = holdout.divided_or_none(classifier, faceset)
    split = split or default_split(faceset, has_hold_out=division is not None)
    if split in (choose_on, "all"):
        raise DataError("Choose on other rows than those that are judged: name another split with --choose-on.")
    train, valid = holdout.held_out(classifier, faceset, choose_on)
    if division is None or not all(
        holdout.is_held_out(division, faceset, name) for name in (split, choose_on or HOLD_OUT)
    ):
        return judge(classifier, faceset, split, flip=flip), train, valid
    valid, judged = splits.hold_out(valid, 0.5)
    found = _Rows(judged, HOLD_OUT, is_hold_out=True)
    return _judged(classifier, faceset, found, division, flip=flip), train, valid


@checked
def before_temperature(classifier: Classifier, judgement: Judgement) -> Evaluation:
    """The judged model as it would be without its temperature: the same readings, as sure as training left them.

    Args:
        classifier: the model that was judged.
        judgement: its judgement. Where it averages with the mirror image, each face is read once more, as the temperature is
            taken out of single readings.
    """
    evaluation, temperature = judgement.evaluation, classifier.spec.temperature
    probabilities = evaluation.probabilities
    if judgement.record.flip:
        first = classifier.probabilities(judgement.faces.images)
        mirrored = np.maximum(2 * probabilities - first, 0)  # its share of the mean
        plain = (metrics.untempered(first, temperature) + metrics.untempered(mirrored, temperature)) / np.float32(2)
    else:
        plain = metrics.untempered(probabilities, temperature)
    return Evaluation.from_predictions(evaluation.labels, plain, evaluation.classes)


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows to judge, labelled and with the model's classes; what they are called, and what they are."""

    faces: FaceSet
    split: str
    is_hold_out: bool
    left_out: LeftOut | None = None


def _judged(
    classifier: Classifier,
    faceset: FaceSet,
    judged: _Rows,
    division: tuple[FaceSet, FaceSet] | None,
    *,
    flip: bool,
    estimate_prior: bool = False,
) -> Judgement:
    rows = judged.faces
    probabilities = classifier.probabilities(rows.images, flip=flip)
    if estimate_prior:
        shares = priors.estimate(probabilities, classifier.shares)
        probabilities = priors.shift(probabilities, priors.offsets(classifier.shares, shares))
        classifier = classifier.with_prior(shares)
    evaluation = Evaluation.from_predictions(rows.labels, probabilities, classifier.spec.classes)
    found = _overlap(classifier, faceset, division, evaluation, judged)
    record = JudgementRecord(
        mien=mien.__version__,
        model=classifier.name,
        model_hash=modelfile.sha256(classifier.path),
        data=faceset.source.path,
        data_hash=faceset.hash,
        read=faceset.source.reading(),
        temperature=classifier.spec.temperature,
        split=judged.split,
        is_hold_out=judged.is_hold_out,
        hold_out_chose_epoch=holdout.chose_epoch(classifier),
        rows_hash=rows.hash,
        flip=flip,
        decision=classifier.decision,
        prior=classifier.prior_by_class,
        prior_estimated=estimate_prior,
        holds_training_rows=None if found is None else found.is_heavy,
        copies_of_train=found,
        without_duplicates_of=judged.left_out,
    )
    return Judgement(evaluation, rows, record)


def _overlap(
    classifier: Classifier,
    faceset: FaceSet,
    division: tuple[FaceSet, FaceSet] | None,
    evaluation: Evaluation,
    judged: _Rows,
) -> Overlap | None:
    """How many judged faces the training has seen; None where neither the model file nor the data can tell."""
    rows, is_hold_out = judged.faces, judged.is_hold_out
    if classifier.seen is not None:
        return overlap.by_model_file(classifier, rows, evaluation, is_hold_out=is_hold_out)
    if division is not None:
        return overlap.by_data(rows, division[0], None if is_hold_out else division[1], evaluation)
    if rows.resized(classifier.spec.size).faces_hash == classifier.spec.training.get("train_hash"):
        return overlap.by_data(rows, rows, None, evaluation)
    if faceset.hash == classifier.spec.training.get("data_hash") and "train" in faceset.split_names:
        return overlap.by_data(rows, faceset.split("train"), None, evaluation)
    return None


def _without_copies(rows: FaceSet, others: FaceSet) -> tuple[FaceSet, LeftOut]:
    """The rows that are no copies of the training rows of other data, and the record of those that are."""
    known = others.split("train") if "train" in others.split_names else others
    both = np.concatenate([rows.images, known.resized(rows.size).images])
    copies = duplicates.find(both)
    nearest, _ = copies.nearest(np.arange(len(rows)), np.arange(len(rows), len(both)))
    fresh = nearest < 0
    if not fresh.any():
        raise DataError(
            f"Every row ({len(rows):,}) is a copy of a row of '{others.source.path}': none is left to judge."
        )
    exact = np.isin(copies.pictures[: len(rows)], copies.pictures[len(rows) :])
    record = LeftOut(
        data=others.source.path,
        data_hash=others.hash,
        rows=len(known),
        correlation=duplicates.MIN_CORRELATION,
        left_out=int((~fresh).sum()),
        exact=int(exact.sum()),
    )
    return rows.select(fresh), record
