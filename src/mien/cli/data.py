"""Verbs on data sets: info, audit, convert, draw, cache."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mien import files, typed_json
from mien.cli.common import (
    command_line,
    data_argument,
    data_options,
    json_option,
    lang_option,
    name_argument,
    no_faces_option,
    page_argument,
    path_argument,
    recipe_option,
    set_option,
    show,
)
from mien.progress import SILENT
from mien.shown import SHOWN, say

if TYPE_CHECKING:
    from mien.data.reading import ReadOptions
from mien.cli.places import OutputPath, Verb
from mien.reporting.texts import cells
from mien.words import counted


@click.group()
def data() -> None:
    """Inspect, audit, convert and draw data sets."""


@data.command(cls=Verb)
@click.argument("path", type=path_argument)
@data_options()
@click.option(
    "--augmented",
    type=OutputPath(suffixes=files.PICTURES),
    metavar="PNG",
    help="Also write a picture of training faces after augmentation.",
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
    """Describe data: layout, splits, class shares, notes.

    Example:  mien data info fer2013.csv
    """
    from mien import api
    from mien.data import info as infos

    faceset = api.read(path, reading, SILENT)  # the description has the notes
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
@click.argument("out", type=data_argument)
@data_options()
@click.option("--size", type=click.IntRange(8, 1024), help="Resize the faces to this height and width.")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
@json_option
def convert(path: Path, out: Path, reading: ReadOptions, size: int | None, overwrite: bool, as_json: bool) -> None:
    """Convert data to Parquet or to image folders.

    OUT is a Parquet file if its name ends in .parquet, else a folder.

    Example:  mien data convert fer2013.csv fer2013.parquet
    """
    from mien import api
    from mien.data import store

    faceset = api.read(path, dataclasses.replace(reading, size=size), SHOWN)
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
    help="Model that checks the labels.  [default: a small one, cross-validated]",
)
@data_options()
@click.option(
    "--correlation",
    type=click.FloatRange(0.9, 1, max_open=True),
    default=0.98,
    show_default=True,
    help="Faces that correlate more than this are copies.",
)
@click.option("--mirrored", is_flag=True, help="Count mirror images as copies.")
@lang_option
@no_faces_option
@click.option("-o", "--out", type=page_argument, help="Write a page with the pictures (.html).")
@click.option(
    "--write",
    type=data_argument,
    metavar="CLEAN",
    help="Write the cleaned data here, as  mien data convert  does.",
)
@click.option(
    "--remove",
    default="blank,conflicts,duplicates",
    show_default=True,
    help="What --write leaves out: blank, conflicts, duplicates, label-issues.",
)
@click.option(
    "--fix",
    default="",
    metavar="TEXT",
    help="Labels that --write corrects: conflicts, label-issues. Votes decide; without votes, the other copies or the model.",
)
@click.option("--overwrite", is_flag=True, help="Replace CLEAN if it exists.")
@json_option
def audit(
    path: Path,
    model: str | None,
    reading: ReadOptions,
    correlation: float,
    mirrored: bool,
    lang: str,
    no_faces: bool,
    out: Path | None,
    write: Path | None,
    remove: str,
    fix: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Find copies, label issues, blank pictures and drift.

    Example:  mien data audit fer2013.csv -o audit.html --write clean.parquet
    """
    from mien import api
    from mien.auditing import cleaning
    from mien.reporting import terminal
    from mien.reporting.pages import audit as audit_page

    # Check all outputs before the work.
    what, fixes = (
        cleaning.parse(remove),
        cleaning.parse(fix, cleaning.FIXES),
    )
    audit = api.audit(path, model=model, reading=reading, correlation=correlation, mirrored=mirrored, progress=SHOWN)
    if out is not None:
        audit_page.write(out, audit, command=command_line(), lang=lang, faces=not no_faces)
        say(f"wrote {out}")
    cleaned = None if write is None else cleaning.write(audit, write, what, fixes, overwrite=overwrite)
    record = {**audit.to_dict(), **({"written": cleaned.to_dict()} if cleaned else {})}
    show(record, as_json, lambda: terminal.audit_as_text(audit, cleaned))


@data.command(cls=Verb)
@click.argument("out", type=data_argument)
@click.option("--num", default=2000, type=int, show_default=True, help="Number of faces.")
@click.option("--seed", default=0, type=int, show_default=True, help="Seed of the drawing.")
@click.option("--size", default=48, type=int, show_default=True, help="Height and width in pixels.")
@click.option(
    "--wrong-labels", default=0.03, type=float, show_default=True, help="Share of training rows with a wrong label."
)
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
@json_option
def draw(out: Path, num: int, seed: int, size: int, wrong_labels: float, overwrite: bool, as_json: bool) -> None:
    """Draw synthetic faces, for trials and tests.

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
@click.option("--clear", is_flag=True, help="Empty the cache.")
@json_option
def cache(clear: bool, as_json: bool) -> None:
    """Show or empty the cache of data.

    It is in MIEN_CACHE, by default in the system's cache folder, and has pixels, names and persons; only you can read it.
    MIEN_CACHE=off turns it off.

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
    sets = f"{counted(found.entries, 'set')} of faces, {cells.megabytes(found.bytes)}"
    kept = f"{sets} {'removed' if clear else f'of {cells.megabytes(caches.LIMIT, 0)} at most'}"
    show(record, as_json, lambda: "off" if found.folder is None else f"{found.folder}: {kept}")
