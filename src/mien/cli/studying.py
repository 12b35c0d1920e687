"""The verb that compares ways to train: study."""

from __future__ import annotations

from pathlib import Path

import click

from mien.cli.common import (
    device_option,
    json_option,
    lang_option,
    path_argument,
    precision_option,
    recipe_option,
    say,
    set_option,
    show,
    track,
)

NAMES = ("augmentation", "early-stopping", "ensemble", "labels", "imbalance")  # help must not load torch to list them


@click.command()
@click.argument("name", type=click.Choice(NAMES), metavar="NAME")
@click.argument("data", type=path_argument)
@recipe_option("tiny")
@set_option
@click.option(
    "--seeds", "num_seeds", default=3, type=click.IntRange(1, 100), show_default=True, help="Runs of each arm."
)
@click.option("--split", help="Judge on this split.  [default: the data's test split, or the held-out rows]")
@click.option(
    "--out", default=Path("studies"), type=path_argument, show_default=True, help="Folder of runs and results."
)
@lang_option
@device_option
@precision_option
@json_option
def study(
    name: str,
    data: Path,
    recipe_name: str,
    settings: tuple[str, ...],
    num_seeds: int,
    split: str | None,
    out: Path,
    lang: str,
    device: str,
    precision: str,
    as_json: bool,
) -> None:
    """Train a recipe with and without something, over several seeds, and compare.

    NAME is augmentation, early-stopping, ensemble, labels or imbalance. A study that was stopped goes on where it was: give
    the same command again. Studies with the same folder share the runs that they have in common.

    Example:  mien study augmentation fer2013.csv --seeds 3 --set epochs=10
    """
    from mien.evaluation import study_page
    from mien.training import recipes, studies

    result = studies.run(
        name,
        data,
        recipes.get(recipe_name, settings),
        out,
        num_seeds=num_seeds,
        split=split,
        device=device,
        precision=precision,
        say=say,
        track=track,
    )
    page = out / f"{name}.html"
    study_page.write(page, result, lang=lang)
    show({**result, "page": str(page)}, as_json, lambda: f"{study_page.as_text(result)}\n\n{page}")
