"""The verb for videos: video."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mien.cli.common import name_argument, output_argument, redraw, say, show
from mien.cli.places import Verb
from mien.cli.predicting import max_pixels_option, reader_options, with_options
from mien.errors import OutputError
from mien.reporting.texts import cells
from mien.typed_json import JsonObject
from mien.words import agreed, counted

if TYPE_CHECKING:
    from mien.inference.classifier import Classifier
    from mien.inference.photo import Reader
    from mien.inference.records import Writer
    from mien.videos.analysis import FrameReading, Segment
    from mien.videos.reader import Packet, VideoReader
    from mien.videos.writer import VideoWriter


@click.command(cls=Verb)
@click.argument("clip", type=name_argument)
@click.option(
    "-o", "--out", type=output_argument, help="Write one row per face and frame: .jsonl, .csv, .parquet or .json."
)
@click.option(
    "--annotate", type=output_argument, metavar="VIDEO", help="Write an annotated copy with sound: .mp4, .mov or .mkv."
)
@click.option("--no-sound", is_flag=True, help="Write the annotated copy without sound.")
@click.option(
    "--timeline", type=output_argument, metavar="PNG", help="Draw a timeline of the expressions of each face."
)
@click.option("--every", default=1, type=click.IntRange(min=1), show_default=True, help="Use every Nth frame.")
@click.option("--start", default=0.0, type=click.FloatRange(min=0), help="Start time in seconds.")
@click.option("--end", type=click.FloatRange(min=0, min_open=True), help="End time in seconds.")
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
    """Classify the expressions in a CLIP, face by face.

    CLIP is a file, a URL such as rtsp://camera/stream, or the number of a webcam; stop a stream with Ctrl-C.

    Example:  mien video interview.mp4 -o rows.csv --timeline timeline.png --annotate drawn.mp4
    """
    if end is not None and end <= start:
        raise click.UsageError(f"--end ({cells.compact(end)} s) must come after --start ({cells.compact(start)} s).")
    from mien import files, images
    from mien.inference import records
    from mien.inference.photo import Reader
    from mien.videos import analysis as videos
    from mien.videos import reader as clips
    from mien.videos import writer

    form = records.format_of(out) if out is not None else None
    _check_ending(annotate, writer.ENDINGS)
    _check_ending(timeline, (".png",))
    stated = None if prior == "auto" else prior
    reader = Reader(model, min_confidence=min_confidence, abstain=abstain, flip=flip, decision=decision, prior=stated)
    open_clip = partial(clips.VideoReader, clip, start=start, end=end, max_pixels=max_pixels)
    if prior == "auto":
        reader.classifier = _with_estimated_prior(reader, open_clip, every)
    seen = _Seen(start)
    with ExitStack() as stack:
        opened = stack.enter_context(open_clip())
        if out is not None and form is not None:
            columns = records.track_columns(reader.classifier.classes)
            seen.rows = stack.enter_context(records.opened(out, form, columns))
        if annotate is not None:
            seen.copy = stack.enter_context(writer.opened(annotate, opened, sound=not no_sound))
        readings = videos.read_video(reader, opened, every=every, smoothing=smoothing, on_audio=seen.hear)
        seen.take(_counted(readings, opened.duration), reader.classifier.prior_in_words)
    segments = seen.segmenter.finish()
    if timeline is not None:
        with files.atomic_write(timeline) as temporary:
            temporary.write_bytes(images.encode_png(writer.draw_timeline(segments, start, seen.last)))
    record = _record(clip, opened, seen, _say_losses(clip, opened, seen, max_pixels)) | {
        "seconds": round(seen.last - start, 3),
        "prior": reader.classifier.prior_by_class,
        "segments": [segment.to_dict() for segment in segments],
    }
    show(record, as_json, lambda: _table(segments))
    if seen.stopped:
        raise KeyboardInterrupt  # for the exit code 130


def _check_ending(path: Path | None, endings: Sequence[str]) -> None:
    if path is not None and path.suffix.lower() not in endings:
        one_of = "one of " if len(endings) > 1 else ""
        raise OutputError(f"'{path}' must end in {one_of}{', '.join(endings)}: rename it.")


def _record(clip: str, opened: VideoReader, seen: _Seen, num_missing: int) -> JsonObject:
    return {
        "clip": clip,
        "frames": seen.num_frames,
        "broken": opened.num_broken,
        "too_large": opened.num_large,
        "missing": num_missing,
        "lost": opened.lost,
    }


def _table(segments: Iterable[Segment]) -> str:
    from mien import tables

    cells = [[str(s.track), s.span, s.label, cells.percent(s.confidence, 0)] for s in segments]
    return tables.render(["face", "time", "expression", "probability"], cells)


class _Seen:
    """Collect the predictions of a video, and pass them to the outputs.

    Args:
        start: start time in seconds.
    """

    def __init__(self, start: float) -> None:
        from mien.videos.analysis import Segmenter

        self.segmenter = Segmenter()
        self.rows: Writer | None = None
        self.copy: VideoWriter | None = None
        self.num_frames, self.last, self.stopped = 0, start, False

    @property
    def hear(self) -> Callable[[Packet], None] | None:
        """Callback for the audio packets, if an annotated copy needs them."""
        return self.copy.hear if self.copy is not None else None

    def take(self, readings: Iterable[FrameReading], shares: str | None) -> None:
        """Process all predictions; after the first one, Ctrl-C ends the processing but not the outputs."""
        try:
            for reading in readings:
                self.num_frames, self.last = self.num_frames + 1, reading.frame.time
                if self.copy is not None:
                    self.copy.add(reading)
                if reading.fresh:
                    self.segmenter.add(reading)
                    if self.rows is not None:
                        for row in reading.rows():
                            self.rows.write(row if shares is None else row | {"prior": shares})
        except KeyboardInterrupt:
            if not self.num_frames:
                raise
            self.stopped = True
            say(f"stopped after {cells.decimal(self.last, 0)} s; the outputs hold the results so far.")


def _say_losses(clip: str, opened: VideoReader, seen: _Seen, max_pixels: int) -> int:
    """Report the frames that could not be read; returns the number of frames missing at the end."""
    if opened.lost:
        say(f"the video ended early, after {cells.decimal(seen.last, 0)} s: {opened.lost}")
    if opened.num_broken:
        left_out = agreed(opened.num_broken, "was", "were")
        say(f"{counted(opened.num_broken, 'frame')} could not be decoded and {left_out} left out.")
    if opened.num_large:
        say(
            f"{counted(opened.num_large, 'frame has', 'frames have')} more than the {cells.count(max_pixels)} pixels allowed (--max-pixels) and "
            f"{agreed(opened.num_large, 'was', 'were')} left out."
        )
    num_missing = round(opened.missing * opened.rate)
    if num_missing:
        num_all = seen.num_frames + opened.num_broken + opened.num_large + num_missing
        missing = counted(num_missing, "frame, is", "frames, are")
        say(
            f"'{clip}' is cut off: its last {cells.decimal(opened.missing)} s, about {missing} not in the file; "
            f"{cells.count(seen.num_frames)} of {counted(num_all, 'frame')} {agreed(seen.num_frames, 'was', 'were')} read."
        )
    return num_missing


def _with_estimated_prior(reader: Reader, open_clip: partial[VideoReader], every: int) -> Classifier:
    """A classifier with the class shares among the video's faces, estimated in a first pass."""
    if not Path(*open_clip.args).is_file():
        raise click.UsageError(
            "--prior auto reads the clip twice, so it must be a file: state the shares for a live stream."
        )
    from mien.videos import analysis as videos

    with open_clip() as opened:
        classifier = reader.classifier.with_prior(videos.estimate_prior(reader, opened, every=every))
    say(f"class shares estimated from the clip's faces: --prior {classifier.prior_in_words}")
    return classifier


def _counted(readings: Iterable[FrameReading], duration: float | None) -> Iterator[FrameReading]:
    """Show the progress, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield from readings
        return
    for number, reading in enumerate(readings):
        yield reading
        if number % 10 == 0:
            # For joined recordings, the duration is that of the last one.
            share = f" of {cells.decimal(duration, 0)}" if duration and reading.frame.time <= duration else ""
            redraw(f"{cells.decimal(reading.frame.time, 0)}{share} s")
    redraw()
