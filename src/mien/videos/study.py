"""A study with clips: read each clip once, then summarise all by person, clip and condition.

A clip's rows are a file of the output folder, written when the clip is complete: a repeated call reads only the clips that
are missing or have changed. The summaries are made anew each time, so that conditions, baseline, persons and the rule of episodes can change.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import mien
from mien import files, typed_json
from mien.display import Paged
from mien.errors import DataError
from mien.inference import priors
from mien.inference.photo import Reader
from mien.inference.readability import LIMITS
from mien.locks import locked
from mien.progress import SILENT, Progress
from mien.typed_json import JsonObject
from mien.videos import analysis, coding, job, recordings, sheets, study_folder, summaries, thumbnails
from mien.videos.blocks import BlockNote
from mien.videos.blocks import notes as block_notes
from mien.videos.clip_reader import ClipReader, ReadAll, one_by_one
from mien.videos.clips import Clip
from mien.videos.design import Design, PersonOfTrack, fitted_tracks
from mien.videos.recordings import ClipRows, Recording, Track
from mien.videos.sheets import Sheet
from mien.videos.study_folder import Reading, Settings
from mien.videos.summaries import Baseline, ClipSummary, Episode, ExpressionSummary, GroupSummary, Transition
from mien.videos.thumbnails import Place

NUM_BINS = 400
"""Maximum number of points of a timeline."""


@dataclass(frozen=True, eq=False)
class Trace:
    """Mean probabilities over time, for a timeline.

    Attributes:
        times: ``(B,)`` start of each bin, in seconds.
        probabilities: ``(B, K)``; NaN where nothing was read.
        end: end of the last bin, in seconds.
    """

    times: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    end: float


@dataclass(frozen=True, eq=False)
class PersonInClip:
    """The results of one person in one clip, or in one block of it; ``places`` has the faces to show."""

    summary: ClipSummary
    expressions: tuple[ExpressionSummary, ...]
    episodes: tuple[Episode, ...]
    transitions: tuple[Transition, ...]
    trace: Trace
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Unread:
    """A clip that could not be read, and why."""

    clip: str
    reason: str


@dataclass(frozen=True)
class Damaged:
    """A clip of which about ``lost`` frames could not be read, beside those that were."""

    clip: str
    frames: int
    lost: int


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
        notes: overlaps and gaps of blocks.
        damaged: clips of which frames could not be read.
        offsets: by clip, the time of its first frame in seconds from the start of its file, if that is later; times of ``results``
            count from the first frame, those in ELAN files and subtitles from the start of the file, as in players.
    """

    folder: Path
    settings: Settings
    classes: tuple[str, ...]
    results: tuple[PersonInClip, ...]
    tracks: tuple[Track, ...]
    unread: tuple[Unread, ...] = ()
    notes: tuple[BlockNote, ...] = ()
    damaged: tuple[Damaged, ...] = ()
    offsets: Mapping[str, float] = field(default_factory=dict)

    @property
    def without_baseline(self) -> list[ClipSummary]:
        """The persons in clips who have no deviation as nothing of their baseline was read; none if there is no baseline."""
        if self.settings.design.baseline is None:
            return []
        return [one.summary for one in self.results if any(row.baseline_probability is None for row in one.expressions)]

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
            "notes": typed_json.to_json(self.notes),
            "damaged": typed_json.to_json(self.damaged),
            "offsets": dict(self.offsets),
            "without_baseline": [{"person": one.person, "clip": one.clip} for one in self.without_baseline],
        } | {sheet.name: [dataclasses.asdict(row) for row in sheet.rows] for sheet in self.sheets}


def run(
    reader: Reader,
    clips: Sequence[Clip],
    out: Path,
    plan: job.Plan,
    design: Design,
    *,
    read_all: ReadAll = one_by_one,
    progress: Progress = SILENT,
) -> VideoStudy:
    """Read the clips that the folder does not have yet, and write the summaries of all.

    Args:
        reader: detects the faces and predicts them.
        clips: the clips.
        out: the output folder; it may have the rows of an earlier call.
        plan: what is read of each clip; its outputs are not used.
        design: what the summaries depend on.
        read_all: reads the clips: ``one_by_one``, or a function of ``parallel.of`` or ``scale.filming``.
        progress: receives a line per clip, and the time that is read of all clips.

    Raises:
        DataError: the design doesn't fit the clips, or no clip can be read.
        OutputError: the folder has rows of other settings, another process writes it, or it can't be written.
    """
    analysis.check(plan.every, plan.smoothing)
    design = design.fitted([clip.name for clip in clips])
    reading = _reading(reader, plan)
    settings = Settings(mien.__version__, tuple(clip.name for clip in clips), reading, design)
    settings = study_folder.take_up(out, settings, clips, progress)
    with locked(
        out / study_folder.ROWS, f"Another process writes '{out}': wait until it has ended, or choose another folder."
    ):
        wanted = [clip for clip in clips if _is_wanted(out, clip, progress)]
        if 0 < len(wanted) < len(clips):
            progress.line(f"{len(clips) - len(wanted)} of {len(clips)} clips were read before")
        clip_reader = ClipReader(reader, out, plan, typed_json.to_json(reading))
        ended = {one.clip: one.error for one in read_all(clip_reader, wanted, progress)} if wanted else {}
        unread = [Unread(clip.name, error) for clip in wanted if (error := ended[clip.name])]
        if len(unread) == len(clips):
            raise DataError(f"No clip could be read. The first one: {unread[0].reason}")
        return summarise(out, settings, unread=unread)


def _is_wanted(out: Path, clip: Clip, progress: Progress) -> bool:
    """Whether a clip is to be read: it was not yet, or its file has changed since."""
    if not study_folder.rows_path(out, clip.name).exists():
        return True
    if study_folder.record_of(out, clip.name) is None:
        why = "its record is missing or damaged"
    elif study_folder.is_changed(out, clip):
        why = "the file has changed since it was read"
    else:
        study_folder.note_source(out, clip)
        return False
    progress.line(f"{clip.name}: {why}; it is read again")
    study_folder.remove(out, clip.name)
    return True


def merge(out: Path, persons: Sequence[PersonOfTrack]) -> VideoStudy:
    """Give tracks to persons by hand, beside those given earlier, and write the summaries anew; no clip is read.

    Raises:
        DataError: the folder has no study, or not these tracks.
        OutputError: it can't be written.
    """
    settings = study_folder.read_settings(out)
    persons = fitted_tracks(persons, settings.clips)
    given = {(one.clip, one.track) for one in persons}
    kept = tuple(one for one in settings.design.persons if (one.clip, one.track) not in given)
    design = dataclasses.replace(settings.design.fitted(settings.clips), persons=(*kept, *persons))
    for clip in settings.clips:
        numbers = [one.track for one in persons if one.clip == clip]
        there = recordings.read(study_folder.rows_path(out, clip), clip).tracks if numbers else ()
        if wrong := sorted(set(numbers) - set(there)):
            raise DataError(f"The clip '{clip}' has no track {wrong[0]}: tracks.csv lists them.")
    return summarise(out, dataclasses.replace(settings, design=design))


def _reading(reader: Reader, plan: job.Plan) -> Reading:
    options = {
        name: value for name, value in dataclasses.asdict(reader.options).items() if name not in ("prior", "device")
    }
    shares = priors.AUTO if plan.auto_prior else reader.classifier.prior_in_words
    spec = reader.classifier
    return Reading(spec.name, spec.sha256, plan.every, plan.start, plan.end, plan.smoothing, shares, options, LIMITS)


def summarise(out: Path, settings: Settings, *, unread: Sequence[Unread] = ()) -> VideoStudy:
    """Make all summaries from the rows in a folder, and write its tables, ELAN files and subtitles.

    Raises:
        DataError: the rows of a clip are damaged.
        OutputError: the folder can't be written.
    """
    missing = {one.clip for one in unread}
    clips = [clip for clip in settings.clips if clip not in missing and study_folder.rows_path(out, clip).exists()]
    records = {clip: record for clip in clips if (record := study_folder.record_of(out, clip)) is not None}
    offsets = {clip: record.offset for clip, record in records.items() if record.offset}
    baselines = _calm_baselines(out, clips, settings.design)
    results: list[PersonInClip] = []
    tracks: list[Track] = []
    notes: list[BlockNote] = []
    classes: tuple[str, ...] = ()
    for clip in clips:
        rows = recordings.read(study_folder.rows_path(out, clip), clip)
        classes = rows.classes
        names = settings.design.names(clip, rows.tracks)
        tracks += recordings.tracks_of(rows, names)
        if blocks := settings.design.blocks_of(clip):
            notes += block_notes(clip, blocks, rows.span, settings.design.baseline)
        each = _recordings(rows, settings.design)  # one at a time, as each has all frames of the clip
        found = [result for one in each for result in _results(one, settings.design, baselines)]
        if not settings.design.faces:
            study_folder.faces_path(out, clip).unlink(missing_ok=True)
        coding.write(out, clip, [episode for one in found for episode in one.episodes], offsets.get(clip, 0.0))
        results += found
    files.write_json(out / study_folder.SETTINGS, typed_json.to_json(settings))
    damaged = tuple(Damaged(clip, one.frames, one.lost) for clip, one in records.items() if one.lost)
    remarks = tuple(unread), tuple(notes), damaged, offsets
    study = VideoStudy(out, settings, classes, tuple(results), tuple(tracks), *remarks)
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
        if (path := study_folder.rows_path(out, clip)).exists():
            yield from _recordings(recordings.read(path, clip), settings.design)


def _recordings(rows: ClipRows, design: Design) -> Iterator[Recording]:
    condition = design.condition_of(rows.clip).condition
    names = design.names(rows.clip, rows.tracks)
    return recordings.by_person(rows, names, condition, absent=design.without_tracks(rows.clip))


def _calm_baselines(out: Path, clips: Sequence[str], design: Design) -> dict[str, Baseline]:
    """The baseline of each person, if it is a clip or a condition: the mean over the readable time there."""
    calm = design.baseline.clip if design.baseline else ""
    by_clip = any(design.is_baseline(clip) for clip in clips)
    sums: dict[str, tuple[float, NDArray[np.float64]]] = {}
    for clip in clips if calm else ():
        if design.is_baseline(clip) if by_clip else calm in design.conditions_in(clip):
            for whole in _recordings(recordings.read(study_folder.rows_path(out, clip), clip), design):
                for part in [whole] if by_clip else _in_condition(whole, calm, design):
                    means, seconds = summaries.mean_probabilities(part), float(part.spans[part.readable].sum())
                    if means is not None:
                        before, total = sums.get(part.person, (0.0, np.zeros_like(means)))
                        sums[part.person] = before + seconds, total + seconds * means
    return {person: Baseline(total / seconds) for person, (seconds, total) in sums.items()}


def _in_condition(recording: Recording, condition: str, design: Design) -> Iterator[Recording]:
    """The parts of a recording in one condition: its blocks, or all of it."""
    blocks = design.blocks_of(recording.clip)
    if not blocks and recording.condition == condition:
        yield recording
    for block in blocks:
        if block.condition == condition:
            yield recording.in_block(block.start or 0.0, block.end or 0.0, condition)


def _results(recording: Recording, design: Design, baselines: Mapping[str, Baseline]) -> Iterator[PersonInClip]:
    """The results of a recording of a clip, or of each of its blocks."""
    whole = recording
    span = design.baseline
    baseline = baselines.get(recording.person)
    if span is not None and not span.clip:
        calm = (recording.times >= span.start) & (recording.times < span.end)
        means = summaries.mean_probabilities(recording.within(calm))
        baseline = None if means is None else Baseline(means)
        recording = recording.within(~calm)
    blocks = design.blocks_of(recording.clip)
    if not blocks:
        yield _result(recording, whole, thumbnails.NUM, design, baseline)
    for block in blocks:
        span_of = block.start or 0.0, block.end or 0.0, block.condition
        shown = whole.in_block(*span_of)
        num = round(thumbnails.NUM * (shown.end - shown.start) / whole.end) if whole.end else 0
        yield _result(recording.in_block(*span_of), shown, max(1, num), design, baseline)


def _result(
    recording: Recording, shown: Recording, num_faces: int, design: Design, baseline: Baseline | None
) -> PersonInClip:
    """The results of a recording; ``shown`` on the timeline also has what is left out as baseline."""
    found = summaries.episodes(recording, design.rule)
    return PersonInClip(
        summaries.summarise_clip(recording, baseline),
        tuple(summaries.summarise_expressions(recording, found, baseline)),
        tuple(found),
        tuple(summaries.transitions(recording, found)),
        _trace(shown),
        thumbnails.choose(shown, num_faces),
    )


def _trace(recording: Recording) -> Trace:
    """The means of at most ``NUM_BINS`` groups of frames of the recording."""
    parts = np.array_split(np.arange(len(recording.times)), min(NUM_BINS, len(recording.times)) or 1)
    rows = []
    for part in parts:
        read = part[recording.readable[part]]
        rows.append(recording.probabilities[read].mean(0) if len(read) else np.full(len(recording.classes), np.nan))
    times = recording.times[[part[0] for part in parts if len(part)]]
    return Trace(times, np.array(rows)[: len(times)], recording.end)
