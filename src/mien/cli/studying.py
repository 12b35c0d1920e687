"""The verbs that train several models to compare or evaluate: study, crossval."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from mien.cli.common import (
    command_line,
    cpus_option,
    data_options,
    device_option,
    engine_option,
    is_given,
    json_option,
    lang_option,
    name_argument,
    no_faces_option,
    path_argument,
    precision_option,
    recipe_option,
    resumable,
    set_option,
    show,
    split_option,
)
from mien.cli.places import OutputPath, Verb
from mien.shown import SHOWN

if TYPE_CHECKING:
    from mien.data.reading import ReadOptions
    from mien.experiments.results import Method
    from mien.run_record import Hardware


METHODS = ("adapt", "init", "train")
NAMES = ("augmentation", "early-stopping", "ensemble", "labels", "imbalance")  # help must not load torch to list them


@dataclass(frozen=True)
class Experiment:
    """Where the trainings of a verb run, where their results go, and how these are shown."""

    out: Path
    engine: Literal["local", "ray"]
    num_cpus: int
    lang: str
    no_faces: bool
    hardware: Hardware
    as_json: bool


def experiment_options(out: str, what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options of every verb that trains several models; the verb gets them as one ``Experiment``.

    Args:
        out: name of the default folder.
        what: what the folder has.
    """
    options = (
        click.option(
            "--out", default=Path(out), type=OutputPath("made"), show_default=True, help=f"Folder for {what}."
        ),
        engine_option("Train one after the other in this process, or in parallel on a Ray cluster."),
        cpus_option,
        lang_option,
        no_faces_option,
        device_option,
        precision_option,
        json_option,
    )

    def decorate(verb: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(verb)
        def with_options(*args: Any, device: str, precision: str, **others: Any) -> None:
            if others["engine"] == "local" and is_given(click.get_current_context(), "num_cpus"):
                raise click.UsageError("--cpus-per-run is for --engine ray.")
            from mien.run_record import Hardware

            own = {field.name: others.pop(field.name) for field in fields(Experiment) if field.name in others}
            verb(*args, experiment=Experiment(**own, hardware=Hardware(device, precision)), **others)

        return functools.reduce(lambda decorated, option: option(decorated), reversed(options), with_options)

    return decorate


@click.command(cls=Verb)
@click.argument("name", type=click.Choice(NAMES), metavar="NAME")
@click.argument("data", type=path_argument)
@recipe_option("tiny")
@set_option
@data_options(training=True)
@click.option("--seeds", "num_seeds", default=3, type=click.IntRange(1, 100), show_default=True, help="Seeds per arm.")
@split_option()
@experiment_options("studies", "runs and results")
def study(
    name: str,
    data: Path,
    recipe_name: str,
    settings: tuple[str, ...],
    reading: ReadOptions,
    num_seeds: int,
    split: str | None,
    experiment: Experiment,
) -> None:
    """Compare trainings with and without a technique.

    NAME is augmentation, early-stopping, ensemble, labels or imbalance. Finished runs are kept; repeat the command to resume.
    Studies with the same folder share common runs.

    With --engine ray the trainings run in parallel, on this machine or on the cluster in RAY_ADDRESS; all nodes need access to
    DATA and the folder of results.

    Example:  mien study augmentation fer2013.csv --seeds 3 --set epochs=10
    """
    from mien import api, recipes, typed_json
    from mien.reporting.pages import study

    with resumable():
        result = api.study(
            name,
            data,
            recipes.get(recipe_name, settings),
            experiment.out,
            reading=reading,
            num_seeds=num_seeds,
            split=split,
            engine=experiment.engine,
            num_cpus=experiment.num_cpus,
            hardware=experiment.hardware,
            progress=SHOWN,
        )
    page = experiment.out / f"{name}.html"
    study.write(page, result, command=command_line(), lang=experiment.lang, faces=not experiment.no_faces)
    show(
        {**typed_json.to_json(result), "page": str(page)},
        experiment.as_json,
        lambda: f"{study.as_text(result, experiment.lang)}\n\n{page}",
    )


@click.command(cls=Verb)
@click.argument("data", type=path_argument)
@click.option(
    "--method",
    default="adapt",
    type=click.Choice(METHODS),
    show_default=True,
    help="How each model is made: a new last layer (adapt), fine-tuning (init), or from random weights (train).",
)
@click.option(
    "--model", default="base", type=name_argument, show_default=True, help="The model that adapt and init start from."
)
@recipe_option(None, "base; with --method init: finetune")
@set_option
@data_options()
@click.option("--folds", "num_folds", default=5, type=click.IntRange(2), show_default=True, help="Number of folds.")
@click.option("--by-person", is_flag=True, help="Refuse data that doesn't name persons.")
@click.option("--leave-one-person-out", "leave_one_out", is_flag=True, help="As many folds as persons.")
@click.option("--seed", default=0, type=click.IntRange(0), show_default=True, help="Seed of the division into folds.")
@experiment_options("crossval", "models and results")
def crossval(
    data: Path,
    method: Method,
    model: str,
    recipe_name: str | None,
    settings: tuple[str, ...],
    reading: ReadOptions,
    num_folds: int,
    by_person: bool,
    leave_one_out: bool,
    seed: int,
    experiment: Experiment,
) -> None:
    """Cross-validate a model on small DATA.

    The scores are those for new faces and, if DATA names them, new persons.

    Each face is predicted by a model that was trained without its fold. If DATA names persons, each person is in one fold, and
    so are copies of an image; the splits of DATA are put together. Repeat the command to resume.

    OUT/predictions.csv has all predictions, for mien compare.

    Example:  mien crossval clinic/ --method adapt --by-person --out crossval
    """
    _check_crossval(click.get_current_context(), method)
    from mien import api
    from mien.reporting.pages import crossval as pages

    source = None if method == "train" else model
    recipe = (
        None if method == "adapt" else api.recipe_for(recipe_name, settings, init=source if method == "init" else None)
    )
    with resumable():
        found = api.crossval(
            data,
            experiment.out,
            method=method,
            model=model,
            recipe=recipe,
            folds=None if leave_one_out else num_folds,
            by_person=by_person,
            seed=seed,
            reading=reading,
            engine=experiment.engine,
            num_cpus=experiment.num_cpus,
            hardware=experiment.hardware,
            progress=SHOWN,
        )
    page = experiment.out / "crossval.html"
    pages.write(page, found, command=command_line(), lang=experiment.lang, faces=not experiment.no_faces)
    record = {**found.to_dict(), "page": str(page)}
    show(record, experiment.as_json, lambda: f"{pages.as_text(found, experiment.lang)}\n\n{page}")


def _check_crossval(context: click.Context, method: Method) -> None:
    """Refuse options that contradict one another or that the method doesn't take."""
    if is_given(context, "leave_one_out") and is_given(context, "num_folds"):
        raise click.UsageError("--leave-one-person-out sets the number of folds: leave out --folds.")
    if method == "train" and is_given(context, "model"):
        raise click.UsageError("--model is for --method adapt and init.")
    if method == "adapt" and any(
        is_given(context, name) for name in ("recipe_name", "settings", "precision", "device")
    ):
        raise click.UsageError("--recipe, --set, --device and --precision are for --method train and init.")
