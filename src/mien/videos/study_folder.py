"""The output folder of a study with clips: its settings, and the rows of each clip with the file that they were read from.

The rows of a clip are there if the clip is finished. ``unfinished-CLIP.part`` has what was read of a clip that is not.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mien import files, typed_json
from mien.errors import DataError, OutputError, VideoError
from mien.inference.readability import Limits
from mien.progress import SILENT, Progress
from mien.videos.clips import Clip, file_name
from mien.videos.design import Design, PersonOfTrack
from mien.words import counted

SETTINGS = "settings.json"
ROWS = "rows"


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


@dataclass(frozen=True)
class ClipFile:
    """The file of a clip when it was read.

    Attributes:
        size: in bytes.
        modified: time of the last change, in nanoseconds.
        sha256: of its content.
    """

    size: int
    modified: int
    sha256: str

    @classmethod
    def of(cls, path: str) -> ClipFile:
        """The file as it is.

        Raises:
            VideoError: it can't be read.
        """
        try:
            status = Path(path).stat()
            with Path(path).open("rb") as file:
                return cls(status.st_size, status.st_mtime_ns, hashlib.file_digest(file, "sha256").hexdigest())
        except OSError as error:
            raise VideoError(f"'{path}' can't be read: {error.strerror or error}.") from None

    def is_at(self, path: str) -> bool:
        """Whether the file still has this content; it is read only if its time differs."""
        try:
            status = Path(path).stat()
        except OSError:
            return True  # it is gone, and so it didn't change
        if status.st_size != self.size:
            return False
        return status.st_mtime_ns == self.modified or ClipFile.of(path).sha256 == self.sha256


@dataclass(frozen=True)
class ClipRecord:
    """How a clip was read.

    Attributes:
        source: its path, from the output folder.
        file: the file.
        frames: number of frames that were read.
        lost: number of frames that could not be read.
        offset: time of the first frame in seconds from the start of the file, as players count.
    """

    source: str
    file: ClipFile
    frames: int
    lost: int
    offset: float = 0.0


def rows_path(out: Path, clip: str) -> Path:
    """The rows of a clip."""
    return out / ROWS / f"{file_name(clip)}.csv"


def part_path(out: Path, clip: str) -> Path:
    """What was read of a clip that is not finished."""
    return out / ROWS / f"unfinished-{file_name(clip)}.part"


def record_path(out: Path, clip: str) -> Path:
    """The record of a clip."""
    return out / ROWS / f"{file_name(clip)}.json"


def faces_path(out: Path, clip: str) -> Path:
    """The pictures of faces of a clip that the page shows."""
    return out / ROWS / f"{file_name(clip)}.faces.json"


def record_of(out: Path, clip: str) -> ClipRecord | None:
    """The record of a clip; None if it is not there or damaged."""
    try:
        return typed_json.parse(record_path(out, clip).read_text(encoding="utf-8"), ClipRecord)
    except (OSError, ValueError):
        return None


def source_of(out: Path, clip: Clip) -> str:
    """The path of a clip from the output folder, with ``/``; the path itself on another drive."""
    try:
        return Path(os.path.relpath(clip.path, out)).as_posix()
    except ValueError:  # Windows
        return Path(clip.path).absolute().as_posix()


def is_changed(out: Path, clip: Clip) -> bool:
    """Whether the file of a clip has another content than when its rows were made."""
    record = record_of(out, clip.name)
    return record is not None and not record.file.is_at(clip.path)


def note_source(out: Path, clip: Clip) -> None:
    """Note where a clip lies, if it was moved since it was read: the page takes faces and the film from there."""
    record, source = record_of(out, clip.name), source_of(out, clip)
    if record is not None and record.source != source:
        files.write_json(record_path(out, clip.name), typed_json.to_json(replace(record, source=source)))


def remove(out: Path, clip: str) -> None:
    """Remove the rows of a clip, its record and its pictures; the rows first, so that there are never rows without record."""
    for path in (rows_path, record_path, faces_path):
        path(out, clip).unlink(missing_ok=True)


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


def take_up(out: Path, settings: Settings, clips: Sequence[Clip], progress: Progress = SILENT) -> Settings:
    """Write the settings; refuse a folder whose rows depend on others.

    Returns:
        The settings with the persons of tracks that were named by hand in an earlier call, without those of ``clips`` whose file
        has changed since, as these have other tracks.

    Raises:
        OutputError: the rows depend on others, it is the folder of something else, or it can't be written.
    """
    if (out / SETTINGS).exists():
        before = read_settings(out)
        there = typed_json.to_json(before.reading)
        now = typed_json.to_json(settings.reading)
        other = [name for name in now if name != "model" and there[name] != now[name]]
        if other:
            raise OutputError(
                f"'{out}' has rows that were read with another value of {', '.join(other)}: use the same options, or another folder."
            )
        persons = _still_named(before.design.persons, [clip.name for clip in clips if is_changed(out, clip)], progress)
        settings = replace(settings, design=replace(settings.design, persons=persons))
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"'{out}' exists and has no study: choose another folder.")
    (out / ROWS).mkdir(parents=True, exist_ok=True)
    files.write_json(out / SETTINGS, typed_json.to_json(settings))
    return settings


def _still_named(
    persons: Sequence[PersonOfTrack], changed: Sequence[str], progress: Progress
) -> tuple[PersonOfTrack, ...]:
    """The persons of tracks but those of clips that have changed."""
    kept = tuple(one for one in persons if one.clip not in changed)
    if kept:
        progress.line(f"{counted(len(kept), 'track keeps', 'tracks keep')} the person named by  mien video merge")
    for clip in dict.fromkeys(one.clip for one in persons if one.clip in changed):
        progress.line(f"{clip}: the file has changed, and its tracks with it: name their persons again")
    return kept
