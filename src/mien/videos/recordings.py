"""Rows of a clip, read back as recordings: what one person showed in one clip over time."""

from __future__ import annotations

import csv
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from mien.errors import DataError
from mien.inference.readability import REASONS
from mien.videos import pauses

ONLY = 0.04
"""Time that the only frame of a clip stands for, in seconds."""

EARLY = 1e-4
"""Tolerance of the start and end of a block in seconds, as the times of rows are rounded."""

SIDES = ("left", "top", "right", "bottom")
LONGEST = max(map(len, (*REASONS, "no_face")))
"""Length of the longest reason."""

PROBABILITY = "p_"
"""Prefix of the columns of probabilities."""


@dataclass(frozen=True, eq=False)
class ClipRows:
    """The rows of one clip, in columns: F analysed frames and N faces, by frame.

    Attributes:
        clip: its name.
        classes: the K expressions.
        times: ``(F,)`` time of each analysed frame, in seconds.
        spans: ``(F,)`` time that each frame stands for, in seconds: until the next one, but not over a pause.
        frames: ``(N,)`` the position of each face's frame among those F.
        numbers: ``(N,)`` track numbers.
        boxes: ``(N, 4)`` left, top, right and bottom, in pixels.
        probabilities: ``(N, K)``.
        unreadable: ``(N,)`` the reason why a face was not read; empty if it was.
    """

    clip: str
    classes: tuple[str, ...]
    times: NDArray[np.float64]
    spans: NDArray[np.float64]
    frames: NDArray[np.int64]
    numbers: NDArray[np.int64]
    boxes: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    unreadable: NDArray[np.object_]

    @cached_property
    def tracks(self) -> tuple[int, ...]:
        """The track numbers, in order of appearance."""
        return tuple(dict.fromkeys(self.numbers.tolist()))

    @property
    def span(self) -> tuple[float, float]:
        """Start and end of the analysed time, in seconds."""
        return (float(self.times[0]), float(self.times[-1] + self.spans[-1])) if len(self.times) else (0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Recording:
    """One person in one clip over time.

    Attributes:
        person, clip, condition: names; the condition may be empty.
        classes: the K expressions.
        times, spans: ``(F,)`` time and duration of each analysed frame of the clip, in seconds.
        probabilities: ``(F, K)``; NaN where the person was not read.
        reasons: ``(F,)`` why the person was not read: ``no_face``, or a reason of ``inference.readability``; empty if read.
        boxes: ``(F, 4)`` left, top, right and bottom of the face in pixels; NaN where the person was not read.
        block: start and end of the block that it is about, in seconds of the clip; None for that of its frames.
    """

    person: str
    clip: str
    condition: str
    classes: tuple[str, ...]
    times: NDArray[np.float64]
    spans: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    reasons: NDArray[np.str_]
    boxes: NDArray[np.float64]
    block: tuple[float, float] | None = None

    @property
    def start(self) -> float:
        """Where it starts, in seconds of the clip; latencies count from there."""
        return self.block[0] if self.block else float(self.times[0]) if len(self.times) else 0.0

    @property
    def end(self) -> float:
        """Where it ends, in seconds of the clip."""
        return self.block[1] if self.block else float(self.times[-1] + self.spans[-1]) if len(self.times) else 0.0

    @property
    def readable(self) -> NDArray[np.bool_]:
        """``(F,)`` whether the person was read."""
        return np.asarray(self.reasons == "")

    def within(self, keep: NDArray[np.bool_]) -> Recording:
        """The same for some of the frames ``(F,)``."""
        return Recording(
            self.person,
            self.clip,
            self.condition,
            self.classes,
            self.times[keep],
            self.spans[keep],
            self.probabilities[keep],
            self.reasons[keep],
            self.boxes[keep],
        )

    def in_block(self, start: float, end: float, condition: str) -> Recording:
        """The frames that begin in a block of the clip; a frame stands for the time until the next one."""
        part = self.within((self.times >= start - EARLY) & (self.times < end - EARLY))
        block = max(start, self.start), min(end, self.end)
        return replace(part, condition=condition, block=block if block[0] < block[1] else (start, start))


def read(path: Path, clip: str) -> ClipRows:
    """Read the rows of a clip, as ``videos.job`` writes them to CSV.

    Raises:
        DataError: the file can't be read, or is not of this kind.
    """
    times, values, places = array("d"), array("d"), array("q")
    unreadable: list[str] = []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file)
            columns = [name for name in table.fieldnames or () if name.startswith(PROBABILITY)]
            last = ""
            for row in table:
                if row["frame"] != last:
                    last = row["frame"]
                    times.append(float(row["time"]))
                if row["status"] == "face":
                    places.extend((len(times) - 1, int(row["track"])))
                    values.extend(float(row[name]) for name in (*SIDES, *columns))
                    unreadable.append(sys.intern(row["unreadable"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"'{path}' does not have the rows of a clip ({error}): remove it to read the clip again."
        ) from None
    at = np.array(times, np.float64)
    frames, numbers = np.array(places, np.int64).reshape(-1, 2).T
    faces = np.array(values, np.float64).reshape(-1, len(SIDES) + len(columns))
    boxes, probabilities = faces[:, : len(SIDES)], faces[:, len(SIDES) :]
    classes = tuple(name.removeprefix(PROBABILITY) for name in columns)
    reasons = np.array(unreadable, np.object_)
    return ClipRows(clip, classes, at, _spans(at), frames, numbers, boxes, probabilities, reasons)


def _spans(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """The time from each frame to the next, but not over a pause, which is time without a face; the last frame gets the median."""
    if len(times) < 2:
        return np.full(len(times), ONLY)
    steps = np.diff(times).clip(0, pauses.after(float(np.median(np.diff(times)))))
    return np.append(steps, np.median(steps))


def by_person(rows: ClipRows, names: Sequence[str], condition: str = "", *, absent: str = "") -> Iterator[Recording]:
    """The recordings of the persons of a clip, in order of appearance.

    Args:
        rows: the rows of the clip.
        names: the person of each of ``rows.tracks``; several tracks may be of one person, of whose faces in one frame the
            largest counts.
        condition: of the clip.
        absent: the person of a clip without any face, who has a recording too; empty for none.
    """
    persons = dict(zip(rows.tracks, names, strict=True))
    given = list(dict.fromkeys(names or ([absent] if absent else [])))
    numbers = {person: number for number, person in enumerate(given)}
    of_face = np.array([numbers[persons[track]] for track in rows.numbers.tolist()], np.int64)
    sides = (rows.boxes[:, 2:] - rows.boxes[:, :2]).min(1, initial=np.inf)
    for number, person in enumerate(given):
        own = np.flatnonzero(of_face == number)
        own = own[np.lexsort((-sides[own], rows.frames[own]))]  # in each frame the largest first
        frames, first = np.unique(rows.frames[own], return_index=True)
        yield _recording(rows, person, condition, frames, own[first])


def _recording(
    rows: ClipRows, person: str, condition: str, frames: NDArray[np.int64], faces: NDArray[np.int64]
) -> Recording:
    """The recording of a person who has these faces in these frames."""
    num_frames = len(rows.times)
    probabilities, boxes = np.full((num_frames, len(rows.classes)), np.nan), np.full((num_frames, 4), np.nan)
    reasons = np.full(num_frames, "no_face", f"<U{LONGEST}")
    reasons[frames] = rows.unreadable[faces]
    is_read = rows.unreadable[faces] == ""
    probabilities[frames[is_read]] = rows.probabilities[faces[is_read]]
    boxes[frames[is_read]] = rows.boxes[faces[is_read]]
    head = person, rows.clip, condition, rows.classes, rows.times, rows.spans
    return Recording(*head, probabilities, reasons, boxes)


@dataclass(frozen=True)
class Track:
    """A track of a clip and its person."""

    clip: Annotated[str, "clip"]
    track: Annotated[
        int,
        "track number: a face that is followed without a gap of more than a second (or one and a half intervals between "
        "analysed frames, if that is longer), and not over a cut",
    ]
    person: Annotated[str, "person"]
    first: Annotated[float, "time of its first face, in seconds of the clip"]
    last: Annotated[float, "time of its last face, in seconds of the clip"]
    frames: Annotated[int, "number of analysed frames with its face"]


def tracks_of(rows: ClipRows, names: Sequence[str]) -> Iterator[Track]:
    """The tracks of a clip; ``names`` as for ``by_person``."""
    for track, name in zip(rows.tracks, names, strict=True):
        times = rows.times[rows.frames[rows.numbers == track]]
        yield Track(rows.clip, track, name, float(times[0]), float(times[-1]), len(times))
