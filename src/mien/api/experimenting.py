"""Experiments of several runs: study, crossval, tune, homework."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mien import files
from mien.api.data import Language
from mien.checks import checked
from mien.data.reading import DEFAULT, ReadOptions
from mien.progress import Progress
from mien.recipes import Recipe
from mien.run_record import AUTO, Hardware
from mien.shown import SHOWN

if TYPE_CHECKING:
    from mien.experiments.crossval import Crossvalidated
    from mien.experiments.homework import Homework
    from mien.experiments.results import Method, StudyResult, SweepResult


Engine = Literal["local", "ray"]


@checked
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
    progress: Progress = SHOWN,
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
    from mien.training import task

    files.check_folder(Path(out), [data])
    train_all = partial(task.one_by_one, progress=progress)
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


@checked
def crossval(
    data: str | os.PathLike[str],
    out: str | os.PathLike[str] = "crossval",
    *,
    method: Method = "adapt",
    model: str | os.PathLike[str] = "base",
    recipe: Recipe | str | None = None,
    folds: int | None = 5,
    by_person: bool = False,
    seed: int = 0,
    reading: ReadOptions = DEFAULT,
    engine: Engine = "local",
    num_cpus: int = 1,
    hardware: Hardware = AUTO,
    progress: Progress = SHOWN,
) -> Crossvalidated:
    """Cross-validate a way to make a model: each face is predicted by a model that was trained without its fold.

    Args:
        data: path of the labelled faces; their splits are put together.
        out: the folder for models, predictions and results.
        method: ``"adapt"`` fits a new last layer on the features of a model, ``"init"`` fine-tunes it, and ``"train"`` starts from
            random weights.
        model: the model that ``adapt`` and ``init`` start from.
        recipe: a recipe or its name, for ``train`` and ``init``; None is ``base``, or ``finetune`` for ``init``.
        folds: number of folds; None leaves one person out at a time.
        by_person: refuse data that doesn't name persons. If persons are known, each is in one fold in any case.
        seed: seed of the division into folds.
        reading, engine, num_cpus, hardware, progress: as for ``study``.
    """
    from functools import partial

    from mien.api.training import recipe_for
    from mien.experiments import crossval as crossvalidation
    from mien.training import task

    files.check_folder(Path(out), [data])
    train_all = partial(task.one_by_one, progress=progress)
    if engine == "ray" and method != "adapt":
        from mien.scale import studying

        train_all = partial(studying.train_all, num_cpus=num_cpus, progress=progress)
    source = "" if method == "train" else os.fspath(model)
    wanted = None
    if method != "adapt":
        wanted = recipe if isinstance(recipe, Recipe) else recipe_for(recipe, init=source or None)
        wanted = replace(wanted, init=source) if source else wanted
    plan = crossvalidation.Plan(method, wanted, source, folds, by_person, seed, hardware)
    return crossvalidation.run(plan, data, out, reading=reading, train_all=train_all, progress=progress)


@checked
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
    progress: Progress = SHOWN,
) -> SweepResult:
    """Search for better settings of a recipe by hold-out accuracy, in parallel on Ray.

    Args:
        data: a path that all nodes share.
        recipe: the base recipe of the trials, or its name.
        out: the folder of runs and results, which all nodes share.
        reading: how the data is read.
        space: the axes of the search, each as ``mien tune --space`` takes it; empty for the default ones.
        num_trials: number of trials.
        parallel: maximum number of parallel trials; 0 for as many as the cluster has room for.
        seed: seed of the search; training seeds come from the recipe.
        num_cpus: CPU cores of each trial.
        hardware: device and precision of training.
        progress: receives notes and progress.
    """
    from mien import recipes
    from mien.scale import tuning
    from mien.scale.sweep import Sweep

    files.check_folder(Path(out), [data])
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


QUICK_FACES, QUICK_TEST = 1200, 200
"""Labelled faces that are drawn for a quick homework, and unlabelled ones."""

QUICK_EPOCHS, QUICK_SEEDS = 10, 3


@checked
def homework(
    data: str | os.PathLike[str] | None = None,
    test: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] = "homework",
    *,
    recipe: Recipe | str | None = None,
    minutes: float = 30.0,
    epochs: int = 0,
    num_seeds: int = 0,
    quick: bool = False,
    reading: ReadOptions = DEFAULT,
    sample: Path | None = None,
    hardware: Hardware = AUTO,
    command: Sequence[str] = (),
    lang: Language = "en",
    faces: bool = True,
    progress: Progress = SHOWN,
) -> Homework:
    """Do a course homework: train with and without three techniques, and write ``OUT/homework.html``, a model file and predictions.

    A folder that holds a homework of the same data and settings is resumed: finished trainings are kept.

    Args:
        data: a path; None draws faces if ``quick`` is set.
        test: the test set; None if there is none, or if the data has it.
        out: the folder to make or to resume.
        recipe: a recipe or its name; None takes the best one that fits the minutes.
        minutes: duration of all work; the trainings get 85% of it, planned from a timed part of one.
        epochs: epochs of each training; 0 takes as many as fit the minutes.
        num_seeds: runs with and without each technique, 2 or more; 0 takes as many as fit.
        quick: train a small network for a few epochs, on at most 1,200 labelled faces.
        reading: how the data is read.
        sample: a sample submission of the competition; None takes the one beside the test set.
        hardware: device and precision of training.
        command: arguments of the command line, for the page.
        lang: ``"en"`` or ``"zh-TW"``.
        faces: whether the page has pictures of faces.
        progress: receives progress.
    """
    from mien import recipes
    from mien.errors import ArgumentError
    from mien.experiments import homework as doing
    from mien.reporting.pages import homework as page

    files.check_folder(Path(out), [path for path in (data, test) if path is not None])
    if data is None and not quick:
        raise ArgumentError("A homework needs data: name it, or draw faces with --quick.")
    if quick:
        recipe, epochs, num_seeds = recipe or "demo", epochs or QUICK_EPOCHS, num_seeds or QUICK_SEEDS
    if data is None:
        from mien.synthetic import competition

        Path(out).mkdir(parents=True, exist_ok=True)  # fail before drawing, not after
        progress.line(f"drawing {QUICK_FACES + QUICK_TEST:,} faces")
        data, test = competition.write(Path(out), QUICK_FACES, QUICK_TEST)
    options = doing.Options(
        recipe=recipes.get(recipe) if isinstance(recipe, str) else recipe,
        minutes=minutes,
        epochs=epochs,
        num_seeds=num_seeds,
        reading=reading,
        hardware=hardware,
        sample=sample,
        most_faces=QUICK_FACES if quick else 0,
    )
    done = doing.run(data, test, out, options, progress=progress)
    page.write(done.page, done, command=command, lang=lang, faces=faces)
    return done
