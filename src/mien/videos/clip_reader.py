"""Read the clips of a study into its folder: one clip in this process, or many one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from mien import files, typed_json
from mien.errors import DataError
from mien.inference import priors, records
from mien.inference.photo import Reader
from mien.progress import SILENT, Progress
from mien.typed_json import JsonObject
from mien.videos import job, pauses, study_folder
from mien.videos.analysis import Follower, face_rows
from mien.videos.clips import Clip
from mien.videos.part import BLOCK, Part
from mien.videos.reader import VideoReader
from mien.videos.sightings import Sighting, Watcher, stacked
from mien.videos.study_folder import ClipFile, ClipRecord


@dataclass(frozen=True)
class Outcome:
    """A clip that was read, or why it could not be."""

    clip: str
    error: str = ""


class ReadAll(Protocol):
    """A function that reads clips into the folder of a study, such as ``one_by_one``."""

    def __call__(self, clip_reader: ClipReader, clips: Sequence[Clip], progress: Progress) -> Iterator[Outcome]:
        """Yield the outcome of each clip, as they end."""


@dataclass(frozen=True)
class ClipReader:
    """Reads clips into the folder of a study; can be pickled.

    Attributes:
        reader: detects the faces and predicts them.
        out: the folder.
        plan: what is read of each clip.
        depends_on: what the rows depend on, beside the clip.
    """

    reader: Reader
    out: Path
    plan: job.Plan
    depends_on: JsonObject

    def read(self, clip: Clip, progress: Progress = SILENT) -> Outcome:
        """Read a clip, from where an earlier call was interrupted; its rows get their name when they are complete.

        Raises:
            OutputError: the folder can't be written.
        """
        try:
            self._read(clip, progress)
        except DataError as error:
            return Outcome(clip.name, str(error))
        return Outcome(clip.name)

    def duration(self, clip: Clip) -> float | None:
        """The time to be read of a clip, in seconds; None if it is unknown."""
        with suppress(DataError), self._opened(clip) as film:
            if film.duration is not None:
                end = film.duration if self.plan.end is None else min(film.duration, self.plan.end)
                return max(0.0, float(end) - self.plan.start)
        return None

    def _opened(self, clip: Clip) -> VideoReader:
        plan = self.plan
        return VideoReader(clip.path, start=plan.start, end=plan.end, max_pixels=self.reader.options.max_pixels)

    def _read(self, clip: Clip, progress: Progress) -> None:
        file = ClipFile.of(clip.path)
        depends_on = {"reading": self.depends_on, "clip": file.sha256}
        with Part(study_folder.part_path(self.out, clip.name), depends_on) as part, self._opened(clip) as film:
            if part.last >= 0:
                progress.line(f"{clip.name}: resumed after {part.time:.0f} s")
            frames = self._see(film, part, progress)
            lost = film.num_broken + film.num_large + round(film.missing * film.rate)
            if lost or film.lost:
                why = f" ({film.lost})" if film.lost else ""
                progress.line(f"{clip.name}: {frames} frames were read, about {lost} could not be{why}.")
            self._write_rows(clip.name, part, pauses.after(self.plan.every / film.rate), progress)
            source = study_folder.source_of(self.out, clip)
            record = ClipRecord(source, file, frames, lost, round(film.offset, 4))
            files.write_json(study_folder.record_path(self.out, clip.name), typed_json.to_json(record))
            _unfinished(self.out, clip.name).replace(study_folder.rows_path(self.out, clip.name))
            part.remove()

    def _see(self, film: VideoReader, part: Part, progress: Progress) -> int:
        """Add the sightings that the part lacks; returns the number of frames.

        The frames before are decoded and left out, not sought: their numbers and times are then right in any file, and
        decoding is quick beside the detection of faces.
        """
        watcher = Watcher(self.reader, part.cuts)
        block: list[Sighting] = []
        number = -1
        for frame in film.frames():
            number = frame.number
            if number <= part.last or number % self.plan.every:
                continue
            block.append(watcher.look(frame))
            if len(block) == BLOCK:
                part.add(block, watcher.cuts)
                block = []
            if number // self.plan.every % 10 == 0:
                progress.video(frame.time, film.duration)
        part.add(block, watcher.cuts)
        return number + 1

    def _write_rows(self, clip: str, part: Part, max_gap: float, progress: Progress) -> None:
        """Track and smooth the sightings, and write the rows under a name for unfinished ones."""
        options, classifier = self.reader.options, self.reader.classifier
        shares, adjust = classifier.prior_in_words, None
        if self.plan.auto_prior:
            seen = stacked(part.sightings(), len(classifier.classes))
            found = priors.estimate(seen, classifier.shares)
            shares = priors.in_words(found, classifier.classes)
            adjust = partial(priors.shift, offsets=priors.offsets(classifier.shares, found))
            progress.line(f"class shares estimated from the clip's faces: --prior {shares}")
        follower = Follower(self.plan.smoothing, options.abstain, adjust, max_gap=max_gap)
        with records.opened(_unfinished(self.out, clip), "csv", records.track_columns(classifier.classes)) as to:
            for sighting in part.sightings():
                faces = follower.follow(sighting)
                for row in face_rows(sighting.frame, sighting.time, faces, with_empty=True):
                    to.write(row if shares is None else row | {"prior": shares})


def _unfinished(out: Path, clip: str) -> Path:
    path = study_folder.rows_path(out, clip)
    return path.with_name(f"unfinished-{path.name}")


class Total(Progress):
    """The progress of one of several clips as part of that of all.

    Args:
        receiver: receives the time that was read of all clips.
        durations: the time to be read of each clip, in seconds; None if it is unknown.
        start: where the reading of each clip starts, in seconds.
    """

    def __init__(self, receiver: Progress, durations: dict[str, float | None], start: float) -> None:
        self.receiver, self.start = receiver, start
        self.durations = durations
        self.reached = dict.fromkeys(durations, 0.0)

    @property
    def whole(self) -> float | None:
        """The time to be read of all clips; None if one is unknown."""
        known = [value for value in self.durations.values() if value is not None]
        return sum(known) if len(known) == len(self.durations) else None

    def line(self, text: str) -> None:
        """Pass the line on."""
        self.receiver.line(text)

    def at(self, clip: str, time: float) -> None:
        """Note the time that a clip has reached."""
        self.reached[clip] = max(self.reached[clip], time - self.start)
        self.receiver.video(sum(self.reached.values()), self.whole)

    def ended(self, outcome: Outcome) -> None:
        """Note the end of a clip; the time of one that could not be read is left out."""
        if outcome.error:
            self.receiver.line(f"{outcome.clip}: {outcome.error}")
            self.durations[outcome.clip] = self.reached[outcome.clip]
        self.at(outcome.clip, self.start + (self.durations[outcome.clip] or 0.0))


class OfClip(Progress):
    """The progress of one clip of ``Total``."""

    def __init__(self, total: Total, clip: str) -> None:
        self.total, self.clip = total, clip

    def line(self, text: str) -> None:
        """Pass the line on."""
        self.total.line(text)

    def video(self, time: float, duration: float | None) -> None:
        """Pass the time on."""
        self.total.at(self.clip, time)


def total_of(clip_reader: ClipReader, clips: Sequence[Clip], progress: Progress) -> Total:
    """The progress of all clips; their headers are read for the durations."""
    durations = {clip.name: clip_reader.duration(clip) for clip in clips}
    return Total(progress, durations, clip_reader.plan.start)


def one_by_one(clip_reader: ClipReader, clips: Sequence[Clip], progress: Progress) -> Iterator[Outcome]:
    """Read clips one after the other in this process."""
    total = total_of(clip_reader, clips, progress)
    for number, clip in enumerate(clips, start=1):
        progress.line(begun(number, clips))
        outcome = clip_reader.read(clip, OfClip(total, clip.name))
        total.ended(outcome)
        yield outcome


def begun(number: int, clips: Sequence[Clip]) -> str:
    """The line for a clip that begins; ``number`` counts from 1."""
    return f"clip {number} of {len(clips)}: {clips[number - 1].name}"
