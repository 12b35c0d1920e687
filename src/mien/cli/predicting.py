"""The verb that reads photos: predict."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mien.cli.common import decision_option, engine_option, fail, flip_option, path_argument, say

if TYPE_CHECKING:
    from mien.inference import records
    from mien.inference.photo import Reader
    from mien.inference.stream import PhotoReading

Verb = Callable[..., Any]

WRITTEN = (".jpg", ".jpeg", ".png")
"""Endings of the pictures that are written."""

reader_options = (
    click.option("--model", default="base", show_default=True, help="A shipped model (base, tiny) or a model file."),
    click.option(
        "--min-confidence",
        default=0.6,
        type=click.FloatRange(0, 1),
        show_default=True,
        help="Least detection score of a face.",
    ),
    click.option(
        "--abstain",
        default=0.0,
        type=click.FloatRange(0, 1),
        show_default=True,
        help="Mark a face as unsure where its most probable expression is less probable than this.",
    ),
    flip_option,
    decision_option,
)
"""What every verb that finds faces takes."""


def with_options(options: Sequence[Callable[[Verb], Verb]]) -> Callable[[Verb], Verb]:
    """Several options as one decorator, in the order in which help shows them."""

    def decorate(verb: Verb) -> Verb:
        for option in reversed(options):
            verb = option(verb)
        return verb

    return decorate


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@click.option("-o", "--out", help="Write the rows to a file: .jsonl, .csv, .parquet or .json; on Ray, into a folder.")
@click.option("--json", "form", flag_value="json", help="Rows as one JSON document.")
@click.option("--jsonl", "form", flag_value="jsonl", help="Rows as JSON Lines, each photo's as soon as it is read.")
@click.option("--csv", "form", flag_value="csv", help="Rows as CSV.")
@click.option("--parquet", "form", flag_value="parquet", help="Rows as Parquet (needs --out).")
@click.option(
    "--annotate", type=path_argument, metavar="OUT", help="Draw the readings: a picture, or a folder of them."
)
@click.option("--crops", is_flag=True, help="Each picture is one ready-made face crop: no detector, no margin.")
@click.option("--resume", is_flag=True, help="Go on with an output that was stopped.")
@engine_option("Read in this process, or spread over a Ray cluster.")
@click.option("--workers", type=click.IntRange(1), help="Processes that read on Ray [default: one per processor].")
@with_options(reader_options)
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
    """Find the faces in photos and read their expressions.

    PHOTO is a file, a folder, a pattern such as 'album/*.jpg', or - for standard input. A photo without a face gives a row
    no_face, one that can't be read a row error; the rest go on, and the exit code is 1 where there was an error.

    With --engine ray, PHOTO may also be Parquet with a column image or a WebDataset tar, and PHOTO and OUT may lie in a bucket
    (s3://, gs://). OUT is then a folder of Parquet files.

    \b
    Example:  mien predict party.jpg album/ -o faces.csv --annotate drawn/
              mien predict s3://photos/2026 --engine ray -o s3://results/2026
    """
    if engine == "ray":
        from mien.cli import scoring

        scoring.score(photos, out, form, annotate, resume, workers, settings)
        return
    if workers is not None:
        raise click.UsageError("--workers is for --engine ray; in this process photos are read on all processors.")
    place = Path(out) if out is not None else None
    if place is None and (resume or form == "parquet"):
        raise click.UsageError("--resume and --parquet need an output: name a file with --out.")
    _read_here(photos, place, form, annotate, resume, settings)


def _read_here(
    photos: tuple[str, ...],
    out: Path | None,
    form: str | None,
    annotate: Path | None,
    resume: bool,
    settings: dict[str, Any],
) -> None:
    from mien.inference import records, stream
    from mien.inference.photo import Reader

    if out is not None:
        form = form or records.format_of(out)
        if resume and out.is_file() and not records.partial(out).exists():
            say(f"'{out}' is whole already; remove it to begin anew.")
            return
    if form == "parquet":
        import pyarrow.parquet  # noqa: F401 # better missed now than after an hour of reading
    crops = settings["crops"]
    # Photos are read side by side, so each call to a model keeps to one thread.
    reader = Reader(**{name: value for name, value in settings.items() if name != "crops"}, threads=1)
    draw = _Drawer(annotate, photos) if annotate is not None else None
    output = _output(reader, out, form, settings, resume)
    files = (file for file in stream.expand(photos) if file not in output.done)
    try:
        for reading in _counted(stream.read_photos(reader, files, crops=crops, keep_pixels=draw is not None)):
            if draw is not None and reading.pixels is not None:
                draw(reading)
            output.add(reading.path, records.rows_of(reading))
    except KeyboardInterrupt:
        if out is not None:
            say(f"'{records.partial(out)}' has what was read; go on with --resume.")
        raise
    output.finish()
    if not output.counts:
        raise click.UsageError("There is no picture at the named paths.")
    tell(out, output.counts)


def tell(out: Path | str | None, counts: Counter[str]) -> None:
    """Say what an output has; exit code 1 where a photo couldn't be read."""
    if out is not None:
        say(f"{out}: {counts['face']:,} faces, {counts['no_face']:,} photos without one, {counts['error']:,} not read")
    if counts["error"]:
        fail(f"{counts['error']:,} photos could not be read; their rows say why.", 1)


def _output(
    reader: Reader, out: Path | None, form: str | None, settings: dict[str, Any], resume: bool
) -> records.Journal | _Screen:
    from mien import modelfile
    from mien.inference import records

    types = records.columns(reader.classifier.spec.classes)
    if out is None or form is None:
        return _Screen(form, types)
    depends_on = settings | {"model": modelfile.sha256(reader.classifier.path)}
    return records.Journal(out, form, types, depends_on, resume=resume)


class _Screen:
    """Rows on standard output: as they come in a format for machines, or at the end as a table."""

    def __init__(self, form: str | None, types: Mapping[str, type]) -> None:
        from mien.inference import records

        self.writer = records.writer(form, sys.stdout, types) if form is not None else None
        self.held: list[records.Row] = []
        self.done: frozenset[str] = frozenset()
        self.counts: Counter[str] = Counter()

    def add(self, _: str, rows: list[dict[str, Any]]) -> None:
        """Take a photo's rows."""
        self.counts.update(row["status"] for row in rows)
        if self.writer is None:
            self.held += rows
            return
        for row in rows:
            self.writer.write(row)
        sys.stdout.flush()

    def finish(self) -> None:
        """Print what was held."""
        if self.writer is not None:
            self.writer.close()
        elif self.held:
            click.echo(_table(self.held))


def _table(rows: list[dict[str, Any]]) -> str:
    from mien import tables

    cells = []
    for row in rows:
        if row["status"] == "face":
            box = " ".join(f"{side:.0f}" for side in row["box"])
            label = "unsure" if row["abstained"] else str(row["label"])
            cells.append([str(row["photo"]), label, f"{row['confidence']:.1%}", box, f"{row['detection_score']:.2f}"])
        else:
            cells.append([str(row["photo"]), str(row["status"]), "", str(row.get("error", "")), ""])
    return tables.render(["photo", "expression", "probability", "left top right bottom", "face score"], cells)


def _counted(readings: Iterable[PhotoReading]) -> Iterator[PhotoReading]:
    """Show how many photos are read and how fast, while standard error is a terminal."""
    if not sys.stderr.isatty():
        yield from readings
        return
    started = shown = time.monotonic()
    for number, reading in enumerate(readings, start=1):
        yield reading
        now = time.monotonic()
        if now - shown > 0.2:
            click.echo(f"\r\x1b[K{number:,} photos, {number / (now - started):.0f} a second", nl=False, err=True)
            shown = now
    click.echo("\r\x1b[K", nl=False, err=True)


class _Drawer:
    """Writes each photo with its readings drawn on it: to a picture file, or into a folder under the photo's name."""

    def __init__(self, out: Path, photos: tuple[str, ...]) -> None:
        alone = len(photos) == 1 and (photos[0] == "-" or Path(photos[0]).is_file())  # a pattern may match many
        self.file = out if alone and out.suffix.lower() in WRITTEN and not out.is_dir() else None
        self.folder = out
        self.roots = [Path(photo) for photo in photos if Path(photo).is_dir()]
        self.names: set[Path] = set()

    def __call__(self, reading: PhotoReading) -> None:
        from mien import files, images
        from mien.inference import annotate

        assert reading.pixels is not None
        picture = annotate.annotate(reading.pixels, [annotate.mark(face) for face in reading.faces])
        target = self.file or self.folder / self._name(Path(reading.path))
        target.parent.mkdir(parents=True, exist_ok=True)
        with files.whole(target) as temporary:
            if temporary.suffix.lower() == ".png":
                temporary.write_bytes(images.encode_png(picture))
            else:
                picture.save(temporary, quality=92)

    def _name(self, photo: Path) -> Path:
        """Where the photo lies below its folder, with an ending that can be written, and a number where that is taken."""
        root = next((root for root in self.roots if photo.is_relative_to(root)), photo.parent)
        place = photo.relative_to(root) if str(photo) != "-" else Path("photo.png")
        ending = place.suffix if place.suffix.lower() in WRITTEN else ".png"
        name, number = place.with_suffix(ending), 1
        while name in self.names:
            number += 1
            name = place.with_name(f"{place.stem}-{number}{ending}")
        self.names.add(name)
        return name
