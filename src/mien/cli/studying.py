"""The verb that compares training techniques: study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from mien.cli.common import (
    Shown,
    command_line,
    cpus_option,
    data_options,
    device_option,
    engine_option,
    is_given,
    json_option,
    lang_option,
    path_argument,
    precision_option,
    recipe_option,
    resumable,
    set_option,
    show,
)
from mien.cli.places import OutputPath, Verb

if TYPE_CHECKING:
    from mien.data.reading import ReadOptions

NAMES = ("augmentation", "early-stopping", "ensemble", "labels", "imbalance")  # help must not load torch to list them


@click.command(cls=Verb)
@click.argument("name", type=click.Choice(NAMES), metavar="NAME")
@click.argument("data", type=path_argument)
@recipe_option("tiny")
@set_option
@data_options(training=True)
@click.option("--seeds", "num_seeds", default=3, type=click.IntRange(1, 100), show_default=True, help="Seeds per arm.")
@click.option(
    "--split",
    help="Split to evaluate: a name, 'hold_out' or 'all'.  [default: labelled test rows, else the held-out rows]",
)
@click.option(
    "--out", default=Path("studies"), type=OutputPath("made"), show_default=True, help="Folder for runs and results."
)
@engine_option("Train one after the other in this process, or in parallel on a Ray cluster.")
@cpus_option
@lang_option
@device_option
@precision_option
@json_option
@click.pass_context
def study(
    context: click.Context,
    name: str,
    data: Path,
    recipe_name: str,
    settings: tuple[str, ...],
    reading: ReadOptions,
    num_seeds: int,
    split: str | None,
    out: Path,
    engine: Literal["local", "ray"],
    num_cpus: int,
    lang: str,
    device: str,
    precision: str,
    as_json: bool,
) -> None:
    """Compare trainings with and without a technique.

    NAME is augmentation, early-stopping, ensemble, labels or imbalance. Finished runs are kept; repeat the command to resume.
    Studies with the same folder share common runs.

    With --engine ray the trainings run in parallel, on this machine or on the cluster in RAY_ADDRESS; all nodes need access to
    DATA and the folder of results.

    Example:  mien study augmentation fer2013.csv --seeds 3 --set epochs=10
    """
    if engine == "local" and is_given(context, "num_cpus"):
        raise click.UsageError("--cpus-per-run is for --engine ray.")
    from mien import api, recipes, typed_json
    from mien.reporting.pages import study
    from mien.run_record import Hardware

    with resumable():
        result = api.study(
            name,
            data,
            recipes.get(recipe_name, settings),
            out,
            reading=reading,
            num_seeds=num_seeds,
            split=split,
            engine=engine,
            num_cpus=num_cpus,
            hardware=Hardware(device, precision),
            progress=Shown(),
        )
    page = out / f"{name}.html"
    study.write(page, result, command=command_line(), lang=lang)
    show({**typed_json.to_json(result), "page": str(page)}, as_json, lambda: f"{study.as_text(result, lang)}\n\n{page}")
