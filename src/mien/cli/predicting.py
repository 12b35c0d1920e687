"""The verb for photos: predict."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mien.cli.common import (
    decision_option,
    engine_option,
    flip_option,
    inference_device_option,
    name_argument,
    prior_option,
    resumable,
    tell_counts,
    write,
)
from mien.cli.drawing import Drawer
from mien.cli.places import OutputPath, Verb
from mien.reporting.texts import cells
from mien.shown import redraw, say
from mien.words import agreed, counted

if TYPE_CHECKING:
    from mien.inference import records
    from mien.inference.options import PhotoOptions
    from mien.inference.photo import PhotoResult, Reader
    from mien.inference.stream import Listing
    from mien.typed_json import JsonObject

Function = Callable[..., Any]

reader_options = (
    click.option(
        "--model",
        default="base",
        type=name_argument,
        show_default=True,
        help="A pretrained model (base, robust, tiny) or a model file.",
    ),
    click.option(
        "--min-confidence",
        default=0.6,
        type=click.FloatRange(0, 1),
        show_default=True,
        help="Minimum face-detection score.",
    ),
    click.option(
        "--abstain",
        default=0.0,
        type=click.FloatRange(0, 1),
        show_default=True,
        help="Mark a face as unsure if its highest probability is below this.",
    ),
    flip_option,
    decision_option,
    prior_option,
    inference_device_option,
)
"""Options of every verb that detects faces."""

max_pixels_option = click.option(
    "--max-pixels",
    default=65_000_000,
    type=click.IntRange(1, 178_956_970),
    show_default=True,
    help="Maximum size of a photo or frame, in pixels.",
)

photo_options = (
    click.option(
        "--rotate/--no-rotate",
        default=True,
        show_default=True,
        help="Also try other orientations if no face is clearly upright, for sideways and upside-down photos.",
    ),
    click.option(
        "--detail",
        default="normal",
        type=click.Choice(["low", "normal", "high"]),
        show_default=True,
        help="Smallest faces to find: 3% of the photo's shorter side (normal), 1% (high, slow), or about 3% of 640 pixels (low, fast).",
    ),
    max_pixels_option,
)
"""Further options of the verbs on photos."""


def with_options(options: Sequence[Callable[[Function], Function]]) -> Callable[[Function], Function]:
    """Combine several options into one decorator, in the order of the help."""

    def decorate(verb: Function) -> Function:
        for option in reversed(options):
            verb = option(verb)
        return verb

    return decorate


@click.command(cls=Verb)
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@click.option("-o", "--out", help="Write the rows to a file: .jsonl, .csv, .parquet or .json; on Ray, into a folder.")
@click.option("--json", "form", flag_value="json", help="Print rows as one JSON document.")
@click.option("--jsonl", "form", flag_value="jsonl", help="Print rows as JSON Lines, photo by photo.")
@click.option("--csv", "form", flag_value="csv", help="Print rows as CSV.")
@click.option("--parquet", "form", flag_value="parquet", help="Write rows as Parquet (needs --out).")
@click.option(
    "--annotate",
    type=OutputPath("made"),
    metavar="OUT",
    help="Draw boxes and labels: a picture file, or a folder for several photos.",
)
@click.option("--crops", is_flag=True, help="Each picture is one face crop: no detection.")
@click.option("--resume", is_flag=True, help="Resume an interrupted output.")
@engine_option("Run in this process or on a Ray cluster.")
@click.option("--workers", type=click.IntRange(1), help="Ray workers [default: one per core].")
@with_options((*reader_options, *photo_options))
def predict(
    photos: tuple[str, ...],
    out: str | None,
    form: str | None,
    annotate: Path | None,
    resume: bool,
    engine: str,
    workers: int | None,
    **settings: Any,
) -> None:
    """Detect faces in photos and classify their expressions.

    PHOTO is a file, a folder, a pattern such as 'album/*.jpg', or - for standard input. A photo without a face gives a row
    no_face, an unreadable one a row error; the others are still processed, and the exit code is 1 if there was an error.

    With --engine ray, PHOTO may also be Parquet with a column image or a WebDataset tar, and PHOTO and OUT may be in a bucket
    (s3://, gs://). OUT is then a folder of Parquet files.

    \b
    Example:  mien predict party.jpg album/ -o faces.csv --annotate drawn/
              mien predict s3://photos/2026 --engine ray -o s3://results/2026
    """
    from mien.inference.options import PhotoOptions

    options = PhotoOptions(**settings)
    if engine == "ray":
        from mien.cli import scoring

        scoring.score(photos, out, form, annotate, resume, workers, options)
        return
    if workers is not None:
        raise click.UsageError("--workers is for --engine ray; in this process photos are processed on all cores.")
    place = Path(out) if out is not None else None
    if place is None and (resume or form == "parquet"):
        raise click.UsageError("--resume and --parquet need an output: name a file with --out.")
    _read_here(photos, place, form, annotate, resume, options)


def _read_here(
    photos: tuple[str, ...],
    out: Path | None,
    form: str | None,
    annotate: Path | None,
    resume: bool,
    options: PhotoOptions,
) -> None:
    from mien import files
    from mien.inference import records, stream
    from mien.inference.photo import Reader

    if auto := options.prior == "auto":
        options = replace(options, prior=None)  # rows are predicted without one, and adjusted at the end
    _check_places(out, annotate, auto)
    if out is not None:
        form = form or records.format_of(out)
        if resume and out.is_file() and not records.partial(out).exists():
            say(f"'{out}' is already complete; remove it to start again.")
            return
    if form == "parquet":
        import pyarrow.parquet  # noqa: F401 # fail now, not after an hour of work
    inputs = files.Inputs(stream.expand(photos), within=False)
    if out is not None:
        files.check(out, inputs=[inputs], suffixes=[f".{form}"])
    draw = Drawer(annotate, photos) if annotate is not None else None
    if draw is not None:
        draw.check(stream.expand(photos), inputs)
        # Photos are processed in parallel, so each call to a model uses one thread.
    reader = Reader(options.model, options, threads=1)
    listing = stream.expand(photos)
    with ExitStack() as stack:
        depends_on = _depends_on(reader, options, photos, annotate)
        output = _output(reader, out, form, depends_on, resume, stack)
        if auto and isinstance(output, _Screen):
            output.hold = True  # a journal keeps its rows anyway
        _fill(output, reader, listing, draw, crops=options.crops)
        output.finish(_revision(reader, output.rows()) if auto and output.counts else None)
        _tell_skipped(listing)
        if not output.counts:
            raise click.UsageError("There are no pictures at the given paths.")
    tell_counts(out, output.counts)


def _tell_skipped(listing: Listing) -> None:
    if num := listing.companions:
        held = f"{agreed(num, 'holds', 'hold')} no picture and {agreed(num, 'was', 'were')}"
        say(f"{counted(num, 'file')} of macOS (._NAME) {held} skipped")
    for place in listing.empty:
        say(f"no pictures at '{place}'")


def _check_places(out: Path | None, annotate: Path | None, auto: bool) -> None:
    if annotate is None:
        return
    if auto:
        raise click.UsageError(
            "--annotate draws each photo before the shares are estimated: run --prior auto first, then state the estimated shares."
        )
    if out is not None and out.absolute() == annotate.absolute():
        raise click.UsageError(f"'{out}' is used for the rows and for the pictures: choose two paths.")


def _fill(
    output: records.Journal | _Screen, reader: Reader, listing: Iterable[str], draw: Drawer | None, *, crops: bool
) -> None:
    """Predict the photos that the output does not have yet, and draw on them if asked."""
    from mien.inference import records, stream

    if draw is not None:
        draw.keep(output.drawn)
    todo = (photo for photo in listing if photo not in output.done)
    for reading in _counted(stream.read_photos(reader, todo, crops=crops, keep_pixels=draw is not None)):
        drawn = draw(reading) if draw is not None and reading.pixels is not None else None
        output.add(reading.name, records.rows_of(reading), drawn)


def _revision(reader: Reader, rows: Iterable[records.Row]) -> Callable[[records.Row], records.Row]:
    """Estimate the class shares among the faces of all rows, print them, and return a function that adjusts a row to them."""
    from mien.inference import priors, records

    shares = records.shares_of(rows, reader.classifier)
    say(f"class shares estimated from the faces: --prior {priors.in_words(shares, reader.classifier.classes)}")
    return lambda row: records.with_prior(row, reader.classifier, shares, reader.options.abstain)


def _depends_on(reader: Reader, options: PhotoOptions, photos: tuple[str, ...], annotate: Path | None) -> JsonObject:
    """Everything that an output depends on; it is resumed only if all of it is the same."""
    relative = any(not Path(photo).is_absolute() for photo in photos)
    return asdict(options) | {
        "model": reader.classifier.sha256,
        "photos": list(photos),
        "folder": str(Path.cwd()) if relative else None,
        "annotate": None if annotate is None else str(annotate.absolute()),
    }


def _output(
    reader: Reader, out: Path | None, form: str | None, depends_on: JsonObject, resume: bool, stack: ExitStack
) -> records.Journal | _Screen:
    """The sink for the rows; closed with the stack, which prints how to resume an incomplete file."""
    from mien import files
    from mien.inference import records

    types = records.columns(reader.classifier.spec.classes)
    if out is None or form is None:
        return _Screen(records.writer(form, sys.stdout, types) if form is not None else None)
    if files.is_stream(out):
        if resume:
            raise click.UsageError(f"--resume needs an output file, and '{out}' is not a file.")
        return _Screen(stack.enter_context(records.opened(out, form, types)), own=False)
    journal = records.Journal(out, form, types, depends_on, resume=resume)
    stack.enter_context(closing(journal))
    stack.enter_context(resumable(f"'{journal.path}' has the finished photos; resume with --resume."))
    return journal


class _Screen:
    """Print rows at once in a machine-readable format, or at the end as a table, on standard output.

    Args:
        writer: sink for the rows; None for a table.
        own: whether to close the writer here.
    """

    def __init__(self, writer: records.Writer | None, *, own: bool = True) -> None:
        self.writer, self.own = writer, own
        self.hold = writer is None
        self.held: list[records.Row] = []
        self.done: frozenset[str] = frozenset()
        self.drawn: tuple[str, ...] = ()
        self.counts: Counter[str] = Counter()

    def add(self, _: str, rows: list[records.Row], drawn: str | None = None) -> None:
        """Add a photo's rows."""
        self.counts.update(row["status"] for row in rows)
        if self.hold or self.writer is None:
            self.held += rows
            return
        for row in rows:
            self.writer.write(row)
        sys.stdout.flush()

    def rows(self) -> list[records.Row]:
        """The rows that are kept in memory."""
        return self.held

    def finish(self, revise: Callable[[records.Row], records.Row] | None = None) -> None:
        """Print the kept rows, each changed by ``revise``."""
        rows = self.held if revise is None else [revise(row) for row in self.held]
        if self.writer is None:
            if rows:
                from mien.reporting.display import photos

                write(photos.table(rows))
            return
        for row in rows:
            self.writer.write(row)
        if self.own:
            self.writer.close()


def _counted(readings: Iterable[PhotoResult]) -> Iterator[PhotoResult]:
    """Show the number of photos and the rate, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield from readings
        return
    started = shown = time.monotonic()
    for number, reading in enumerate(readings, start=1):
        yield reading
        now = time.monotonic()
        if now - shown > 0.2:
            redraw(f"{counted(number, 'photo')}, {cells.decimal(number / (now - started), 0)} a second")
            shown = now
    redraw()
