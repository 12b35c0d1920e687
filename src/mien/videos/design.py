"""The design of a study with clips: conditions, persons, baseline and the rule of episodes."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from mien.errors import ArgumentError, DataError
from mien.videos.summaries import EpisodeRule

_TIME = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)")
"""A time: ``1:02:03``, ``0:12.5``, or seconds."""


@dataclass(frozen=True)
class ClipCondition:
    """The condition of a clip or of a block of it, such as a stimulus, and its person where that is known.

    Attributes:
        clip: name of the clip.
        condition, person: names; both may be empty.
        start, end: of the block, in seconds of the clip; both None for the whole clip.
    """

    clip: str
    condition: str = ""
    person: str = ""
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True)
class PersonOfTrack:
    """The person of a track, named by hand."""

    clip: str
    track: int
    person: str


@dataclass(frozen=True)
class BaselineSpan:
    """Where persons are calm: a window of each clip, a clip, or a condition.

    Attributes:
        start, end: window in seconds of each clip.
        clip: name of the calm clip, or of the calm condition; empty for a window.
    """

    start: float = 0.0
    end: float = 0.0
    clip: str = ""


@dataclass(frozen=True, kw_only=True)
class Design:
    """What the summaries and the page depend on, beside the rows of the clips.

    Tables may name a clip without its folder or suffix; ``fitted`` gives the design with the full names, which all else needs.

    Attributes:
        conditions: conditions and persons of clips.
        baseline: the baseline, or None.
        single: whether each clip shows one person only: the largest face of each frame.
        rule: the rule of episodes.
        persons: persons of single tracks, named by hand.
        faces: whether the page shows faces.
    """

    conditions: tuple[ClipCondition, ...] = ()
    baseline: BaselineSpan | None = None
    single: bool = False
    rule: EpisodeRule = field(default_factory=EpisodeRule)
    persons: tuple[PersonOfTrack, ...] = ()
    faces: bool = True

    def condition_of(self, clip: str) -> ClipCondition:
        """The condition of a clip, or of its first block; an empty one if the design has none."""
        return next((one for one in self.conditions if one.clip == clip), ClipCondition(clip))

    def blocks_of(self, clip: str) -> list[ClipCondition]:
        """The blocks of a clip; none if its condition is that of the whole clip."""
        return [one for one in self.conditions if one.clip == clip and one.start is not None]

    def conditions_in(self, clip: str) -> set[str]:
        """The conditions of a clip and its blocks."""
        return {one.condition for one in self.conditions if one.clip == clip}

    def names(self, clip: str, tracks: Sequence[int]) -> list[str]:
        """The person of each track of a clip: ``CLIP#TRACK`` where nobody is named."""
        named = {one.track: one.person for one in self.persons if one.clip == clip}
        return [named.get(track, self.without_tracks(clip) if self.single else f"{clip}#{track}") for track in tracks]

    def without_tracks(self, clip: str) -> str:
        """The person of a clip whose tracks are not told apart: of a clip of one person, or without a face."""
        persons = (one.person for one in self.conditions if one.clip == clip and one.person)
        return next(persons, PurePosixPath(clip).stem) if self.single else clip

    def is_baseline(self, clip: str) -> bool:
        """Whether a clip is the calm one."""
        return self.baseline is not None and bool(self.baseline.clip) and is_named(clip, self.baseline.clip)

    def fitted(self, clips: Sequence[str]) -> Design:
        """The design for these clips, with their full names.

        Raises:
            DataError: a table names a clip that is not there or one of several, leaves one out, or says two things of one.
        """
        conditions = tuple(replace(one, clip=clip_named(one.clip, clips)) for one in self.conditions)
        _check_conditions(conditions, clips, single=self.single)
        self._check_baseline(clips)
        return replace(self, conditions=conditions)

    def _check_baseline(self, clips: Sequence[str]) -> None:
        calm = self.baseline.clip if self.baseline else ""
        conditions = list(dict.fromkeys(one.condition for one in self.conditions if one.condition))
        if calm and calm not in conditions and not any(is_named(clip, calm) for clip in clips):
            others = f" or the conditions {_some(conditions)}" if conditions else ""
            raise DataError(
                f"The baseline '{calm}' is neither a time such as 0:00-0:10 nor one of the clips {_some(clips)}{others}."
            )


def _check_conditions(conditions: Sequence[ClipCondition], clips: Sequence[str], *, single: bool) -> None:
    """Check the conditions of clips, which have their full names."""
    named = {one.clip for one in conditions}
    for clip in clips if conditions else ():
        if clip not in named:
            raise DataError(f"The table of conditions has no row for the clip '{clip}': add one.")
    if not single and any(one.person for one in conditions):
        raise DataError(
            "The table of conditions names persons, so each clip must show one person: add --people 1, which takes the "
            "largest face of each frame."
        )
    whole = [one.clip for one in conditions if one.start is None]
    if twice := _twice([*whole, *{one.clip for one in conditions if one.start is not None}]):
        raise DataError(
            f"The table of conditions has the clip '{twice}' twice: keep one row, or give each row the start and the end of a block."
        )
    persons = {(one.clip, one.person) for one in conditions if one.person}
    if twice := _twice(sorted(clip for clip, _ in persons)):
        raise DataError(
            f"The table of conditions names two persons for the clip '{twice}': with --people 1 a clip shows one."
        )


def clip_named(name: str, clips: Sequence[str]) -> str:
    """The one clip that a name means.

    Raises:
        DataError: there is none, or the name without folder or suffix is that of several.
    """
    found = [clip for clip in clips if clip == name] or [clip for clip in clips if is_named(clip, name)]
    if not found:
        raise DataError(f"There is no clip '{name}': the clips are {_some(clips)}.")
    if len(found) > 1:
        raise DataError(f"The name '{name}' fits the clips {_some(found)}: write the one that is meant in full.")
    return found[0]


def clip_at(path: str, clips: Sequence[str]) -> str:
    """The one clip at a path of another program, perhaps on another computer: its name ends the path, or has the file's name.

    Raises:
        DataError: there is none, or the file's name is that of several.
    """
    ends = [clip for clip in clips if f"/{path}".endswith(f"/{clip}")]
    return max(ends, key=len) if ends else clip_named(PurePosixPath(path).name, clips)


def is_named(clip: str, name: str) -> bool:
    """Whether a name means a clip: its name, or its name without folder or suffix."""
    path = PurePosixPath(clip)
    return name in (clip, path.name, path.stem, path.with_suffix("").as_posix())


def read_conditions(path: Path) -> tuple[ClipCondition, ...]:
    """Read a CSV table with a column ``clip`` and a column ``condition`` or ``person``, or both.

    With the columns ``start`` and ``end`` (seconds, or ``0:12.5``), a row is a block of a clip, which may have several.

    Raises:
        DataError: it can't be read, lacks a column, or has a wrong time.
    """
    rows = read_table(path)
    columns = rows[0].keys() if rows else ()
    if "clip" not in columns or not {"condition", "person"} & set(columns):
        raise DataError(f"'{path}' needs a row for each clip, and the columns clip and condition (or person).")
    if len({"start", "end"} & set(columns)) == 1:
        raise DataError(f"'{path}' has only one of the columns start and end: blocks of clips need both.")
    return tuple(_condition(path, number, row) for number, row in enumerate(rows, start=2))


def _condition(path: Path, number: int, row: Mapping[str, str]) -> ClipCondition:
    """The condition of a row; ``number`` is that of its line."""
    texts = row.get("start", ""), row.get("end", "")
    named = row["clip"], row.get("condition", ""), row.get("person", "")
    if not any(texts):
        return ClipCondition(*named)
    start, end = map(seconds, texts)
    if start is None or end is None:
        raise DataError(
            f"'{path}' has no time in row {number}: write seconds, or 0:12.5, or neither for the whole clip."
        )
    if end <= start:
        raise DataError(f"'{path}' has a block in row {number} that ends at {end:g} s, but starts at {start:g} s.")
    return ClipCondition(*named, start, end)


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a small table in a text file; comma, semicolon or tab separates the columns, whose names are in lower case.

    Raises:
        DataError: it can't be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise DataError(f"'{path}' can't be read: {reason}.") from None
    lines = [line for line in text.splitlines() if line.strip()]
    sign = max(",;\t", key=lines[0].count) if lines else ","
    table = csv.DictReader(lines, delimiter=sign, restval="")
    return [{str(key).strip().lower(): str(value).strip() for key, value in row.items()} for row in table]


def parse_baseline(text: str) -> BaselineSpan:
    """A baseline from text: a window such as ``0:00-0:10``, or the name of a clip or condition.

    Raises:
        ArgumentError: the window is empty.
    """
    first, dash, last = text.partition("-")
    start, end = seconds(first), seconds(last)
    if not dash or start is None or end is None:
        return BaselineSpan(clip=text)
    if end <= start:
        raise ArgumentError(f"The baseline '{text}' ends before it starts: write, for example, 0:00-0:10.")
    return BaselineSpan(start, end)


def seconds(text: str) -> float | None:
    """A time such as ``1:02:03``, ``0:12.5`` or ``75`` in seconds; None for other text."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    hours, minutes, rest, plain = match.groups()
    return float(plain) if plain else 3600 * int(hours or 0) + 60 * int(minutes) + float(rest)


def named_tracks(persons: Mapping[str, Sequence[str]]) -> tuple[PersonOfTrack, ...]:
    """The persons of tracks, from each person's tracks as ``CLIP#TRACK`` (as the tables write them).

    Raises:
        ArgumentError: a track is written otherwise.
    """
    found = []
    for person, tracks in persons.items():
        for text in tracks:
            clip, sign, number = text.rpartition("#")
            if not sign or not clip or not number.isdecimal():
                raise ArgumentError(f"'{text}' is no track: write CLIP#NUMBER as in tracks.csv, such as talk.mp4#2.")
            found.append(PersonOfTrack(clip, int(number), person))
    return tuple(found)


def read_persons(path: Path) -> tuple[PersonOfTrack, ...]:
    """The persons of tracks from a table like ``tracks.csv``, whose column ``person`` was filled in by hand.

    Rows without a person, or with the name that mien gives a track (``CLIP#TRACK``), are left out.

    Raises:
        DataError: it can't be read, lacks a column, has a wrong number, or names no person.
    """
    rows = read_table(path)
    if missing := [name for name in ("clip", "track", "person") if not rows or name not in rows[0]]:
        raise DataError(f"'{path}' has no column {missing[0]}: copy tracks.csv and fill in its column person.")
    found = []
    for number, row in enumerate(rows, start=2):
        if not row["track"].isdecimal():
            raise DataError(f"'{path}' has no track number in row {number}: write that of tracks.csv.")
        if row["person"] not in ("", f"{row['clip']}#{row['track']}"):
            found.append(PersonOfTrack(row["clip"], int(row["track"]), row["person"]))
    if not found:
        raise DataError(f"'{path}' names no person: fill in its column person.")
    return tuple(found)


def fitted_tracks(persons: Iterable[PersonOfTrack], clips: Sequence[str]) -> tuple[PersonOfTrack, ...]:
    """The persons of tracks of these clips, with the full names of the clips.

    Raises:
        DataError: a clip is not there or is one of several, or a track has two persons.
    """
    found = tuple(replace(one, clip=clip_named(one.clip, clips)) for one in persons)
    if twice := _twice(f"{one.clip}#{one.track}" for one in found):
        raise DataError(f"The track '{twice}' is given twice: name it for one person.")
    return found


def _twice(names: Iterable[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
