"""predict with --engine ray: millions of photos on a Ray cluster."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from threading import Event, current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING

import click

from mien.cli.common import tell_counts
from mien.reporting.texts import cells
from mien.shown import redraw, say
from mien.words import counted

if TYPE_CHECKING:
    from mien.inference.options import PhotoOptions
    from mien.scale.scoring import Part


def score(
    photos: tuple[str, ...],
    out: str | None,
    form: str | None,
    annotate: Path | None,
    resume: bool,
    workers: int | None,
    options: PhotoOptions,
) -> None:
    """Score photos on a Ray cluster into a folder."""
    if out is None:
        raise click.UsageError("--engine ray needs an output: name a folder, here or in a bucket, with --out.")
    if annotate is not None or form not in (None, "parquet"):
        raise click.UsageError(
            "--engine ray writes a folder of Parquet: leave --annotate, --json, --jsonl and --csv to --engine local."
        )
    if "-" in photos:
        raise click.UsageError("--engine ray can't read standard input: name files, folders or buckets.")
    from mien.scale import places, scoring

    counts: Counter[str] = Counter()
    try:
        # Ray logs there the state of its workers and nodes, which it restarts itself.
        with (
            Path(os.devnull).open("w", encoding="utf-8") as nowhere,
            redirect_stdout(nowhere),
            _heeded_interrupt() as heed,
        ):
            for part in _counted(scoring.score(photos, out, options, resume=resume, workers=workers)):
                counts += part.counts
                heed()
    except KeyboardInterrupt:
        if places.kind(out) is not None:
            say(f"'{out}' has the finished photos; resume with --resume.")
        raise
    if counts:
        tell_counts(out, counts)
    else:
        say(f"'{out}' is already complete; remove it to start again.")


@contextmanager
def _heeded_interrupt() -> Iterator[Callable[[], None]]:
    """Yield a function that raises a Ctrl-C again which Ray has caught, such as in a callback."""
    seen = Event()

    def note(number: int, frame: FrameType | None) -> None:
        seen.set()
        raise KeyboardInterrupt

    def heed() -> None:
        if seen.is_set():
            raise KeyboardInterrupt

    if current_thread() is not main_thread():  # handlers can be set, and interrupts arrive, only there
        yield heed
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield heed
    finally:
        signal.signal(signal.SIGINT, before)


def _counted(parts: Iterable[Part]) -> Iterator[Part]:
    """Show the number of finished parts and the rate, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield from parts
        return
    redraw("listing the photos, starting the workers")
    started, photos = 0.0, 0
    try:
        for number, part in enumerate(parts, start=1):
            line = f"{cells.count(number)} of {counted(part.parts, 'part')}"
            if started:  # the time of the first part includes the start
                photos += 0 if part.before else part.photos
                line += f", {cells.decimal(photos / (time.monotonic() - started), 0)} photos/s"
            started = started or time.monotonic()
            redraw(line)
            yield part
    finally:
        redraw()
