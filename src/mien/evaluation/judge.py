"""Evaluation of a model file on the rows of a split, with a record of the model, the data and the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
from mien.modelfile import Lineage
from mien.typed_json import JsonObject


@dataclass(frozen=True)
class LeftOut:
    """Rows that were excluded because they are duplicates of rows of other data.

    Attributes:
        data, data_hash: the other data.
        rows: number of its rows.
        correlation: threshold of the correlation of duplicates.
        left_out: number of excluded rows.
        exact: number of excluded rows that are exact duplicates.
    """

    data: str
    data_hash: str
    rows: int
    correlation: float
    left_out: int
    exact: int


@dataclass(frozen=True)
class JudgementRecord:
    """Model, data and settings of an evaluation.

    Attributes:
        mien: version of mien.
        model, model_hash, temperature: the model.
        data, data_hash, read: the data, and how it was read.
        split: split of the evaluated rows.
        is_hold_out: whether these rows are the hold-out of the model's training.
        hold_out_chose_epoch: whether the hold-out was used to choose the epoch.
        rows_hash: hash of the evaluated rows.
        flip: whether the probabilities of each face and its mirror image were averaged.
        decision: decision rule of the model.
        prior: expected class shares that the probabilities were corrected for; None without correction.
        prior_estimated: whether these shares were estimated from the evaluated faces.
        holds_training_rows: whether many evaluated faces are training faces; None if unknown.
        copies_of_train: evaluated faces that were seen in training; None if unknown.
        without_duplicates_of: rows that were excluded as duplicates; None if not requested.
        unlabelled: rows of the split without a label, which were left out.
        adapted_from: the model that the model was adapted from; None for others.
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
    unlabelled: int = 0
    adapted_from: Lineage | None = None
    device: str = "cpu"


@dataclass(frozen=True, eq=False)
class Judgement:
    """The evaluation of a model on a FaceSet.

    Attributes:
        evaluation: the scores.
        faces: the evaluated rows, in the order of the evaluation's rows.
        record: model, data and settings.
    """

    evaluation: Evaluation
    faces: FaceSet
    record: JudgementRecord

    def to_dict(self) -> JsonObject:
        """The record and all scores as a dictionary for JSON."""
        return {**typed_json.to_json(self.record), **self.evaluation.to_dict()}


@checked
def default_split(faceset: FaceSet, *, has_hold_out: bool = False) -> str:
    """The default split for evaluation.

    The test split if it has labels, else the validation split, else the hold-out of the model's training (if ``has_hold_out``),
    else ``"all"``, as for data that the model wasn't trained on.
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
        raise DataError("The hold-out depends on the training: name a model that was trained on this data.")
    rows = faceset if split == "all" else faceset.split(split)
    rows = rows.select(rows.labels != UNLABELLED)
    if not len(rows):
        if split == "all":
            raise DataError("No row of the data has a label, so it can't be evaluated on.")
        raise DataError(
            f"No row of the split '{split}' has a label. Name another split, or hold_out for the rows that the training held out."
        )
    return rows


def num_unlabelled(faceset: FaceSet, split: str) -> int:
    """The rows of a split without a label, which can't be evaluated; 0 for the hold-out, which has none."""
    inside = faceset.splits == split if split != "all" else np.ones(len(faceset), np.bool_)
    return int((inside & (faceset.labels == UNLABELLED)).sum())


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
    """Evaluate a model on the labelled rows of a split.

    Args:
        classifier: the model.
        faceset: the data. Faces that were seen in training are counted, by the hashes in the model file, or, without hashes, by
            the training rows of the data.
        split: name of a split; ``"hold_out"`` takes the rows that the model's training held out, ``"all"`` takes every row, and
            None takes ``default_split``.
        flip: average the probabilities of each face and its mirror image.
        without: exclude rows that are exact or near duplicates of rows of this data (of its split ``train`` if it has one).
        estimate_prior: estimate the class shares from the evaluated faces, without their labels, and correct for them.

    Raises:
        DataError: the split is missing or unlabelled, it has classes that the model doesn't have, no row is left, or the hold-out
            is unknown.
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
def judge_rows(classifier: Classifier, faceset: FaceSet, rows: FaceSet, split: str, *, flip: bool = False) -> Judgement:
    """Judge a model on given labelled rows of a data set, such as those that several models held out.

    Args:
        classifier: the model.
        faceset: the data that the rows are of.
        rows: the rows.
        split: what they are called in records.
        flip: average each face with its mirror image.

    Raises:
        DataError: the rows have classes that the model doesn't know.
    """
    division = holdout.divided_or_none(classifier, faceset)
    is_hold_out = division is not None and holdout.is_held_out(division, faceset, split)
    found = _Rows(rows.to_classes(classifier.spec.classes), split, is_hold_out)
    return _judged(classifier, faceset, found, division, flip=flip)


@checked
def judge_and_choose(
    classifier: Classifier, faceset: FaceSet, split: str | None, choose_on: str | None, *, flip: bool = False
) -> tuple[Judgement, FaceSet, FaceSet]:
    """Evaluate a model, and return other rows for fitting decision rules.

    Args:
        classifier: the model.
        faceset: the data.
        split: split for the evaluation, as for ``judge``.
        choose_on: split for fitting; None takes the hold-out. If both are the hold-out, one half is for fitting and the other for
            evaluation.
        flip: average the probabilities of each face and its mirror image.

    Returns:
        The evaluation, the training rows of the model, and the rows for fitting.

    Raises:
        DataError: both would be the same rows; or as for ``judge`` and ``holdout.held_out``.
    """
    division = holdout.divided_or_none(classifier, faceset)
    split = split or default_split(faceset, has_hold_out=division is not None)
    if split in (choose_on, "all"):
        raise DataError(
            "Fit on other rows than the evaluated ones: name two splits with labels, --split and --choose-on, or give the data "
            "that the model was trained on, which has held-out rows."
        )
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
    """The evaluation without the model's temperature.

    Args:
        classifier: the evaluated model.
        judgement: its evaluation. If it averages with the mirror image, each face is predicted once more, because the temperature
            can only be removed from single predictions.
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
    """The rows for an evaluation, labelled and with the model's classes."""

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
        device=classifier.device,
        prior=classifier.prior_by_class,
        prior_estimated=estimate_prior,
        holds_training_rows=None if found is None else found.is_heavy,
        copies_of_train=found,
        adapted_from=classifier.spec.adapted_from,
        without_duplicates_of=judged.left_out,
        unlabelled=num_unlabelled(faceset, judged.split),
    )
    return Judgement(evaluation, rows, record)


def _overlap(
    classifier: Classifier,
    faceset: FaceSet,
    division: tuple[FaceSet, FaceSet] | None,
    evaluation: Evaluation,
    judged: _Rows,
) -> Overlap | None:
    """The evaluated faces that were seen in training; None if neither the model file nor the data has this information."""
    rows, is_hold_out = judged.faces, judged.is_hold_out
    lineage = classifier.spec.adapted_from
    resized_hash = rows.resized(classifier.spec.size).faces_hash
    if lineage is not None and any(resized_hash == source.train_hash for source in lineage.chain()):
        return overlap.by_data(rows, rows, None, evaluation)
    if classifier.seen is not None:
        return overlap.by_model_file(classifier, rows, evaluation, is_hold_out=is_hold_out)
    if division is not None:
        return overlap.by_data(rows, division[0], None if is_hold_out else division[1], evaluation)
    if resized_hash == classifier.spec.training.get("train_hash"):
        return overlap.by_data(rows, rows, None, evaluation)
    if faceset.hash == classifier.spec.training.get("data_hash") and "train" in faceset.split_names:
        return overlap.by_data(rows, faceset.split("train"), None, evaluation)
    return None


def _without_copies(rows: FaceSet, others: FaceSet) -> tuple[FaceSet, LeftOut]:
    """The rows without duplicates of the training rows of other data, and a record of the excluded rows."""
    known = others.split("train") if "train" in others.split_names else others
    both = np.concatenate([rows.images, known.resized(rows.size).images])
    copies = duplicates.find(both)
    nearest, _ = copies.nearest(np.arange(len(rows)), np.arange(len(rows), len(both)))
    fresh = nearest < 0
    if not fresh.any():
        raise DataError(
            f"All rows ({len(rows):,}) are duplicates of rows of '{others.source.path}': none is left to evaluate on."
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
