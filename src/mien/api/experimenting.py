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
    """Train variants of a recipe over several seeds and compare their scores (an ablation study).

    Args:
        name: a key of ``experiments.arms.STUDIES``.
        data: path of the labelled faces.
        recipe: a recipe or its name.
        out: the folder for runs and results.
        reading: how the data is read.
        num_seeds: number of runs of each arm.
        split: split on which the arms are evaluated; None takes the test split, or the hold-out if there is none.
        engine: ``"local"`` trains one run after the other; ``"ray"`` trains them in parallel.
        num_cpus: CPUs of each run on Ray.
        hardware: device and precision of training.
        progress: receives notes and progress.
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
    """Search for better settings of a recipe by hold-out accuracy; ``scale.sweep.Sweep`` describes the arguments."""
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
