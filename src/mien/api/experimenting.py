"""Experiments of several runs: study, tune."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mien.data.reading import DEFAULT, ReadOptions
from mien.progress import SILENT, Progress
from mien.recipes import Recipe
from mien.run_record import AUTO, Hardware

if TYPE_CHECKING:
    from mien.experiments.results import StudyResult, SweepResult


Engine = Literal["local", "ray"]


def study(
    name: str,
    data: str | os.PathLike[str],
    recipe: Recipe | str = "tiny",
    out: str | os.PathLike[str] = "studies",
    *,
    reading: ReadOptions = DEFAULT,
    num_seeds: int = 3,
    split: str | None = None,
    engine: Engine = "local",
    num_cpus: int = 1,
    hardware: Hardware = AUTO,
    progress: Progress = SILENT,
) -> StudyResult:
    """Train a recipe with and without something, over several seeds, and compare.

    Args:
        name: a key of ``experiments.studies.STUDIES``.
        data: a path.
        recipe: a recipe or its name.
        out: the folder of runs and results.
        reading: how the data is read.
        num_seeds: runs of each arm.
        split: where the arms are judged; None takes the data's test split, or the hold-out where there is none.
        engine: train one after the other here, or side by side on Ray, each on ``num_cpus`` processors.
        hardware: on what to train.
        progress: is told of the work.
    """
    from functools import partial

    from mien import recipes
    from mien.experiments import studies

    train_all = partial(studies.one_by_one, progress=progress)
    if engine == "ray":
        from mien.scale import studying

        train_all = partial(studying.train_all, num_cpus=num_cpus, progress=progress)
    wanted = recipes.get(recipe) if isinstance(recipe, str) else recipe
    return studies.run(
        name,
        data,
        wanted,
        out,
        reading=reading,
        num_seeds=num_seeds,
        split=split,
        hardware=hardware,
        train_all=train_all,
        progress=progress,
    )


def tune(
    data: str | os.PathLike[str],
    recipe: Recipe | str = "tiny",
    out: str | os.PathLike[str] = "tune",
    *,
    reading: ReadOptions = DEFAULT,
    space: Sequence[str] = (),
    num_trials: int = 20,
    parallel: int = 0,
    seed: int = 0,
    num_cpus: int = 1,
    hardware: Hardware = AUTO,
    progress: Progress = SILENT,
) -> SweepResult:
    """Search for better settings of a recipe, judged by the rows held out of training; see ``scale.sweep.Sweep``."""
    from mien import recipes
    from mien.scale import tuning
    from mien.scale.sweep import Sweep

    sweep = Sweep(
        data=Path(data).absolute(),
        recipe=recipes.get(recipe) if isinstance(recipe, str) else recipe,
        out=Path(out).absolute(),
        reading=reading,
        given=tuple(space),
        num_trials=num_trials,
        parallel=parallel,
        seed=seed,
        num_cpus=num_cpus,
        hardware=hardware,
    )
    return tuning.run(sweep, progress)
