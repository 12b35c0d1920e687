"""The settings of a hyperparameter search."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from mien import checks
from mien.checks import Between
from mien.data.reading import DEFAULT, ReadOptions
from mien.errors import ArgumentError
from mien.recipes import Recipe
from mien.run_record import AUTO, Hardware


@dataclass(frozen=True)
class Sweep:
    """The settings of a search.

    Attributes:
        data: a path that ``datasets.read`` can read, which all nodes share.
        recipe: the base recipe of the trials.
        out: the folder of runs and results, which all nodes share.
        reading: options for reading the data.
        given: the axes of the space as text; empty for the default ones.
        num_trials: number of trials.
        parallel: maximum number of parallel trials; 0 for as many as the cluster has room for.
        seed: seed of the search; training seeds come from the recipe.
        num_cpus: CPU cores, and so threads, of each trial.
        hardware: device and precision of the trainings.
        home: folder to which the path of the recipe's teacher is relative.
    """

    data: Path
    recipe: Recipe
    out: Path
    reading: ReadOptions = DEFAULT
    given: tuple[str, ...] = ()
    num_trials: Annotated[int, Between(1, 1_000_000)] = 20
    parallel: Annotated[int, Between(0, 1_000_000)] = 0
    seed: Annotated[int, Between(0, 2**32 - 1)] = 0
    num_cpus: Annotated[int, Between(1, 100_000)] = 1
    hardware: Hardware = AUTO
    home: Path = field(default_factory=Path.cwd)

    def __post_init__(self) -> None:
        checks.check_fields(self, ArgumentError)

    @property
    def runs(self) -> Path:
        """The folder of the trials' run folders."""
        return self.out / "runs"
