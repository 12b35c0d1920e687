"""The verb that reads clips: video."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mien.cli.common import name_argument, output_argument, redraw, say, show
from mien.cli.places import Verb
from mien.cli.predicting import max_pixels_option, reader_options, with_options
from mien.errors import OutputError
from mien.words import agreed, counted, percent

if TYPE_CHECKING:
    from mien.inference.classifier import Classifier
    from mien.inference.photo import Reader
    from mien.videos.analysis import FrameReading
    from mien.videos.reader import Clip


@click.command(cls=Verb)
@click.argument("clip", type=name_argument)
@click.option(
    "-o", "--out", type=output_argument, help="Write a row a face and frame: .jsonl, .csv, .parquet or .json."
)
@click.option(
    "--annotate", type=output_argument, metavar="FILM", help="Write an annotated copy, sound kept: .mp4, .mov or .mkv."
)
@click.option("--no-sound", is_flag=True, help="Leave the sound out of the annotated copy.")
@click.option("--timeline", type=output_argument, metavar="PNG", help="Draw who showed what when.")
@click.option("--every", default=1, type=click.IntRange(min=1), show_default=True, help="Look at every Nth frame.")
@click.option("--start", default=0.0, type=click.FloatRange(min=0), help="Begin so many seconds into the clip.")
@click.option("--end", type=click.FloatRange(min=0, min_open=True), help="Stop so many seconds into the clip.")
@click.option(
    "--smoothing",
    default=0.3,
    type=click.FloatRange(min=0),
    show_default=True,
    help="Seconds over which probabilities are averaged.",
)
@with_options((*reader_options, max_pixels_option))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")
def video(
    clip: str,
    out: Path | None,
    annotate: Path | None,
    no_sound: bool,
    timeline: Path | None,
    every: int,
    start: float,
    end: float | None,
    smoothing: float,
    model: str,
    min_confidence: float,
    abstain: float,
    flip: bool,
    decision: str,
    prior: str | None,
    max_pixels: int,
    as_json: bool,
) -> None:
    """Read the expressions in a CLIP: who shows what from when to when.

    CLIP is a file, a URL such as rtsp://camera/stream, or the number of a webcam; stop those with Ctrl-C.

    Example:  mien video interview.mp4 -o rows.csv --timeline timeline.png --annotate drawn.mp4
    """
    if end is not None and end <= start:
        raise click.UsageError(f"--end ({end:g} s) must come after --start ({start:g} s).")
    from mien import files, images, tables
    from mien.inference import records
    from mien.inference.photo import Reader
    from mien.videos import analysis as videos
    from mien.videos import reader as clips
    from mien.videos import writer

    form = records.format_of(out) if out is not None else None
    if annotate is not None and annotate.suffix.lower() not in writer.ENDINGS:
        raise OutputError(f"'{annotate}' should end in one of {', '.join(writer.ENDINGS)}: rename it.")
    if timeline is not None and timeline.suffix.lower() != ".png":
        raise OutputError(f"'{timeline}' should end in .png: rename it.")
    auto = prior == "auto"
    reading_prior = None if auto else prior
    reader = Reader(
        model, min_confidence=min_confidence, abstain=abstain, flip=flip, decision=decision, prior=reading_prior
    )
    open_clip = partial(clips.Clip, clip, start=start, end=end, max_pixels=max_pixels)
    if auto:
        reader.classifier = _with_estimated_prior(reader, open_clip, every)
    shares = reader.classifier.prior_in_words
    segmenter = videos.Segmenter()
    num_frames, last, stopped = 0, start, False
    with ExitStack() as stack:
        opened = stack.enter_context(open_clip())
        copy = rows = None
        if out is not None and form is not None:
            types = records.track_columns(reader.classifier.spec.classes)
            rows = stack.enter_context(records.opened(out, form, types))
        if annotate is not None:
            copy = stack.enter_context(writer.opened(annotate, opened, sound=not no_sound))
        readings = videos.read_video(
            reader, opened, every=every, smoothing=smoothing, on_audio=copy.hear if copy is not None else None
        )
        try:
            for reading in _counted(readings, opened.duration):
                num_frames, last = num_frames + 1, reading.frame.time
                if copy is not None:
                    copy.add(reading)
                if reading.fresh:
                    segmenter.add(reading)
                    for row in reading.rows():
                        if rows is not None:
                            rows.write(row if shares is None else row | {"prior": shares})
        except KeyboardInterrupt:
            if not num_frames:
                raise
            stopped = True
            say(f"stopped after {last:.0f} s; the outputs hold what was read until then.")
        num_broken, lost = opened.num_broken, opened.lost
    segments = segmenter.finish()
    if timeline is not None:
        with files.whole(timeline) as temporary:
            temporary.write_bytes(images.encode_png(writer.draw_timeline(segments, start, last)))
    if lost:
        say(f"reading ended early, after {last:.0f} s: {lost}")
    if num_broken:
        say(f"{counted(num_broken, 'frame')} could not be decoded and {agreed(num_broken, 'was', 'were')} left out.")
    if opened.num_large:
        say(
            f"{counted(opened.num_large, 'frame has', 'frames have')} more than the {max_pixels:,} pixels allowed (--max-pixels) and "
            f"{agreed(opened.num_large, 'was', 'were')} left out."
        )
    num_missing = round(opened.missing * opened.rate)
    if num_missing:
        num_all = num_frames + num_broken + opened.num_large + num_missing
        missing = counted(num_missing, "frame, is", "frames, are")
        say(
            f"'{clip}' is cut off: its last {opened.missing:.1f} s, about {missing} not in the file; "
            f"{num_frames:,} of {counted(num_all, 'frame')} {agreed(num_frames, 'was', 'were')} read."
        )
    record = {
        "clip": clip,
        "frames": num_frames,
        "seconds": round(last - start, 3),
        "broken": num_broken,
        "too_large": opened.num_large,
        "missing": num_missing,
        "lost": lost,
        "prior": reader.classifier.prior_by_class,
        "segments": [segment.to_dict() for segment in segments],
    }
    cells = [[str(s.track), s.span, s.label, percent(s.confidence, 0)] for s in segments]
    show(record, as_json, lambda: tables.render(["face", "time", "expression", "probability"], cells))
    if stopped:
        raise KeyboardInterrupt  # for the exit code, which is the same for every verb


def _with_estimated_prior(reader: Reader, open_clip: partial[Clip], every: int) -> Classifier:
    """The classifier for the class shares among the clip's faces, which are estimated in a reading of their own."""
    if not Path(*open_clip.args).is_file():
        raise click.UsageError(
            "--prior auto reads the clip twice, so it must be a file: state shares for what comes live."
        )
    from mien.videos import analysis as videos

    with open_clip() as opened:
        classifier = reader.classifier.with_prior(videos.estimate_prior(reader, opened, every=every))
    say(f"class shares estimated from the clip's faces: --prior {classifier.prior_in_words}")
    return classifier


def _counted(readings: Iterable[FrameReading], duration: float | None) -> Iterator[FrameReading]:
    """Show how far it is, while standard error is a terminal."""
    if not sys.stderr.isatty():
        yield from readings
        return
    for number, reading in enumerate(readings):
        yield reading
        if number % 10 == 0:
            # Of joined recordings, the duration is that of the last one.
            share = f" of {duration:.0f}" if duration and reading.frame.time <= duration else ""
            redraw(f"{reading.frame.time:.0f}{share} s")
    redraw()
