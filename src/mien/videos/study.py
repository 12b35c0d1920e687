"""A study with clips: read each clip once, then summarise all by person, clip and condition.

A clip's rows are a file of the output folder, written when the clip is complete: a repeated call reads only the clips that
are missing. The summaries are made anew each time, so that conditions, baseline, persons and the rule of episodes can change.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import mien
from mien import files, typed_json
from mien.display import Paged
from mien.errors import DataError, OutputError
from mien.inference.photo import Reader
from mien.inference.readability import LIMITS, Limits
from mien.progress import SILENT, Progress
from mien.typed_json import JsonObject
from mien.videos import coding, job, recordings, sheets, summaries
from mien.videos.clips import Clip, file_name
from mien.videos.design import Design, PersonOfTrack, is_named
from mien.videos.recordings import ClipRows, Recording, Track
from mien.videos.sheets import Sheet
from mien.videos.summaries import Baseline, ClipSummary, Episode, ExpressionSummary, GroupSummary, Transition

SETTINGS = "settings.json"
ROWS = "rows"
NUM_BINS = 400
"""Maximum number of points of a timeline."""


@dataclass(frozen=True)
class Reading:
    """What the rows of clips depend on.

    Attributes:
        model: name of the model.
        sha256: of the model file.
        every, start, end, smoothing: as in ``job.Plan``; times in seconds.
        prior: class shares in use, ``"auto"``, or None.
        options: options of prediction.
        limits: limits of readability.
    """

    model: str
    sha256: str
    every: int
    start: float
    end: float | None
    smoothing: float
    prior: str | None
    options: Mapping[str, str | int | float | bool | None]
    limits: Limits


@dataclass(frozen=True)
class Settings:
    """All settings of a study, as ``settings.json`` has them.

    Attributes:
        version: of mien.
        clips: names of the clips.
        reading: what the rows depend on.
        design: what the summaries depend on.
    """

    version: str
    clips: tuple[str, ...]
    reading: Reading
    design: Design


@dataclass(frozen=True, eq=False)
class Trace:
    """Mean probabilities over time, for a timeline.

    Attributes:
        times: ``(B,)`` start of each bin, in seconds.
        probabilities: ``(B, K)``; NaN where nothing was read.
    """

    times: NDArray[np.float64]
    probabilities: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PersonInClip:
    """The results of one person in one clip."""

    summary: ClipSummary
    expressions: tuple[ExpressionSummary, ...]
    episodes: tuple[Episode, ...]
    transitions: tuple[Transition, ...]
    trace: Trace


@dataclass(frozen=True)
class Unread:
    """A clip that could not be read, and why."""

    clip: str
    reason: str


@dataclass(frozen=True, eq=False)
class VideoStudy(Paged, kind="video_study"):
    """Summaries of the expressions in clips; ``to_frame`` has a row for each person, clip and expression.

    Attributes:
        folder: the output folder.
        settings: all settings.
        classes: the K expressions.
        results: each person in each clip.
        tracks: the tracks with their persons.
        unread: clips that could not be read.
    """

    folder: Path
    settings: Settings
    classes: tuple[str, ...]
    results: tuple[PersonInClip, ...]
    tracks: tuple[Track, ...]
    unread: tuple[Unread, ...] = ()

    @property
    def by_person(self) -> list[GroupSummary]:
        """The summaries of persons over their clips."""
        return summaries.summarise_groups([(one.summary, one.expressions) for one in self.results], "person")

    @property
    def by_condition(self) -> list[GroupSummary]:
        """The summaries of conditions over persons."""
        return summaries.summarise_groups([(one.summary, one.expressions) for one in self.results], "condition")

    @property
    def sheets(self) -> list[Sheet]:
        """All tables."""
        return [
            Sheet("clips", ClipSummary, [one.summary for one in self.results]),
            Sheet("expressions", ExpressionSummary, [row for one in self.results for row in one.expressions]),
            Sheet("by_person", GroupSummary, self.by_person),
            Sheet("by_condition", GroupSummary, self.by_condition),
            Sheet("episodes", Episode, [row for one in self.results for row in one.episodes]),
            Sheet("transitions", Transition, [row for one in self.results for row in one.transitions]),
            Sheet("tracks", Track, self.tracks),
        ]

    def to_dict(self) -> JsonObject:
        """Plain values for JSON."""
        return {
            "folder": str(self.folder),
            "settings": typed_json.to_json(self.settings),
            "unread": typed_json.to_json(self.unread),
        } | {sheet.name: [dataclasses.asdict(row) for row in sheet.rows] for sheet in self.sheets}


def run(
    reader: Reader,
    clips: Sequence[Clip],
    out: Path,
    plan: job.Plan,
    design: Design,
    *,
    prior: str | None = None,
    progress: Progress = SILENT,
) -> VideoStudy:
    """Read the clips that the folder does not have yet, and write the summaries of all.

    Args:
        reader: detects the faces and predicts them.
        clips: the clips.
        out: the output folder; it may have the rows of an earlier call.
        plan: what is read of each clip; its outputs are not used.
        design: what the summaries depend on.
        prior: as for ``job.run``, for each clip.
        progress: receives a line per clip, and the time that is reached.

    Raises:
        DataError: the design doesn't fit the clips, or no clip can be read.
        OutputError: the folder has rows of other settings, or can't be written.
    """
    design.check([clip.name for clip in clips])
    settings = Settings(mien.__version__, tuple(clip.name for clip in clips), _reading(reader, plan, prior), design)
    _take_up(out, settings)
    classifier, unread = reader.classifier, []
    for number, clip in enumerate(clips, start=1):
        if not rows_path(out, clip.name).exists():
            reader.classifier = classifier  # a prior that is estimated is that of one clip
            progress.line(f"clip {number} of {len(clips)}: {clip.name}")
            try:
                _read_clip(reader, clip, out, plan, prior, progress)
            except DataError as error:
                progress.line(f"{clip.name}: {error}")
                unread.append(Unread(clip.name, str(error)))
    if len(unread) == len(clips):
        raise DataError(f"No clip could be read. The first one: {unread[0].reason}")
    return summarise(out, settings, unread=unread)


def merge(out: Path, persons: Sequence[PersonOfTrack]) -> VideoStudy:
    """Give tracks to persons by hand, beside those given earlier, and write the summaries anew; no clip is read.

    Raises:
        DataError: the folder has no study, or not these tracks.
        OutputError: it can't be written.
    """
    settings = read_settings(out)
    given = {(one.clip, one.track) for one in persons}
    kept = tuple(one for one in settings.design.persons if (one.clip, one.track) not in given)
    design = dataclasses.replace(settings.design, persons=(*kept, *persons))
    design.check(settings.clips)
    for clip in settings.clips:
        numbers = [one.track for one in persons if is_named(clip, one.clip)]
        there = recordings.read(rows_path(out, clip), clip).tracks if numbers else ()
        if wrong := sorted(set(numbers) - set(there)):
            raise DataError(f"The clip '{clip}' has no track {wrong[0]}: tracks.csv lists them.")
    return summarise(out, dataclasses.replace(settings, design=design))


def rows_path(out: Path, clip: str) -> Path:
    """The rows of a clip."""
    return out / ROWS / f"{file_name(clip)}.csv"


def read_settings(out: Path) -> Settings:
    """The settings of a study.

    Raises:
        DataError: the folder has no study.
    """
    path = out / SETTINGS
    try:
        return typed_json.parse(path.read_text(encoding="utf-8"), Settings)
    except OSError:
        raise DataError(f"'{out}' has no {SETTINGS}: name the output folder of  mien video CLIP... -o FOLDER") from None
    except ValueError as error:
        raise DataError(f"'{path}' is damaged: {error}.") from None


def _reading(reader: Reader, plan: job.Plan, prior: str | None) -> Reading:
    options = {
        name: value for name, value in dataclasses.asdict(reader.options).items() if name not in ("prior", "device")
    }
    shares = prior if prior is not None else reader.classifier.prior_in_words
    spec = reader.classifier
    return Reading(spec.name, spec.sha256, plan.every, plan.start, plan.end, plan.smoothing, shares, options, LIMITS)


def _take_up(out: Path, settings: Settings) -> None:
    """Write the settings; refuse a folder whose rows depend on others."""
    if (out / SETTINGS).exists():
        there = typed_json.to_json(read_settings(out).reading)
        now = typed_json.to_json(settings.reading)
        other = [name for name in now if name != "model" and there[name] != now[name]]
        if other:
            raise OutputError(
                f"'{out}' has rows that were read with another value of {', '.join(other)}: use the same options, or another folder."
            )
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"'{out}' exists and has no study: choose another folder.")
    (out / ROWS).mkdir(parents=True, exist_ok=True)
    files.write_json(out / SETTINGS, typed_json.to_json(settings))


def _read_clip(reader: Reader, clip: Clip, out: Path, plan: job.Plan, prior: str | None, progress: Progress) -> None:
    """Read a clip; its rows get their name when they are complete."""
    path = rows_path(out, clip.name)
    unfinished = path.with_name(f"unfinished-{path.name}")
    found = job.run(
        reader, clip.path, dataclasses.replace(plan, out=unfinished, empty_frames=True), prior=prior, progress=progress
    )
    if found.stopped:
        unfinished.unlink(missing_ok=True)
        raise KeyboardInterrupt
    if found.lost or found.missing or found.broken:
        lost = found.num_missing + found.broken
        progress.line(f"{clip.name}: {found.frames} frames were read, about {lost} could not be.")
    unfinished.replace(path)


def summarise(out: Path, settings: Settings, *, unread: Sequence[Unread] = ()) -> VideoStudy:
    """Make all summaries from the rows in a folder, and write its tables, ELAN files and subtitles.

    Raises:
        DataError: the rows of a clip are damaged.
        OutputError: the folder can't be written.
    """
    missing = {one.clip for one in unread}
    clips = [clip for clip in settings.clips if clip not in missing and rows_path(out, clip).exists()]
    baselines = _clip_baselines(out, clips, settings.design)
    results: list[PersonInClip] = []
    tracks: list[Track] = []
    classes: tuple[str, ...] = ()
    for clip in clips:
        rows = recordings.read(rows_path(out, clip), clip)
        classes = rows.classes
        names = settings.design.names(clip, rows.tracks)
        tracks += recordings.tracks_of(rows, names)
        found = [_result(one, settings.design, baselines) for one in _recordings(rows, settings.design)]
        coding.write(out, clip, [episode for one in found for episode in one.episodes])
        results += found
    files.write_json(out / SETTINGS, typed_json.to_json(settings))
    study = VideoStudy(out, settings, classes, tuple(results), tuple(tracks), tuple(unread))
    try:
        sheets.write(study.sheets, out)
    except ImportError:  # Parquet needs pyarrow
        sheets.write(study.sheets, out, parquet=False)
    return study


def recordings_of(out: Path, settings: Settings) -> Iterator[Recording]:
    """The recordings of each person in each clip, clip by clip.

    Raises:
        DataError: the rows of a clip are damaged.
    """
    for clip in settings.clips:
        if (path := rows_path(out, clip)).exists():
            yield from _recordings(recordings.read(path, clip), settings.design)


def _recordings(rows: ClipRows, design: Design) -> Iterator[Recording]:
    condition = design.condition_of(rows.clip).condition
    names = design.names(rows.clip, rows.tracks)
    return recordings.by_person(rows, names, condition, absent=design.without_tracks(rows.clip))


def _clip_baselines(out: Path, clips: Sequence[str], design: Design) -> dict[str, Baseline]:
    """The baseline of each person, if it is a clip."""
    found = {}
    calm = design.baseline.clip if design.baseline else ""
    for clip in clips if calm else ():
        if design.is_baseline(clip):
            for one in _recordings(recordings.read(rows_path(out, clip), clip), design):
                means = summaries.mean_probabilities(one)
                if means is not None:
                    found[one.person] = Baseline(means)
    return found


def _result(recording: Recording, design: Design, baselines: Mapping[str, Baseline]) -> PersonInClip:
    trace = _trace(recording)
    span = design.baseline
    baseline = baselines.get(recording.person)
    if span is not None and not span.clip:
        calm = (recording.times >= span.start) & (recording.times < span.end)
        means = summaries.mean_probabilities(recording.within(calm))
        baseline = None if means is None else Baseline(means)
        recording = recording.within(~calm)
    found = summaries.episodes(recording, design.rule)
    return PersonInClip(
        summaries.summarise_clip(recording, baseline),
        tuple(summaries.summarise_expressions(recording, found, baseline)),
        tuple(found),
        tuple(summaries.transitions(found)),
        trace,
    )


def _trace(recording: Recording) -> Trace:
    """The means of at most ``NUM_BINS`` groups of frames of the recording."""
    parts = np.array_split(np.arange(len(recording.times)), min(NUM_BINS, len(recording.times)) or 1)
    rows = []
    for part in parts:
        read = part[recording.readable[part]]
        rows.append(recording.probabilities[read].mean(0) if len(read) else np.full(len(recording.classes), np.nan))
    return Trace(recording.times[[part[0] for part in parts if len(part)]], np.array(rows))
