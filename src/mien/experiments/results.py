"""Typed results of experiments; they are stored as JSON in the experiment's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from mien import recipes, typed_json
from mien.data.faceset import FaceSet
from mien.data.source import ReadingRecord
from mien.display import Displayed
from mien.evaluation.comparison import Comparison
from mien.recipes import Recipe
from mien.run import Run
from mien.run_record import Setup
from mien.typed_json import JsonObject

if TYPE_CHECKING:
    from mien.display import Axes


@dataclass(frozen=True)
class Arm:
    """One variant of training or of the decision rule in an experiment.

    Attributes:
        key: name of the arm; key and ``value`` identify it.
        settings: settings that differ from the recipe.
        value: parameter of the key, such as epochs of patience or models of an ensemble; None without a parameter.
    """

    key: str
    settings: tuple[str, ...] = ()
    value: float | None = None

    def __str__(self) -> str:
        return self.key if self.value is None else f"{self.key} {self.value:g}"


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


@dataclass(frozen=True)
class StudyResult(Displayed, kind="study"):
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
    """

    study: str
    common: Common
    seeds: tuple[int, ...]
    split: str
    n: int
    majority: float
    mien: str
    arms: tuple[ArmResult, ...]

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
class SweepResult(Displayed, kind="sweep"):
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
