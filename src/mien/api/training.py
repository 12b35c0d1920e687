"""Training: train, adapt, resume, export, ensemble."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from mien.checks import OneOf, checked
from mien.data.reading import DEFAULT, ReadOptions
from mien.progress import Progress
from mien.recipes import Recipe
from mien.run_record import AUTO, TRACKERS, Hardware
from mien.shown import SHOWN

if TYPE_CHECKING:
    from mien.api.data import Data
    from mien.inference.classifier import Classifier
    from mien.modelfile import Spec
    from mien.run import Run
    from mien.training.adapt import Adapted
    from mien.training.resuming import Changes


@checked
def train(
    data: str | os.PathLike[str],
    recipe: Recipe | str | None = None,
    out: str | os.PathLike[str] | None = None,
    *,
    init: str | os.PathLike[str] | None = None,
    reading: ReadOptions = DEFAULT,
    hardware: Hardware = AUTO,
    workers: int | None = None,
    command: Sequence[str] = (),
    log: Annotated[str, OneOf(TRACKERS)] | None = None,
    progress: Progress = SHOWN,
    **changes: Any,
) -> Run:
    """Train a recipe and write a run folder with its model file.

    Args:
        data: path of the labelled faces.
        recipe: a recipe, its name or its TOML file; None is ``base``, or ``finetune`` with ``init``.
        out: the run folder to create; None creates one in ``runs``.
        init: a model to fine-tune: name, model file or run folder; None keeps the ``init`` of the recipe.
        reading: how the data is read.
        hardware: device and precision of training.
        workers: number of data-parallel processes on Ray; None trains in this process.
        command: arguments of the command line, stored in ``run.json``.
        log: also send each epoch, the recipe and the final scores to ``"tensorboard"`` or ``"mlflow"``; see docs/training.md.
        progress: receives notes and one record per epoch.
        changes: fields of the recipe, such as ``epochs=15`` or ``augment="robust"``; see docs/recipes.md.

    Raises:
        DataError: the data can't be read.
        RecipeError: there is no such recipe or field, or a value doesn't fit.
        RunError: the run folder is not empty.
    """
    from mien import recipes
    from mien.training import job, ranks, trackers

    wanted = recipe if isinstance(recipe, Recipe) else recipe_for(recipe, init=init)
    if init is not None:
        wanted = replace(wanted, init=os.fspath(init))
    wanted = recipes.with_fields(wanted, **changes)
    folder = Path(out) if out is not None else new_run_folder(wanted)
    with trackers.tracked(progress, log) as shown:
        options: Any = {"reading": reading, "hardware": hardware, "command": command, "progress": shown}
        if workers is not None:
            from mien.scale import training

            return training.start(data, wanted, folder, workers=workers, **options)
        begin = job.start_or_resume if ranks.started_again() else job.start
        return begin(data, wanted, folder, **options)


def recipe_for(
    name: str | None = None, settings: Sequence[str] = (), *, init: str | os.PathLike[str] | None = None
) -> Recipe:
    """The recipe of a training.

    Args:
        name: name or TOML file; None is ``base``, or ``finetune`` with ``init``.
        settings: changes such as ``"epochs=15"``.
        init: as for ``train``; ``finetune`` takes network and image size from this model.

    Raises:
        RecipeError: there is no such recipe or field, or network or image size differ from the model's.
        ModelFileError: there is no such model, or training can't start from it.
    """
    from mien import recipes

    if init is None:
        return recipes.get(name or "base", settings)
    from mien.training import finetuning

    return finetuning.recipe_for(init, name or finetuning.RECIPE, settings)


def new_run_folder(recipe: Recipe) -> Path:
    """The default folder of a new run: ``runs/RECIPE-DATE-TIME``."""
    return Path("runs") / f"{recipe.name}-{time.strftime('%Y%m%d-%H%M%S')}"


@checked
def resume(
    run: str | os.PathLike[str],
    *,
    changes: Changes | None = None,
    workers: int | None = None,
    log: Annotated[str, OneOf(TRACKERS)] | None = None,
    progress: Progress = SHOWN,
) -> Run:
    """Resume a run that was stopped.

    Args:
        run: the run folder.
        changes: a new path of the data, another device, more epochs; None for no changes.
        workers, log: as for ``train``.
        progress: receives notes and one record per epoch.
    """
    from mien.training import job, trackers
    from mien.training.resuming import UNCHANGED

    wanted = UNCHANGED if changes is None else changes
    with trackers.tracked(progress, log) as shown:
        if workers is not None:
            from mien.scale import training

            return training.resume(run, workers=workers, changes=wanted, progress=shown)
        return job.resume(run, changes=wanted, progress=shown)


@checked
def adapt(
    model: str | os.PathLike[str] | Classifier,
    data: Data,
    out: str | os.PathLike[str],
    *,
    reading: ReadOptions = DEFAULT,
    seed: int = 0,
    overwrite: bool = False,
    progress: Progress = SHOWN,
) -> Adapted:
    """Adapt a trained model to other faces and classes: fit a new last layer on its features, and write the model file.

    Args:
        model: a pretrained model's name, a model file, a run folder or a loaded model.
        data: the labelled faces, of two classes or more.
        out: the model file to write.
        reading: how the data is read.
        seed: seed of the folds.
        overwrite: whether ``out`` may exist.
        progress: receives notes and progress.
    """
    from mien import files
    from mien.api.data import load, read
    from mien.training import adapt as adapting

    files.check(Path(out), overwrite=overwrite, suffixes=files.MODELS)  # before the data is read, which may take long
    is_run = isinstance(model, str | os.PathLike) and (Path(model) / "run.json").is_file()
    classifier = load(Path(model) / "model.onnx" if is_run else model)  # type: ignore[arg-type] # a run is no Classifier
    faceset = read(data, reading, progress)
    return adapting.adapt(classifier, faceset, out, seed=seed, overwrite=overwrite, progress=progress)


@checked
def export(
    run: Run | str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    data: str | os.PathLike[str] | None = None,
) -> Spec:
    """Write the model file of a run's best weights.

    Args:
        run: the run or its folder.
        out: the file to write; None writes ``model.onnx`` in the run folder.
        data: new path of the run's data; None for the recorded path.
    """
    from mien import files
    from mien.run import Run
    from mien.training import export as exporting
    from mien.training import job

    opened = run if isinstance(run, Run) else Run.open(run)
    place = opened.model_file if out is None else Path(out)
    files.check(place, suffixes=files.MODELS)
    return exporting.export(opened, job.read_sets(opened, None if data is None else Path(data))[1], place)


@checked
def ensemble(
    runs: Sequence[Run | str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    data: str | os.PathLike[str] | None = None,
) -> Spec:
    """Write one model file that averages the probabilities of several runs; the arguments are those of ``export``."""
    from mien import files
    from mien.run import Run
    from mien.training import ensemble as ensembles

    files.check(Path(out), suffixes=files.MODELS)
    opened = [run if isinstance(run, Run) else Run.open(run) for run in runs]
    return ensembles.build(opened, out, moved=None if data is None else Path(data))
