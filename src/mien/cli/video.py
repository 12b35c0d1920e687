"""The verbs for videos: video, video merge, agree."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mien import files
from mien.cli.common import (
    engine_option,
    fail,
    is_given,
    lang_option,
    name_argument,
    no_faces_option,
    output_argument,
    path_argument,
    resumable,
    show,
)
from mien.cli.places import OutputPath, Verb
from mien.cli.predicting import max_pixels_option, reader_options, with_options
from mien.reporting.texts import cells
from mien.shown import SHOWN, redraw, say
from mien.words import agreed, counted

if TYPE_CHECKING:
    from mien.videos.job import VideoResult
    from mien.videos.study import VideoStudy


MOST_NAMES = 5
"""Maximum number of clips that are named at the end as unread."""

STUDY_OPTIONS = (
    "conditions",
    "baseline",
    "people",
    "episode_threshold",
    "episode_shortest",
    "episode_gap",
    "engine",
    "workers",
    "no_faces",
    "lang",
)
"""Options of several clips, for the summaries."""

study_options = (
    click.option(
        "--conditions",
        type=path_argument,
        metavar="TABLE",
        help="CSV table with a row for each clip: clip, condition, and perhaps person (with --people 1); or for each block of "
        "a clip, with start and end.",
    ),
    click.option(
        "--baseline",
        metavar="SPAN|NAME",
        help="Calm time of each clip, such as 0:00-0:10, which is left out of the summaries; or a calm clip or condition of each person.",
    ),
    click.option(
        "--people",
        type=click.IntRange(1, 1),
        help="1: each clip shows one person; the largest face of each frame counts, also after cuts.",
    ),
    click.option(
        "--episode-threshold",
        default=0.5,
        type=click.FloatRange(0, 1),
        show_default=True,
        help="Minimum probability of an expression in an episode.",
    ),
    click.option(
        "--episode-shortest",
        default=0.4,
        type=click.FloatRange(0, 3600),
        show_default=True,
        help="Minimum duration of an episode, in seconds.",
    ),
    click.option(
        "--episode-gap",
        default=0.3,
        type=click.FloatRange(0, 3600),
        show_default=True,
        help="Episodes of one expression with at most so many seconds between them are one.",
    ),
    engine_option("Read several clips on this machine or on a Ray cluster."),
    click.option(
        "--workers", type=click.IntRange(1, 1024), help="Clips that are read at the same time.  [default: one per core]"
    ),
    no_faces_option,
    lang_option,
)


@click.command(cls=Verb)
@click.argument("clips", type=name_argument, nargs=-1, required=True, metavar="CLIP...")
@click.option(
    "-o",
    "--out",
    type=OutputPath("made"),
    help="One clip: write one row per face and frame, as .jsonl, .csv, .parquet or .json. Several: write all results into a folder.",
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
@with_options((*study_options, *reader_options, max_pixels_option))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")
@click.pass_context
def video(context: click.Context, /, clips: tuple[str, ...], as_json: bool, **settings: Any) -> None:
    """Classify the expressions in a CLIP; summarise several.

    CLIP is a file, a URL such as rtsp://camera/stream, or the number of a webcam; stop a stream with Ctrl-C. With several
    clips, a folder of clips, or a folder as output, the rows, the summaries by person, clip and condition, and a page go
    to the folder OUT; a repeated call reads only what is missing, also of a clip whose reading was interrupted.

    \b
    Example:  mien video interview.mp4 -o rows.csv --timeline timeline.png --annotate drawn.mp4
              mien video clips/ -o study --conditions table.csv --people 1
    """
    out, start, end = settings["out"], settings["start"], settings["end"]
    if end is not None and end <= start:
        raise click.UsageError(f"--end ({cells.compact(end)} s) must come after --start ({cells.compact(start)} s).")
    several = len(clips) > 1 or Path(clips[0]).is_dir() or (out is not None and (out.is_dir() or not out.suffix))
    if several:
        from mien.videos import clips as listing

        listing.expand(clips)  # clips that are not there come before options that don't fit
        _check_study(out, settings)
        _study(clips, as_json, settings)
        return
    given = [f"--{name.replace('_', '-')}" for name in STUDY_OPTIONS if is_given(context, name)]
    if given:
        raise click.UsageError(f"{', '.join(given)}: summaries need a folder as output, such as -o study.")
    if settings["prior"] == "auto" and not Path(clips[0]).is_file():
        raise click.UsageError(
            "--prior auto reads the clip twice, so it must be a file: state the shares for a live stream."
        )
    if out is not None:
        files.check(out)
    _one(clips[0], as_json, {name: value for name, value in settings.items() if name not in STUDY_OPTIONS})


def _one(clip: str, as_json: bool, settings: dict[str, Any]) -> None:
    from mien import api

    found = api.video(clip, sound=not settings.pop("no_sound"), progress=SHOWN, **settings)
    _clear()
    if found.stopped:
        say(f"stopped after {cells.decimal(found.last, 0)} s; the outputs hold the results so far.")
    _say_losses(found, settings["max_pixels"])
    show(found.to_dict(), as_json, lambda: str(found))
    if found.stopped:
        raise KeyboardInterrupt  # for the exit code 130


def _check_study(out: Path | None, settings: dict[str, Any]) -> None:
    if out is None or out.suffix in (".csv", ".jsonl", ".json", ".parquet"):
        raise click.UsageError("Several clips need a folder as output, such as -o study.")
    for name in ("annotate", "timeline", "no_sound"):
        if settings.pop(name):
            raise click.UsageError(f"--{name.replace('_', '-')} is for one clip.")


def _study(clips: tuple[str, ...], as_json: bool, settings: dict[str, Any]) -> None:
    from mien import api

    rule = {name: settings.pop(f"episode_{name}") for name in ("threshold", "shortest", "gap")}
    people, faces, out = settings.pop("people"), not settings.pop("no_faces"), settings["out"]
    with resumable("what was read is kept; repeat the command to resume"):
        found = api.video_study(clips, single=people == 1, faces=faces, episodes=rule, progress=SHOWN, **settings)
    _clear()
    _tell(found, as_json)
    if found.unread:
        num = len(found.unread)
        names = ", ".join(one.clip for one in found.unread[:MOST_NAMES]) + (", ..." if num > MOST_NAMES else "")
        fail(f"{counted(num, 'clip')} could not be read ({names}); the summaries in '{out}' have the others.", 1)


@click.command("video merge", cls=Verb)
@click.argument("folder", type=OutputPath("made"))
@click.argument("persons", nargs=-1, required=True, metavar="NAME=CLIP#TRACK,...|TABLE")
@lang_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")
def merge(folder: Path, persons: tuple[str, ...], lang: str, as_json: bool) -> None:
    """Name the persons of tracks by hand, and summarise again.

    mien does not recognise persons: a face that leaves the picture, or is on both sides of a cut, has several tracks.
    FOLDER is the output of  mien video CLIP... -o FOLDER ; its tracks.csv lists the tracks. TABLE is a copy of tracks.csv whose
    column person was filled in. No clip is read again.

    \b
    Example:  mien video merge study 'anna=talk.mp4#1,talk.mp4#4' 'ben=talk.mp4#2'
              mien video merge study persons.csv
    """
    from mien import api

    if len(persons) == 1 and "=" not in persons[0]:
        if not Path(persons[0]).is_file():
            raise click.UsageError(
                f"'{persons[0]}' is neither a table nor a person: write NAME=CLIP#TRACK,CLIP#TRACK or a copy of tracks.csv."
            )
        _tell(api.merge_tracks(folder, persons[0], lang=lang, progress=SHOWN), as_json)
        return
    named: dict[str, list[str]] = {}
    for text in persons:
        name, _, tracks = text.partition("=")
        if not name.strip() or not tracks.strip():
            raise click.UsageError(f"'{text}' does not name a person: write NAME=CLIP#TRACK,CLIP#TRACK.")
        named.setdefault(name.strip(), []).extend(track.strip() for track in tracks.split(","))
    _tell(api.merge_tracks(folder, named, lang=lang, progress=SHOWN), as_json)


@click.command(cls=Verb)
@click.argument("folder", type=path_argument)
@click.argument("codes", type=path_argument, nargs=-1, required=True, metavar="CODES...")
@click.option(
    "--uncoded",
    metavar="LABEL",
    help="Label of the time that a coder gave none, such as neutral.  [default: left out]",
)
@click.option(
    "--block",
    default=10.0,
    type=click.FloatRange(min=0, min_open=True),
    show_default=True,
    help="Seconds of the blocks that the intervals draw; with ten clips or more, they draw clips.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")
def agree(folder: Path, codes: tuple[Path, ...], uncoded: str | None, block: float, as_json: bool) -> None:
    """Compare the expressions in clips with codes of people.

    FOLDER is the output of  mien video CLIP... -o FOLDER . CODES are ELAN files (.eaf, a tier for each coder) or CSV tables
    with the columns clip, start, end and label, and perhaps coder and person. Prints Cohen's and Fleiss' kappa, the
    intraclass correlation of the shares of time, and the confusion in seconds.

    Example:  mien agree study anna.eaf ben.eaf --uncoded neutral
    """
    from mien import api

    found = api.agree(folder, codes, uncoded=uncoded, block=block)
    show(found.to_dict(), as_json, lambda: str(found))


def _clear() -> None:
    if sys.stderr.isatty():
        redraw()


def _tell(found: VideoStudy, as_json: bool) -> None:
    show(found.to_dict(), as_json, lambda: str(found))
    say(f"results: {found.folder}")


def _say_losses(found: VideoResult, max_pixels: int) -> None:
    """Report the frames that could not be read, and a picture that starts after the sound."""
    from mien.videos.blocks import ROUNDING

    if found.offset > ROUNDING:
        shown = cells.decimal(found.offset)
        say(f"the picture starts {shown} s after the start of the file; times count from the first frame.")
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
