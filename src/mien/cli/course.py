"""Verbs of the course: the whole homework, and the same on drawn faces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mien.cli.common import (
    command_line,
    data_options,
    device_option,
    json_option,
    lang_option,
    no_faces_option,
    path_argument,
    precision_option,
    resumable,
    set_option,
    show,
)
from mien.cli.places import InputName, OutputPath, Verb
from mien.shown import SHOWN, say

if TYPE_CHECKING:
    from mien.data.reading import ReadOptions
    from mien.experiments.homework import Homework

_pdf_option = click.option(
    "--pdf", is_flag=True, help="Also print the page as PDF, if Chromium or Chrome is installed."
)


@click.command(cls=Verb)
@click.argument("data", required=False, type=path_argument)
@click.argument("test", required=False, type=path_argument)
@click.option(
    "--recipe", "recipe_name", type=InputName(), help="The recipe.  [default: the best that fits the minutes]"
)
@set_option
@data_options(training=True)
@click.option(
    "--minutes", default=30.0, show_default=True, type=click.FloatRange(0.1), help="Duration of the trainings."
)
@click.option("--epochs", type=click.IntRange(1), help="Epochs of each training.  [default: what fits the minutes]")
@click.option("--seeds", "num_seeds", type=click.IntRange(2, 100), help="Seeds per arm.  [default: what fits, 3 or 2]")
@click.option(
    "--quick", is_flag=True, help="A trial: few faces, a small network and few epochs; without DATA, on drawn faces."
)
@click.option("--sample", type=path_argument, metavar="CSV", help="The competition's sample submission.")
@click.option(
    "--out",
    default=Path("homework"),
    type=OutputPath("made"),
    show_default=True,
    help="Folder for page, model and runs.",
)
@_pdf_option
@lang_option
@no_faces_option
@device_option
@precision_option
@json_option
def homework(
    data: Path | None,
    test: Path | None,
    recipe_name: str | None,
    settings: tuple[str, ...],
    reading: ReadOptions,
    minutes: float,
    epochs: int | None,
    num_seeds: int | None,
    quick: bool,
    sample: Path | None,
    out: Path,
    pdf: bool,
    lang: str,
    no_faces: bool,
    device: str,
    precision: str,
    as_json: bool,
) -> None:
    """Write the whole course report on DATA.

    It trains the network with and without augmentation, early stopping and an ensemble, with equal budget, and writes one
    page (network, techniques, errors, class shares, mathematics), a model file, and predictions of the TEST set. The scores are
    those of the test set if it has labels, else those of held-out rows. Repeat a stopped command to resume it; finished trainings are kept.

    Example:  mien homework course/train.csv course/test.csv --lang zh-TW --out hw
    """
    if data is None and not quick:
        raise click.UsageError("Name DATA, or draw faces with --quick.")
    if settings and recipe_name is None:
        raise click.UsageError("--set is for --recipe: name the recipe that it changes.")
    if any(setting.partition("=")[0].strip() == "epochs" for setting in settings):
        raise click.UsageError("Set the number of epochs with --epochs.")
    from mien import api, recipes
    from mien.run_record import Hardware

    with resumable():
        done = api.homework(
            data,
            test,
            out,
            recipe=None if recipe_name is None else recipes.get(recipe_name, settings),
            minutes=minutes,
            epochs=epochs or 0,
            num_seeds=num_seeds or 0,
            quick=quick,
            reading=reading,
            sample=sample,
            hardware=Hardware(device, precision),
            command=command_line(),
            lang=lang,
            faces=not no_faces,
            progress=SHOWN,
        )
    _finish(done, pdf, lang, as_json, is_drawn=data is None)


@click.command(cls=Verb)
@click.option("--out", default=Path("demo"), type=OutputPath("made"), show_default=True, help="The folder to make.")
@_pdf_option
@lang_option
@json_option
def demo(out: Path, pdf: bool, lang: str, as_json: bool) -> None:
    """Draw faces and do the homework on them: mien homework --quick.

    Example:  mien demo --out demo
    """
    from mien import api

    with resumable():
        done = api.homework(out=out, quick=True, command=command_line(), lang=lang, progress=SHOWN)
    _finish(done, pdf, lang, as_json, is_drawn=True)


def _finish(done: Homework, pdf: bool, lang: str, as_json: bool, *, is_drawn: bool) -> None:
    """Print the page where asked, and tell the result."""
    from mien.reporting import pdf as printing
    from mien.reporting.pages import homework as pages

    printed = done.page.with_suffix(".pdf") if pdf and printing.browser() else None
    if printed is not None:
        printing.write(printed, done.page)
    elif pdf:
        say("No PDF was written, because neither Chromium nor Chrome is installed: open the page and print it as PDF.")
    record = done.to_dict() | {"pdf": None if printed is None else str(printed)}
    show(record, as_json, lambda: pages.as_text(done, printed, lang, is_drawn=is_drawn))
