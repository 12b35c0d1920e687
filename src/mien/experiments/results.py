"""What experiments give: typed, and as JSON in the experiment's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from mien import recipes
from mien.data.faceset import FaceSet
from mien.data.source import ReadingRecord
from mien.evaluation.comparison import Comparison
from mien.recipes import Recipe
from mien.run import Run
from mien.run_record import Setup


@dataclass(frozen=True)
class Arm:
    """A way to train, or to answer.

    Attributes:
        key: which; with ``value`` it tells arms of an experiment apart.
        settings: what it changes in the recipe.
        value: the number that the key takes, such as epochs of patience or models of an ensemble; None where it takes none.
    """

    key: str
    settings: tuple[str, ...] = ()
    value: float | None = None

    def __str__(self) -> str:
        return self.key if self.value is None else f"{self.key} {self.value:g}"


@dataclass(frozen=True)
class Common:
    """What all trainings of an experiment have in common.

    Attributes:
        recipe: the name of the recipe.
        settings: what is changed in it.
        data, data_hash, read: the data, and how it was read.
        train_rows: how many rows are learned from.
        setup, processor: on what.
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
        """Of an experiment with a recipe on a data set, one of whose runs is ``run``."""
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
        """The GPU or the processor."""
        return self.setup.device_name or self.processor


@dataclass(frozen=True)
class ArmResult:
    """What an arm came to.

    Attributes:
        arm: the arm.
        paired: whether its runs belong one by one to those of the first arm.
        compared: its scores, and how far they are from those of the first arm.
        runs: its run folders, below the study's folder; none for an arm that only answers otherwise.
        epochs: of each run.
        minutes: of each run.
        curve: hold-out accuracy by epoch, the mean over the runs.
        majority: of each run, the share of rows on which it agrees with most people; None where nobody voted.
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
class StudyResult:
    """The content of a study's JSON file.

    Attributes:
        study: its name.
        common: what all arms have in common.
        seeds: of the runs of each arm.
        split: the rows that judge.
        n: how many.
        majority: the share of the most frequent class among them.
        mien: version.
        arms: in order; the others are compared with the first.
    """

    study: str
    common: Common
    seeds: tuple[int, ...]
    split: str
    n: int
    majority: float
    mien: str
    arms: tuple[ArmResult, ...]


@dataclass(frozen=True)
class TrialResult:
    """What a trial of a search came to.

    Attributes:
        number: counted from 1.
        run: its run folder, below the search's folder.
        values: of each field that varies.
        settings: the same as behind ``--set``.
        state: trained to its end, stopped early, or failed.
        reason: why it failed; empty where it did not.
        accuracy: on the held-out rows, of the epoch that is kept.
        minutes: of training.
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
        """How many it had."""
        return len(self.curve)


@dataclass(frozen=True)
class SweepResult:
    """The content of ``tune.json``.

    Attributes:
        common: what all trials have in common.
        space: the axes that vary, as behind ``--space``.
        epochs: of a trial that is trained to its end.
        halts: epochs after which the worse half of the trials stops.
        seed: of the search.
        n: held-out rows that judge.
        versions: of the packages.
        trials: in the order in which they were begun.
        best: the number of the best trial.
        as_it_is: the number of the trial that is the recipe without a change; None where there is none.
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
