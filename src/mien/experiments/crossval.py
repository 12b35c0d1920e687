"""Cross-validation: each row is predicted by a model that was trained without its fold, and all rows are scored together.

The folder has a model for each fold, named by data and settings, so that a stopped cross-validation resumes.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray

import mien
from mien import escapes, files, recipes, typed_json
from mien.checks import Between, check_fields
from mien.data import folds
from mien.data.faceset import FaceSet
from mien.data.folds import Fold
from mien.data.reading import DEFAULT, ReadOptions
from mien.data.splits import MAX_SEED
from mien.display import Paged
from mien.errors import ArgumentError, DataError
from mien.evaluation import resampling
from mien.evaluation.evaluation import Evaluation, WithEvaluation
from mien.evaluation.metrics import Score
from mien.experiments.results import CrossvalResult, FoldResult, Method
from mien.inference import datasets
from mien.inference.classifier import Classifier
from mien.progress import SILENT, Progress
from mien.recipes import Recipe
from mien.run import Run
from mien.run_record import AUTO, Hardware
from mien.training import adapt, division
from mien.training.task import Task, TrainAll, folder_name, one_by_one
from mien.typed_json import JsonObject
from mien.words import counted

if TYPE_CHECKING:
    from mien.display import Axes

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

    def folds(self, faceset: FaceSet) -> Folded:
        """Divide the labelled rows of a data set.

        Raises:
            DataError: the data can't be divided so.
        """
        persons = folds.num_persons(faceset) if self.by_person or self.num_folds is None else None
        if self.num_folds is None and persons is not None and persons < 2:
            raise DataError(f"The data has {counted(persons, 'person')}: to leave one out takes two or more.")
        num = self.num_folds or persons or 2
        codes = folds.assign(faceset, num, self.seed)
        numbered = tuple(Fold(number, num, self.seed) for number in range(1, num + 1))
        return Folded(faceset.select(codes >= 0), codes[codes >= 0], numbered, int((codes < 0).sum()))


@dataclass(frozen=True, eq=False)
class Folded:
    """The labelled rows of a data set, divided.

    Attributes:
        rows: these rows.
        codes: ``(N,)`` the fold of each, from 0 on.
        numbered: the folds.
        num_unlabelled: rows without a label, which are left out.
    """

    rows: FaceSet
    codes: NDArray[np.int64]
    numbered: tuple[Fold, ...]
    num_unlabelled: int

    def inside(self, fold: Fold) -> NDArray[np.bool_]:
        """``(N,)`` which rows are in a fold."""
        inside: NDArray[np.bool_] = self.codes == fold.number - 1
        return inside

    def part(self, fold: Fold) -> FaceSet:
        """All rows, those of a fold as split ``test``, the others as split ``train``."""
        return folds.as_splits(self.rows, self.codes, fold)


@dataclass(frozen=True, eq=False)
class Crossvalidated(WithEvaluation, Paged, kind="crossval"):
    """The result of a cross-validation; ``to_frame`` has a row for each fold.

    Attributes:
        result: the scores, and where they come from.
        evaluation: all labelled rows with their out-of-fold predictions.
        faces: these rows.
    """

    result: CrossvalResult
    evaluation: Evaluation
    faces: FaceSet

    def to_dict(self) -> JsonObject:
        """The content of ``crossval.json``."""
        return typed_json.fields_to_json(self.result)

    def plot_folds(self, ax: Axes | None = None) -> Axes:
        """Draw the accuracy of each fold, with the interval of its faces alone, and the accuracy of all rows as a line."""
        return self._plot("folds", ax)


def run(
    plan: Plan,
    data: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    reading: ReadOptions = DEFAULT,
    train_all: TrainAll = one_by_one,
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
    folded = plan.folds(faceset)
    _note_rows(faceset, folded, progress)
    place = Path(out).absolute()
    if plan.recipe is None:
        models = _adapted(plan, folded, place, progress)
    else:
        tasks = _trained(plan, plan.recipe, Path(data).absolute(), folded, reading, place)
        models = [run.model_file for run in train_all(tasks)]
    probabilities = np.empty((len(folded.rows), len(faceset.classes)), np.float32)
    for fold, model in zip(folded.numbered, models, strict=True):
        inside = folded.inside(fold)
        probabilities[inside] = _predicted(model, folded.rows.select(inside))
    evaluation = Evaluation.from_predictions(folded.rows.labels, probabilities, faceset.classes)
    result = _result(plan, faceset, folded, evaluation, [model.relative_to(place).as_posix() for model in models])
    with files.atomic_write(place / PREDICTIONS) as temporary:
        _write_predictions(temporary, folded, evaluation)
    files.write_json(place / RESULT, typed_json.to_json(result))
    return Crossvalidated(result, evaluation, folded.rows)


def _note_rows(faceset: FaceSet, folded: Folded, progress: Progress) -> None:
    if folded.num_unlabelled:
        progress.line(f"note: {counted(folded.num_unlabelled, 'row')} without a label were left out.")
    if len(faceset.split_names) > 1:
        progress.line(f"note: the splits of the data ({', '.join(faceset.split_names)}) were put together.")


def _trained(plan: Plan, recipe: Recipe, data: Path, folded: Folded, reading: ReadOptions, place: Path) -> list[Task]:
    """The training of each fold."""
    tasks = []
    for fold in folded.numbered:
        part = folded.part(fold)
        division.divide(part, recipe)  # fail before hours of training, not after
        folder = place / "runs" / folder_name(part, recipe)
        own = replace(reading, fold=str(fold))
        tasks.append(Task(f"fold {fold.number}/{fold.of}", data, recipe, folder, plan.hardware, reading=own))
    return tasks


def _adapted(plan: Plan, folded: Folded, place: Path, progress: Progress) -> list[Path]:
    """The adapted model of each fold."""
    classifier = Classifier.load(_model_file(plan.model))
    place.mkdir(parents=True, exist_ok=True)
    models = []
    for fold in folded.numbered:
        part = folded.part(fold)
        content = f"{part.hash} {classifier.sha256} {plan.seed}"
        model = place / f"adapted-{hashlib.sha256(content.encode()).hexdigest()[:10]}.onnx"
        progress.line(f"fold {fold.number}/{fold.of}")
        if not model.exists():
            adapt.adapt(classifier, part, model, seed=plan.seed)
        models.append(model)
    return models


def _model_file(model: str) -> str:
    """The model file of a run folder; a file or a pretrained model's name stays."""
    return str(Run.open(model).model_file) if Path(model).is_dir() else model


def _predicted(model: Path, rows: FaceSet) -> NDArray[np.float32]:
    """``(N, K)`` the probabilities of a model, by the classes of the rows; 0 for a class that it doesn't know."""
    classifier = Classifier.load(model)
    given = classifier.probabilities(rows.images)
    probabilities = np.zeros((len(rows), len(rows.classes)), np.float32)
    for column, name in enumerate(classifier.classes):
        probabilities[:, rows.classes.index(name)] = given[:, column]
    return probabilities


def _result(
    plan: Plan, faceset: FaceSet, folded: Folded, evaluation: Evaluation, models: Sequence[str]
) -> CrossvalResult:
    faces, recipe = folded.rows, plan.recipe
    return CrossvalResult(
        method=plan.method,
        model=plan.model,
        model_hash=Classifier.load(_model_file(plan.model)).sha256 if plan.model else "",
        recipe="" if recipe is None else recipe.name,
        settings=() if recipe is None else tuple(recipes.changes(recipe)),
        data=Path(faceset.source.path).name,
        data_hash=faceset.hash,
        read=faceset.source.reading(),
        seed=plan.seed,
        by="pictures" if faces.subjects is None else "persons",
        persons=None if faces.subjects is None else len(np.unique(faces.subjects)),
        n=len(faces),
        unlabelled=folded.num_unlabelled,
        majority=float(evaluation.support.max() / len(evaluation)),
        classes=evaluation.classes,
        confusion=tuple(map(tuple, evaluation.confusion.tolist())),
        scores=_scores(evaluation, faces),
        folds=tuple(
            _fold(evaluation, folded, fold, model) for fold, model in zip(folded.numbered, models, strict=True)
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


def _fold(evaluation: Evaluation, folded: Folded, fold: Fold, model: str) -> FoldResult:
    inside, subjects = folded.inside(fold), folded.rows.subjects
    own = evaluation.select(inside)
    return FoldResult(
        number=fold.number,
        n=len(own),
        persons=None if subjects is None else len(np.unique(subjects[inside])),
        train_rows=int((~inside).sum()),
        accuracy=own.accuracy,
        macro_f1=own.macro_f1,
        balanced_accuracy=own.balanced_accuracy,
        log_loss=own.log_loss,
        model=model,
    )


def _write_predictions(path: Path, folded: Folded, evaluation: Evaluation) -> None:
    """A row for each face: its name, label and fold, and the probability of each class."""
    rows = zip(
        folded.rows.names.tolist(), evaluation.labels, folded.codes, evaluation.probabilities.tolist(), strict=True
    )
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["name", "label", "fold", *(f"p_{name}" for name in evaluation.classes)])
        for name, label, code, probabilities in rows:
            writer.writerow([escapes.cell(name), evaluation.classes[label], code + 1, *probabilities])
