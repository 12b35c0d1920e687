"""Typed results of experiments; they are stored as JSON in the experiment's folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from numpy.typing import NDArray

from mien import recipes, typed_json
from mien.data.faceset import FaceSet
from mien.data.source import ReadingRecord
from mien.display import Paged
from mien.errors import DataError
from mien.evaluation.comparison import Comparison
from mien.evaluation.metrics import Score
from mien.experiments.arms import Arm
from mien.recipes import Recipe
from mien.run import Run
from mien.run_record import Setup
from mien.typed_json import JsonObject

if TYPE_CHECKING:
    from mien.display import Axes


@dataclass(frozen=True)
class Common:
    """The common settings of all trainings of an experiment.

    Attributes:
        recipe: name of the recipe.
        settings: settings that differ from the recipe of that name.
        data, data_hash, read: name and hash of the data, and how it was read.
        train_rows: number of training rows.
        setup, processor: device, precision and versions, and name of the processor.
    """

    recipe: str
    settings: tuple[str, ...]
    data: str
    data_hash: str
    read: ReadingRecord
    train_rows: int
    setup: Setup
    processor: str

    @classmethod
    def of(cls, recipe: Recipe, faceset: FaceSet, run: Run) -> Self:
        """The common settings of an experiment.

        Args:
            recipe: the recipe.
            faceset: the data.
            run: one of the runs.
        """
        record = run.record
        return cls(
            recipe=recipe.name,
            settings=tuple(recipes.changes(recipe)),
            data=Path(record.data.path).name,
            data_hash=record.data.hash,
            read=faceset.source.reading(),
            train_rows=record.data.train.rows,
            setup=record.setup,
            processor=record.processor,
        )

    @property
    def machine(self) -> str:
        """Name of the GPU or the processor."""
        return self.setup.device_name or self.processor


@dataclass(frozen=True)
class ArmResult:
    """The result of an arm.

    Attributes:
        arm: the arm.
        paired: whether each run is paired with the run of the first arm with the same seed.
        compared: its scores and their differences from the first arm.
        runs: its run folders, relative to the study's folder; empty if the arm differs only in the decision rule.
        epochs: number of epochs of each run.
        minutes: duration of each run.
        curve: hold-out accuracy by epoch, the mean over the runs.
        majority: for each run, the share of rows on which it agrees with the majority of annotators; None without votes.
    """

    arm: Arm
    paired: bool
    compared: Comparison
    runs: tuple[str, ...] = ()
    epochs: tuple[int, ...] = ()
    minutes: tuple[float, ...] = ()
    curve: tuple[float, ...] = ()
    majority: tuple[float, ...] | None = None


@dataclass(frozen=True, eq=False)
class ArmAnswers:
    """The evaluated faces of a study, and what each arm predicts with its first seed.

    Attributes:
        faces: the rows.
        labels: ``(N,)`` their labels, as places in ``classes``.
        classes: K names.
        predicted: ``(N,)`` the predictions of each arm, as places in ``classes``.
        confidence: ``(N,)`` their probabilities; only of arms that were trained.
    """

    faces: FaceSet
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    predicted: Mapping[Arm, NDArray[np.int64]]
    confidence: Mapping[Arm, NDArray[np.float32]]


@dataclass(frozen=True)
class StudyResult(Paged, kind="study"):
    """The content of a study's JSON file; ``to_frame`` has a row for each run.

    Attributes:
        study: name of the study.
        common: settings of all arms.
        seeds: seeds of the runs of each arm.
        split: split of the evaluated rows.
        n: number of evaluated rows.
        majority: share of the most frequent class among them.
        mien: version of mien.
        arms: the results; the first arm is the reference.
        answers: the evaluated faces; not in the file, so None for a study that was read from one.
    """

    study: str
    common: Common
    seeds: tuple[int, ...]
    split: str
    n: int
    majority: float
    mien: str
    arms: tuple[ArmResult, ...]
    answers: ArmAnswers | None = field(default=None, compare=False, repr=False, metadata={"in_json": False})

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read the JSON file of a study.

        Raises:
            DataError: it can't be read, or is something else.
        """
        place = Path(path)
        try:
            return typed_json.parse(place.read_text(encoding="utf-8"), cls)
        except IsADirectoryError:
            raise DataError(f"'{place}' is a folder: name the JSON file of a study in it.") from None
        except OSError as error:
            raise DataError(f"'{place}' can't be read: {error.strerror or error}.") from None
        except ValueError:
            raise DataError(
                f"'{place}' isn't the result of a study: name the JSON file that mien study wrote."
            ) from None

    def to_dict(self) -> JsonObject:
        """The content of the file."""
        return typed_json.fields_to_json(self)

    def plot_differences(self, ax: Axes | None = None, *, score: str = "accuracy") -> Axes:
        """Draw the difference of each arm from the first, with its interval and its seeds.

        Args:
            ax: where to draw; None makes a new figure outside pyplot.
            score: a name from ``evaluation.metrics.SCORES``.
        """
        return self._plot("differences", ax, score=score)

    def plot_curves(self, ax: Axes | None = None) -> Axes:
        """Draw the hold-out accuracy of each arm over the epochs, the mean over its seeds."""
        return self._plot("curves", ax)


@dataclass(frozen=True)
class TrialResult:
    """The result of a trial of a search.

    Attributes:
        number: number of the trial, from 1.
        run: its run folder, relative to the search's folder.
        values: value of each field that varies.
        settings: the values as for ``--set``.
        state: finished, stopped early, or failed.
        reason: error message of a failed trial; else empty.
        accuracy: hold-out accuracy of the epoch that is kept.
        minutes: duration of training.
        curve: hold-out accuracy by epoch.
    """

    number: int
    run: str
    values: Mapping[str, float | str]
    settings: tuple[str, ...]
    state: Literal["finished", "stopped", "failed"]
    reason: str
    accuracy: float
    minutes: float
    curve: tuple[float, ...]

    @property
    def epochs(self) -> int:
        """Number of epochs."""
        return len(self.curve)


@dataclass(frozen=True)
class SweepResult(Paged, kind="sweep"):
    """The content of ``tune.json``; ``to_frame`` has a row for each trial.

    Attributes:
        common: settings of all trials.
        space: the axes that vary, as for ``--space``.
        epochs: number of epochs of a finished trial.
        halts: epochs after which the worse half of the trials is stopped.
        seed: seed of the search.
        n: number of held-out rows.
        versions: versions of the packages.
        trials: the trials in order of their start.
        best: number of the best trial.
        as_it_is: number of the trial with the unchanged recipe; None if there is none.
    """

    common: Common
    space: tuple[str, ...]
    epochs: int
    halts: tuple[int, ...]
    seed: int
    n: int
    versions: Mapping[str, str]
    trials: tuple[TrialResult, ...]
    best: int
    as_it_is: int | None

    @property
    def best_trial(self) -> TrialResult:
        """The best trial."""
        return next(trial for trial in self.trials if trial.number == self.best)

    def to_dict(self) -> JsonObject:
        """The content of the file."""
        return typed_json.fields_to_json(self)

    def plot_curves(self, ax: Axes | None = None) -> Axes:
        """Draw the hold-out accuracy of each trial over the epochs."""
        return self._plot("curves", ax)

    def plot_field(self, field: str, ax: Axes | None = None) -> Axes:
        """Draw the accuracy of the trials over the values of a field.

        Raises:
            ArgumentError: the field doesn't vary in this search.
        """
        return self._plot("field", ax, field=field)


Method = Literal["adapt", "init", "train"]
"""How the model of a fold is made: a new last layer on frozen features, fine-tuning, or training from random weights."""


@dataclass(frozen=True)
class FoldResult:
    """The model of one fold, evaluated on the rows of the fold.

    Attributes:
        number: counted from 1.
        n: rows of the fold.
        persons: how many persons these show; None if unknown.
        train_rows: rows of the other folds, those included that its training held out.
        accuracy, macro_f1, balanced_accuracy: over the classes that the fold has.
        log_loss: in nats.
        model: its model file, below the folder of the cross-validation.
    """

    number: int
    n: int
    persons: int | None
    train_rows: int
    accuracy: float
    macro_f1: float
    balanced_accuracy: float
    log_loss: float
    model: str


@dataclass(frozen=True)
class CrossvalResult:
    """The content of ``crossval.json``.

    Attributes:
        method: how the models were made.
        model, model_hash: what they start from; empty for ``train``.
        recipe, settings: of the trainings; empty for ``adapt``.
        data, data_hash, read: the data, and how it was read.
        seed: of the division into folds.
        by: whether persons are in one fold each; else copies of a picture are.
        persons: how many there are; None if unknown.
        n: rows, each predicted by a model that was trained without its fold.
        unlabelled: rows without a label, which were left out.
        majority: the share of the most frequent class.
        classes: of the confusion matrix.
        confusion: ``(K, K)`` counts, true class by row.
        scores: on all rows together, with 95% intervals that draw whole persons if these are known.
        folds: in order.
        mien: version.
        predictions: the file of all predictions, below the folder.
    """

    method: Method
    model: str
    model_hash: str
    recipe: str
    settings: tuple[str, ...]
    data: str
    data_hash: str
    read: ReadingRecord
    seed: int
    by: Literal["persons", "pictures"]
    persons: int | None
    n: int
    unlabelled: int
    majority: float
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    scores: Mapping[str, Score]
    folds: tuple[FoldResult, ...]
    mien: str
    predictions: str
