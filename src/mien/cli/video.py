"""The verb for videos: video."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mien.cli.common import name_argument, output_argument, show
from mien.cli.places import Verb
from mien.cli.predicting import max_pixels_option, reader_options, with_options
from mien.reporting.texts import cells
from mien.shown import SHOWN, redraw, say
from mien.words import agreed, counted

if TYPE_CHECKING:
    from mien.videos.job import VideoResult


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
    device: str,
    as_json: bool,
) -> None:
    """Classify the expressions in a CLIP, face by face.

    CLIP is a file, a URL such as rtsp://camera/stream, or the number of a webcam; stop a stream with Ctrl-C.

    Example:  mien video interview.mp4 -o rows.csv --timeline timeline.png --annotate drawn.mp4
    """
    if end is not None and end <= start:
        raise click.UsageError(f"--end ({cells.compact(end)} s) must come after --start ({cells.compact(start)} s).")
    if prior == "auto" and not Path(clip).is_file():
        raise click.UsageError(
            "--prior auto reads the clip twice, so it must be a file: state the shares for a live stream."
        )
    from mien import api

    found = api.video(
        clip,
        model,
        out=out,
        annotate=annotate,
        sound=not no_sound,
        timeline=timeline,
        every=every,
        start=start,
        end=end,
        smoothing=smoothing,
        min_confidence=min_confidence,
        abstain=abstain,
        flip=flip,
        decision=decision,
        prior=prior,
        max_pixels=max_pixels,
        device=device,
        progress=SHOWN,
    )
    if sys.stderr.isatty():
        redraw()
    if found.stopped:
        say(f"stopped after {cells.decimal(found.last, 0)} s; the outputs hold the results so far.")
    _say_losses(found, max_pixels)
    show(found.to_dict(), as_json, lambda: str(found))
    if found.stopped:
        raise KeyboardInterrupt  # for the exit code 130


def _say_losses(found: VideoResult, max_pixels: int) -> None:
    """Report the frames that could not be read."""
    if found.lost:
        say(f"the video ended early, after {cells.decimal(found.last, 0)} s: {found.lost}")
    if found.broken:
        left_out = agreed(found.broken, "was", "were")
        say(f"{counted(found.broken, 'frame')} could not be decoded and {left_out} left out.")
    if found.too_large:
        say(
            f"{counted(found.too_large, 'frame has', 'frames have')} more than the {cells.count(max_pixels)} pixels allowed (--max-pixels) and "
            f"{agreed(found.too_large, 'was', 'were')} left out."
        )
    if found.num_missing:
        num_all = found.frames + found.broken + found.too_large + found.num_missing
        missing = counted(found.num_missing, "frame, is", "frames, are")
        say(
            f"'{found.clip}' is cut off: its last {cells.decimal(found.missing)} s, about {missing} not in the file; "
            f"{cells.count(found.frames)} of {counted(num_all, 'frame')} {agreed(found.frames, 'was', 'were')} read."
        )
