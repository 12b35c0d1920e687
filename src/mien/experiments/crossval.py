"""Cross-validation: each row is predicted by a model that was trained without its fold, and all rows are scored together.

The folder has a model for each fold, named by data and settings, so that a stopped cross-validation resumes.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

import mien
from mien import escapes, files, modelfile, recipes, typed_json
from mien.checks import Between, check_fields
from mien.data import folds
from mien.data.faceset import FaceSet
from mien.data.folds import Fold
from mien.data.reading import DEFAULT, ReadOptions
from mien.data.splits import MAX_SEED
from mien.errors import ArgumentError, DataError
from mien.evaluation import resampling
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.metrics import Score
from mien.experiments import studies
from mien.experiments.results import CrossvalResult, FoldResult, Method
from mien.experiments.studies import TrainAll
from mien.inference import datasets
from mien.inference.classifier import Classifier
from mien.progress import SILENT, Progress
from mien.recipes import Recipe
from mien.run_record import AUTO, Hardware
from mien.training import job
from mien.training.task import Task
from mien.words import counted

RESULT, PREDICTIONS = "crossval.json", "predictions.csv"
"""The files of a cross-validation, in its folder."""


@dataclass(frozen=True)
class Plan:
    """What is cross-validated.

    Attributes:
        method: how the model of a fold is made.
        recipe: of the trainings; None for ``adapt``.
        model: the model that ``adapt`` and ``init`` start from.
        num_folds: number of folds; None gives each person a fold.
        by_person: refuse data that doesn't name persons. Where persons are known, each is in one fold in any case.
        seed: of the division into folds.
        hardware: device and precision of training.
    """

    method: Method = "adapt"
    recipe: Recipe | None = None
    model: str = ""
    num_folds: Annotated[int, Between(2, 100_000)] | None = 5
    by_person: bool = False
    seed: Annotated[int, Between(0, MAX_SEED)] = 0
    hardware: Hardware = AUTO

    def __post_init__(self) -> None:
        check_fields(self, ArgumentError)
        if (self.recipe is None) != (self.method == "adapt"):
            raise ArgumentError(f"The method {self.method} takes {'no' if self.recipe else 'a'} recipe.")
        if bool(self.model) != (self.method != "train"):
            raise ArgumentError(f"The method {self.method} takes {'no' if self.model else 'a'} model.")

    def folds(self, faceset: FaceSet) -> NDArray[np.int64]:
        """``(N,)`` the fold of each row, from 0 on; -1 for rows without a label.

        Raises:
            DataError: the data can't be divided so.
        """
        persons = folds.num_persons(faceset) if self.by_person or self.num_folds is None else None
        if self.num_folds is None and persons is not None and persons < 2:
            raise DataError(f"The data has {counted(persons, 'person')}: to leave one out takes two or more.")
        return folds.assign(faceset, self.num_folds or persons or 2, self.seed)


@dataclass(frozen=True, eq=False)
class Crossvalidated:
    """The result of a cross-validation.

    Attributes:
        result: the scores, and where they come from.
        evaluation: all labelled rows with their out-of-fold predictions.
        faces: these rows.
    """

    result: CrossvalResult
    evaluation: Evaluation
    faces: FaceSet


def run(
    plan: Plan,
    data: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    reading: ReadOptions = DEFAULT,
    train_all: TrainAll = studies.one_by_one,
    progress: Progress = SILENT,
) -> Crossvalidated:
    """Make the models of the folds that aren't there yet, score them, and write ``crossval.json`` and ``predictions.csv``.

    Args:
        plan: what is cross-validated.
        data: a path that ``datasets.read`` accepts; the splits that the data has don't count.
        out: the folder for models and results, created if missing.
        reading: how the data is read.
        train_all: runs the trainings; the default trains one after the other in this process.
        progress: receives notes about the data.

    Raises:
        DataError: there are fewer persons or pictures than folds, or a class is in one fold only, or can't be learned.
        MienError: recipe, model or folder are not valid.
    """
    faceset = datasets.read(data, reading)
    for note in faceset.source.messages:
        progress.line(f"note: {note}")
    fold_of = plan.folds(faceset)
    num_folds, place = int(fold_of.max()) + 1, Path(out).absolute()
    names = [str(Fold(number, num_folds, plan.seed)) for number in range(1, num_folds + 1)]
    parts = [folds.take(faceset, name) for name in names]
    _note_rows(faceset, fold_of, progress)
    models = _trained(plan, Path(data).absolute(), parts, names, place, reading, train_all)
    faces = faceset.select(fold_of >= 0)
    probabilities = np.empty((len(faces), len(faces.classes)), np.float32)
    for number, (part, model) in enumerate(zip(parts, models, strict=True)):
        probabilities[fold_of[fold_of >= 0] == number] = _predicted(model, part.split("test"))
    evaluation = Evaluation.from_predictions(faces.labels, probabilities, faces.classes)
    result = _result(plan, faceset, evaluation, fold_of, [model.relative_to(place) for model in models])
    with files.atomic_write(place / PREDICTIONS) as temporary:
        _write_predictions(temporary, faces, evaluation, fold_of[fold_of >= 0])
    files.write_json(place / RESULT, typed_json.to_json(result))
    return Crossvalidated(result, evaluation, faces)


def _note_rows(faceset: FaceSet, fold_of: NDArray[np.int64], progress: Progress) -> None:
    if unlabelled := int((fold_of < 0).sum()):
        progress.line(f"note: {counted(unlabelled, 'row')} without a label were left out.")
    if len(faceset.split_names) > 1:
        progress.line(f"note: the splits of the data ({', '.join(faceset.split_names)}) were put together.")


def _trained(
    plan: Plan,
    data: Path,
    parts: Sequence[FaceSet],
    names: Sequence[str],
    place: Path,
    reading: ReadOptions,
    train_all: TrainAll,
) -> list[Path]:
    """The model file of each fold."""
    recipe = plan.recipe
    if recipe is None:
        raise ArgumentError("The method adapt isn't there yet.")
    tasks = []
    for part, name in zip(parts, names, strict=True):
        job.divide(part, recipe)  # fail before hours of training, not after
        folder = place / "runs" / studies.run_name(part, recipe)
        tasks.append(
            Task(f"fold {name.split('@')[0]}", data, recipe, folder, plan.hardware, reading=replace(reading, fold=name))
        )
    return [run.model_file for run in train_all(tasks)]


def _predicted(model: Path, rows: FaceSet) -> NDArray[np.float32]:
    """``(N, K)`` the probabilities of a model, by the classes of the rows; 0 for a class that it doesn't know."""
    classifier = Classifier.load(model)
    given = classifier.probabilities(rows.images)
    probabilities = np.zeros((len(rows), len(rows.classes)), np.float32)
    for column, name in enumerate(classifier.classes):
        probabilities[:, rows.classes.index(name)] = given[:, column]
    return probabilities


def _result(
    plan: Plan, faceset: FaceSet, evaluation: Evaluation, fold_of: NDArray[np.int64], models: Sequence[Path]
) -> CrossvalResult:
    faces, recipe = faceset.select(fold_of >= 0), plan.recipe
    return CrossvalResult(
        method=plan.method,
        model=plan.model,
        model_hash=modelfile.sha256(Classifier.load(plan.model).path) if plan.model else "",
        recipe="" if recipe is None else recipe.name,
        settings=() if recipe is None else tuple(recipes.changes(recipe)),
        data=Path(faceset.source.path).name,
        data_hash=faceset.hash,
        read=faceset.source.reading(),
        seed=plan.seed,
        by="pictures" if faces.subjects is None else "persons",
        persons=None if faces.subjects is None else len(np.unique(faces.subjects)),
        n=len(faces),
        unlabelled=int((fold_of < 0).sum()),
        majority=float(evaluation.support.max() / len(evaluation)),
        classes=evaluation.classes,
        confusion=tuple(map(tuple, evaluation.confusion.tolist())),
        scores=_scores(evaluation, faces),
        folds=tuple(
            _fold(evaluation, faces, fold_of[fold_of >= 0] == number, number, model)
            for number, model in enumerate(models)
        ),
        mien=mien.__version__,
        predictions=PREDICTIONS,
    )


def _scores(evaluation: Evaluation, faces: FaceSet) -> dict[str, Score]:
    """The scores on all rows together."""
    clusters = resampling.person_clusters(faces.subjects)
    rows = np.arange(len(evaluation))
    given = np.maximum(evaluation.probabilities[rows, evaluation.labels].astype(np.float64), np.finfo(np.float64).eps)
    return {
        **resampling.scores(evaluation.labels, evaluation.predicted, len(evaluation.classes), clusters=clusters),
        "log_loss": resampling.mean(-np.log(given), clusters=clusters),
        "calibration_error": Score(evaluation.calibration.value, *evaluation.calibration.interval),
    }


def _fold(evaluation: Evaluation, faces: FaceSet, inside: NDArray[np.bool_], number: int, model: Path) -> FoldResult:
    own = evaluation.select(inside)
    return FoldResult(
        number=number + 1,
        n=len(own),
        persons=None if faces.subjects is None else len(np.unique(faces.subjects[inside])),
        train_rows=int((~inside).sum()),
        accuracy=own.accuracy,
        macro_f1=own.macro_f1,
        balanced_accuracy=own.balanced_accuracy,
        log_loss=own.log_loss,
        model=model.as_posix(),
    )


def _write_predictions(path: Path, faces: FaceSet, evaluation: Evaluation, fold_of: NDArray[np.int64]) -> None:
    """A row for each face: its name, label and fold, and the probability of each class."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["name", "label", "fold", *(f"p_{name}" for name in evaluation.classes)])
        for name, label, fold, row in zip(
            faces.names.tolist(), faces.labels, fold_of, evaluation.probabilities.tolist(), strict=True
        ):
            writer.writerow([escapes.cell(name), evaluation.classes[label], fold + 1, *row])
