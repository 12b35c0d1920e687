"""A search: what is searched, where, and how."""

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
    """A search.

    Attributes:
        data: a path that ``datasets.read`` knows, which all nodes see.
        recipe: what the trials start from.
        out: the folder of runs and results, which all nodes see.
        reading: how the data is read.
        given: the axes of the space as text; none takes the default ones.
        num_trials: how many places in the space are tried.
        parallel: trials at once at most; 0 takes as many as the cluster has room for.
        seed: of the search; that of the trainings is the recipe's.
        num_cpus: processors, and so threads, of each trial.
        hardware: on what to train.
        home: where the recipe's teacher is named from.
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
