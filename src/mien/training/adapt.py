"""Adapting a trained model to somebody's own faces and classes: a new last layer on the features of the frozen network.

The network stays as it is; a logistic head is fitted on its features (``logistic.py``) and written into a model file of the same
kind. Needs no PyTorch: seconds for a thousand faces on one core.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Annotated

import numpy as np
import onnx
from numpy.typing import NDArray

import mien
from mien import files, modelfile, typed_json
from mien.checks import Between, checked
from mien.data import leakage, splits
from mien.data.faceset import UNLABELLED, FaceSet
from mien.data.seen import SeenFaces
from mien.errors import DataError, ExportError, ModelFileError
from mien.evaluation import decisions, resampling
from mien.evaluation.evaluation import Evaluation, WithEvaluation
from mien.evaluation.metrics import Score
from mien.inference.classifier import Classifier
from mien.inference.head import LinearHead
from mien.modelfile import Lineage, Spec
from mien.progress import SILENT, Progress
from mien.run import git_commit
from mien.training import logistic, onnxfile
from mien.training.logistic import HeadFit, Rows
from mien.training.temperature import log_softmax
from mien.typed_json import JsonObject
from mien.words import counted

MIN_FACES = 10
"""Fewest labelled faces to adapt to."""

MIN_OF_CLASS = 2
"""Fewest different pictures of a class."""

TOLERANCE = 1e-4
"""Largest difference in any probability between the fitted head and the model file."""

MAX_SEED = 2**32 - 1

OUT_OF_FOLD = "out_of_fold"
"""The name of the rows of a cross-validation in a score."""


@dataclass(frozen=True, eq=False)
class Adapted(WithEvaluation, kind="adapted"):
    """An adapted model; ``to_frame`` has a row for each class.

    Attributes:
        path: the model file.
        spec: its spec.
        faces: the faces that it was fitted on.
        evaluation: out-of-fold predictions: each face is judged by a head that was fitted without its person.
        scores: ``metrics.SCORES`` of these, by name; the intervals draw whole persons where persons are known.
        num_unscored: faces of classes that only one person shows; they are in the fit, but in no score.
    """

    path: Path
    spec: Spec
    faces: FaceSet
    evaluation: Evaluation
    scores: Mapping[str, Score]
    num_unscored: int

    def to_dict(self) -> JsonObject:
        """A dictionary for JSON."""
        scores = {**self.evaluation.to_dict(), **_by_name(self.scores)}
        return {
            "model": str(self.path),
            "spec": json.loads(self.spec.to_json()),
            "unscored": self.num_unscored,
            "scores": scores,
        }


@checked
def adapt(
    classifier: Classifier,
    faceset: FaceSet,
    out: str | os.PathLike[str],
    *,
    seed: Annotated[int, Between(0, MAX_SEED)] = 0,
    penalty: Annotated[float, Between(0, 1e6, above=True)] | None = None,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> Adapted:
    """Fit a new head for the classes of some faces, and write the model file.

    Args:
        classifier: the model to start from; it ends in one linear layer.
        faceset: the faces; the labelled ones of its split ``train`` are learned from.
        out: where the model file goes.
        seed: of the division into folds.
        penalty: weight of the squared weights of the head beside the mean cross-entropy; None chooses by cross-validation.
        overwrite: whether ``out`` may exist.
        progress: receives notes and progress.

    Raises:
        DataError: the faces are too few, or of one class or one person, or their classes clash.
        ModelFileError: the model doesn't end in one linear layer.
        OutputError: ``out`` exists or can't be written.
    """
    files.check(Path(out), overwrite=overwrite, inputs=[classifier.path], suffixes=files.MODELS)
    model = onnx.load_model_from_string(classifier.content)
    head = LinearHead.find(model)
    if head is None:
        raise ModelFileError(
            f"'{classifier.name}' doesn't end in one linear layer, so it can't be adapted: name a single model, not an ensemble."
        )
    faces = learnable(faceset)
    for note in _notes(faces, len(faceset)):
        progress.line(f"note: {note}")
    faces = faces.resized(classifier.spec.size)
    rows = _features(classifier, faces, progress)
    found = logistic.fit(
        rows, len(faces.classes), seed=seed, penalties=logistic.PENALTIES if penalty is None else (penalty,)
    )
    evaluation = Evaluation.from_predictions(faces.labels[found.scored], found.probabilities, faces.classes)
    scores = resampling.scores(
        evaluation.labels,
        evaluation.predicted,
        len(faces.classes),
        clusters=resampling.person_clusters(None if faces.subjects is None else faces.subjects[found.scored]),
    )
    spec = _spec(classifier, faces, found, seed, faceset.hash)
    spec = replace(spec, scores=(_score(evaluation, scores, faces),))
    onnxfile.replace_head(model, head, found.head.weight, found.head.bias, spec.temperature)
    onnxfile.set_spec(model, spec)
    onnxfile.set_metadata(model, modelfile.SEEN_KEY, _seen(classifier, faces).to_text())
    with files.atomic_write(out, overwrite=overwrite, inputs=[classifier.path]) as temporary:
        onnx.save_model(model, temporary)
        _check_parity(temporary, faces, rows, found)
    return Adapted(Path(out), spec, faces, evaluation, scores, int((~found.scored).sum()))


def learnable(faceset: FaceSet) -> FaceSet:
    """The labelled rows of the split ``train``, with the classes that these rows have.

    Raises:
        DataError: they are too few, or of one class or one person, or their classes clash.
    """
    leakage.check(faceset, "")
    rows = faceset.select((faceset.labels != UNLABELLED) & (faceset.splits == "train"))
    if not len(rows):
        raise DataError("No row of the split 'train' has a label: there is nothing to adapt to.")
    present = [name for name, count in zip(rows.classes, rows.counts().tolist(), strict=True) if count]
    rows = replace(rows, votes=None).to_classes(tuple(present))
    if len(np.unique(splits.groups_of(rows))) < 2:
        what = "are of one person" if rows.subjects is not None else "are copies of one picture"
        raise DataError(f"All faces {what}, so that nothing can be scored on others: add faces of other people.")
    if len(rows) < MIN_FACES:
        raise DataError(f"The data has {counted(len(rows), 'labelled face')}: adapting takes {MIN_FACES} or more.")
    _check_classes(rows)
    return rows


def _check_classes(rows: FaceSet) -> None:
    """Refuse classes that can't be told apart."""
    if len(rows.classes) < 2:
        raise DataError(f"All faces are of one class, '{rows.classes[0]}': adapting takes two classes or more.")
    spelled: dict[str, str] = {}
    for name in rows.classes:
        plain = " ".join(name.casefold().split())
        if plain in spelled:
            raise DataError(
                f"The classes '{spelled[plain]}' and '{name}' clash: they differ in spelling only. "
                f"Merge them with --map '{name}={spelled[plain]}', or rename one."
            )
        spelled[plain] = name
    pictures = splits.groups_of(replace(rows, subjects=None))
    for index, name in enumerate(rows.classes):
        num = len(np.unique(pictures[rows.labels == index]))
        if num < MIN_OF_CLASS:
            raise DataError(
                f"The class '{name}' has one face: add faces of it, or leave the class out with --drop '{name}'."
            )


def _notes(faces: FaceSet, num_given: int) -> list[str]:
    """What people should know of the faces, in sentences."""
    notes = []
    if len(faces) < num_given:
        notes.append(
            f"{counted(num_given - len(faces), 'row')} without a label or of other splits than train: not used."
        )
    if faces.subjects is None:
        notes.append(
            "the data does not say who is on a picture: the scores are too high if one person is on several pictures."
        )
        return notes
    groups = splits.groups_of(faces)
    for index, name in enumerate(faces.classes):
        if len(np.unique(groups[faces.labels == index])) == 1:
            notes.append(f"'{name}' is shown by one person only: its faces are in the fit, but in no score.")
    return notes


def _features(classifier: Classifier, faces: FaceSet, progress: Progress) -> Rows:
    """The features of the faces and of their mirror images."""
    blocks: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    for start in progress.bar(range(0, len(faces), 64), "features"):
        batch = faces.images[start : start + 64]
        blocks.append((classifier.features(batch), classifier.features(batch[:, :, ::-1])))
    features, mirrored = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return Rows(features, mirrored, faces.labels, splits.groups_of(faces))


def _spec(classifier: Classifier, faces: FaceSet, found: HeadFit, seed: int, data_hash: str) -> Spec:
    """What the new file says of itself, without scores."""
    counts, read = faces.counts().tolist(), faces.source.reading()
    people = None if faces.subjects is None else len(np.unique(faces.subjects))
    training = {
        "mien": mien.__version__,
        "git_commit": git_commit(),
        "scikit_learn": metadata.version("scikit-learn"),
        "method": "logistic head on frozen features",
        "adapted_from": typed_json.to_json(Lineage.of(classifier.spec, _name(classifier), classifier.sha256)),
        "penalty": found.penalty,
        "folds": found.num_folds,
        "folds_by": "picture" if people is None else "person",
        "people": people,
        "seed": seed,
        "temperature": found.temperature.to_dict(),
        "data_hash": data_hash,
        "train_hash": faces.faces_hash,
        "class_counts": dict(zip(faces.classes, counts, strict=True)),
        "options": read.options.to_dict(),
        "coding": typed_json.to_json(read.coding),
    }
    chosen = decisions.for_model_file(faces.labels[found.scored], found.probabilities, decisions.shares_of(counts))
    return replace(
        classifier.spec,
        classes=faces.classes,
        temperature=found.temperature.value,
        decisions=chosen,
        training=training,
        scores=(),
    )


def _name(classifier: Classifier) -> str:
    """The model's short name, or that of its file; of the file of a run, also that of the run folder."""
    path = Path(classifier.path)
    if (path.parent / "run.json").exists():
        return f"{path.parent.resolve().name}/{path.name}"
    return Path(classifier.name).name


def _score(evaluation: Evaluation, scores: Mapping[str, Score], faces: FaceSet) -> JsonObject:
    """The out-of-fold scores, for the spec."""
    by = "picture" if faces.subjects is None else "person"
    return {
        "split": OUT_OF_FOLD,
        "n": len(evaluation),
        **_by_name(scores),
        "log_loss": evaluation.log_loss,
        "calibration_error": evaluation.calibration.value,
        "flip": False,
        "note": f"out of fold by {by}: head, penalty and temperature for each face were fitted on the other folds",
    }


def _by_name(scores: Mapping[str, Score]) -> JsonObject:
    """Scores and their intervals under the names that records use."""
    values = {name: score.value for name, score in scores.items()}
    return values | {f"{name}_interval": list(score.interval) for name, score in scores.items()}


def _seen(classifier: Classifier, faces: FaceSet) -> SeenFaces:
    """The faces that the head was fitted on, and those that the training of the source has seen, where these are known."""
    own = SeenFaces.of(faces.images, faces.images[:0])
    return own if classifier.seen is None else own.joined(classifier.seen)


def _check_parity(path: Path, faces: FaceSet, rows: Rows, found: HeadFit) -> None:
    """Compare the model file with the fitted head on all faces."""
    logits = found.head.logits(rows.features) / found.temperature.value
    expected = np.exp(log_softmax(logits))
    difference = float(np.abs(Classifier.load(path).probabilities(faces.images) - expected).max())
    if not difference <= TOLERANCE:
        raise ExportError(
            f"The model file differs from the fitted head by {difference:.2g} in a probability (allowed: {TOLERANCE:g}): "
            "no file was written. Please report this."
        )
