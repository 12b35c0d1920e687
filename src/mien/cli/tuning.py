"""The verb for hyperparameter search: tune."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mien.cli.common import (
    command_line,
    cpus_option,
    data_options,
    device_option,
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
from mien.shown import SHOWN

if TYPE_CHECKING:
    from mien.data.reading import ReadOptions


class WithSpace(Verb):
    """A command whose help also shows the default search space."""

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the default space below the options."""
        from mien.recipes.search_space import DEFAULT

        with formatter.section(
            "Default --space (muon and ema if the recipe has them, auxiliary_head if the data has votes)"
        ):
            formatter.write_dl([tuple(text.split("=")) for text in DEFAULT])  # type: ignore[misc] # pairs


@click.command(cls=WithSpace)
@click.argument("data", type=path_argument)
@recipe_option("tiny")
@set_option
@data_options(training=True)
@click.option(
    "--space",
    multiple=True,
    metavar="FIELD=RANGE",
    help="A field that may vary: FIELD=LOW..HIGH, FIELD=LOW..HIGH:log, or FIELD=ONE|OTHER.  [default: see below]",
)
@click.option(
    "--trials", "num_trials", default=20, type=click.IntRange(1, 100_000), show_default=True, help="Number of trials."
)
@click.option(
    "--parallel",
    default=0,
    type=click.IntRange(min=0),
    help="Maximum number of parallel trials.  [default: as many as fit]",
)
@cpus_option
@click.option(
    "--seed",
    default=0,
    type=click.IntRange(0, 2**31 - 1),
    show_default=True,
    help="Seed of the search; training seeds come from the recipe.",
)
@click.option(
    "--out", default=Path("tune"), type=OutputPath("made"), show_default=True, help="Folder for runs and results."
)
@lang_option
@device_option
@precision_option
@json_option
def tune(
    data: Path,
    recipe_name: str,
    settings: tuple[str, ...],
    reading: ReadOptions,
    space: tuple[str, ...],
    num_trials: int,
    parallel: int,
    num_cpus: int,
    seed: int,
    out: Path,
    lang: str,
    device: str,
    precision: str,
    as_json: bool,
) -> None:
    """Search for better settings of a recipe on held-out rows.

    Trials run in parallel on this machine, or on the Ray cluster in RAY_ADDRESS, whose nodes all need access to DATA and the
    folder of results. Finished trials are kept; repeat the command to resume.

    Example:  mien tune fer2013.csv --trials 30 --set epochs=15
    """
    from mien import api, recipes, typed_json
    from mien.reporting.pages import tune
    from mien.run_record import Hardware

    with resumable():
        result = api.tune(
            data,
            recipes.get(recipe_name, settings),
            out,
            reading=reading,
            space=space,
            num_trials=num_trials,
            parallel=parallel,
            seed=seed,
            num_cpus=num_cpus,
            hardware=Hardware(device, precision),
            progress=SHOWN,
        )
    page, best = out / "tune.html", out / "best.toml"
    tune.write(page, result, command=command_line(), lang=lang)
    show(
        {**typed_json.to_json(result), "page": str(page), "best_recipe": str(best)},
        as_json,
        lambda: f"{tune.as_text(result, lang)}\n\n{page}\nnext:  mien train {data} --recipe {best}",
    )
