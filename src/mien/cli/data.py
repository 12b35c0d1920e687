"""Verbs on data sets: look at one, audit it, convert it, draw one."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mien import typed_json
from mien.cli.common import (
    Shown,
    command_line,
    data_options,
    json_option,
    lang_option,
    name_argument,
    output_argument,
    path_argument,
    recipe_option,
    say,
    set_option,
    show,
)

if TYPE_CHECKING:
    from mien.data.reading import ReadOptions
from mien.cli.places import OutputPath, Verb
from mien.words import counted


@click.group()
def data() -> None:
    """Look at data sets, audit them, convert them, draw one."""


@data.command(cls=Verb)
@click.argument("path", type=path_argument)
@data_options()
@click.option(
    "--augmented", type=output_argument, metavar="PNG", help="Also write a sheet of what a network sees in training."
)
@recipe_option("base")
@set_option
@json_option
def info(
    path: Path,
    reading: ReadOptions,
    augmented: Path | None,
    recipe_name: str,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Count what is at PATH: splits, classes and their shares, sizes, hash, dropped rows.

    Example:  mien data info fer2013.csv
    """
    from mien import api
    from mien.data import info as infos

    faceset = api.read(path, reading)
    if augmented is not None:
        from mien import recipes
        from mien.training import job

        recipe = recipes.get(recipe_name, settings)
        job.write_augmented(augmented, faceset.split("train").resized((recipe.image_size,) * 2), recipe)
        say(f"wrote {augmented}")
    description = infos.describe(faceset)
    show(description, as_json, lambda: infos.as_text(description))


@data.command(cls=Verb)
@click.argument("path", type=path_argument)
@click.argument("out", type=OutputPath("either"))
@data_options()
@click.option("--size", type=click.IntRange(8, 1024), help="Resize the faces to this height and width.")
@click.option("--overwrite", is_flag=True, help="Replace OUT where it exists.")
@json_option
def convert(path: Path, out: Path, reading: ReadOptions, size: int | None, overwrite: bool, as_json: bool) -> None:
    """Convert what is at PATH to a Parquet file (OUT ends in .parquet) or to image folders.

    Example:  mien data convert fer2013.csv fer2013.parquet
    """
    from mien import api
    from mien.data import store

    faceset = api.read(path, dataclasses.replace(reading, size=size), Shown())
    store.convert(faceset, out, overwrite=overwrite)
    record = {
        "out": str(out),
        "rows": len(faceset),
        "dropped": len(faceset.source.dropped),
        "hash": faceset.hash,
        "read": typed_json.to_json(faceset.source.reading()),
    }
    show(
        record,
        as_json,
        lambda: f"{out}: {counted(len(faceset), 'face')}, {counted(len(faceset.source.dropped), 'row')} dropped",
    )


@data.command(cls=Verb)
@click.argument("path", type=path_argument)
@click.option(
    "--model",
    type=name_argument,
    help="Judge the labels with this model: a pretrained one or a model file.  [default: small ones, in folds]",
)
@data_options()
@click.option(
    "--correlation",
    type=click.FloatRange(0.9, 1, max_open=True),
    default=0.98,
    show_default=True,
    help="Faces that correlate more than this are copies.",
)
@click.option("--mirrored", is_flag=True, help="A mirror image is a copy, too.")
@lang_option
@click.option("-o", "--out", type=output_argument, help="Write a page with the pictures here (.html).")
@click.option(
    "--write",
    type=OutputPath("either"),
    metavar="CLEAN",
    help="Write the rows that stay here, as  mien data convert  does.",
)
@click.option(
    "--remove",
    default="blank,conflicts,duplicates",
    show_default=True,
    help="What --write leaves out; 'label-issues' too, if asked for.",
)
@click.option(
    "--fix",
    default="",
    metavar="TEXT",
    help="Labels that --write puts right before: conflicts, label-issues. Votes decide; without them the copies, or the judge.",
)
@click.option("--overwrite", is_flag=True, help="Replace CLEAN where it exists.")
@json_option
def audit(
    path: Path,
    model: str | None,
    reading: ReadOptions,
    correlation: float,
    mirrored: bool,
    lang: str,
    out: Path | None,
    write: Path | None,
    remove: str,
    fix: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Look for what is wrong with labelled faces: copies, conflicts, suspect labels, blank pictures, drift.

    Example:  mien data audit fer2013.csv -o audit.html --write clean.parquet
    """
    from mien import api
    from mien.auditing import cleaning
    from mien.reporting import terminal
    from mien.reporting.pages import audit as audit_page

    # Refuse before the work what can't be done after it.
    what, fixes = (
        cleaning.parse(remove),
        cleaning.parse(fix, cleaning.FIXES),
    )
    audit = api.audit(path, model, reading=reading, correlation=correlation, mirrored=mirrored, progress=Shown())
    record = audit.to_dict()
    if out is not None:
        audit_page.write(out, audit, command=command_line(), lang=lang)
        say(f"wrote {out}")
    if write is not None:
        record["written"] = cleaning.write(audit, write, what, fixes, overwrite=overwrite)
    show(record, as_json, lambda: terminal.audit_as_text(record))


@data.command(cls=Verb)
@click.argument("out", type=OutputPath("either"))
@click.option("--num", default=2000, type=int, show_default=True, help="How many faces.")
@click.option("--seed", default=0, type=int, show_default=True)
@click.option("--size", default=48, type=int, show_default=True, help="Height and width in pixels.")
@click.option(
    "--wrong-labels", default=0.03, type=float, show_default=True, help="Share of training rows with a wrong label."
)
@click.option("--overwrite", is_flag=True, help="Replace OUT where it exists.")
@json_option
def draw(out: Path, num: int, seed: int, size: int, wrong_labels: float, overwrite: bool, as_json: bool) -> None:
    """Draw faces with seven expressions, to a Parquet file or image folders: data for a try and for tests.

    Example:  mien data draw faces.parquet --num 2000 --seed 0
    """
    from mien.data import store
    from mien.synthetic import drawn

    faceset = drawn.draw(num, seed, size=size, wrong_labels=wrong_labels)
    store.convert(faceset, out, overwrite=overwrite)
    show(
        {"out": str(out), "rows": len(faceset), "hash": faceset.hash},
        as_json,
        lambda: f"{out}: {counted(len(faceset), 'drawn face')}",
    )


@data.command(cls=Verb)
@click.option("--clear", is_flag=True, help="Remove what it holds.")
@json_option
def cache(clear: bool, as_json: bool) -> None:
    """Tell where read data is kept for the next time and how much that is, or remove it.

    It lies in MIEN_CACHE, or else in the system's folder for caches, and holds pixels, names and subjects; only you may read it.
    With MIEN_CACHE=off nothing is kept.

    Example:  mien data cache --clear
    """
    from mien.data import cache as caches

    found = caches.clear() if clear else caches.contents()
    record = {
        "folder": None if found.folder is None else str(found.folder),
        "entries": 0 if clear else found.entries,
        "bytes": 0 if clear else found.bytes,
        "removed": found.entries if clear else 0,
        "limit": caches.LIMIT,
    }
    sets = f"{counted(found.entries, 'set')} of faces, {found.bytes / 1e6:,.1f} MB"
    kept = f"{sets} {'removed' if clear else f'of {caches.LIMIT / 1e6:,.0f} at most'}"
    show(record, as_json, lambda: "off: nothing is kept" if found.folder is None else f"{found.folder}: {kept}")
