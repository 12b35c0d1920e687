"""Rows of a clip, read back as recordings: what one person showed in one clip over time."""

from __future__ import annotations

import csv
import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from mien.errors import DataError

MAX_SPAN = 1.0
"""Maximum time that one frame stands for, in seconds: a longer pause of the film is time without a face."""

EARLY = 1e-4
"""Tolerance of the start and end of a block in seconds, as the times of rows are rounded."""

PROBABILITY = "p_"
"""Prefix of the columns of probabilities."""


@dataclass(frozen=True, slots=True)
class FaceRow:
    """A face in a frame, from the rows of a clip.

    Attributes:
        frame: number of the frame.
        track: track number.
        box: left, top, right and bottom, in pixels.
        probabilities: ``(K,)``.
        unreadable: the reason why it was not read; empty if it was.
    """

    frame: int
    track: int
    box: tuple[float, float, float, float]
    probabilities: tuple[float, ...]
    unreadable: str

    @property
    def side(self) -> float:
        """The shorter side of its box, in pixels."""
        left, top, right, bottom = self.box
        return min(right - left, bottom - top)


@dataclass(frozen=True, eq=False)
class ClipRows:
    """The rows of one clip.

    Attributes:
        clip: its name.
        classes: the K expressions.
        times: ``(F,)`` time of each analysed frame, in seconds.
        spans: ``(F,)`` time that each frame stands for, in seconds: until the next one, at most ``MAX_SPAN``.
        faces: the faces, by frame.
    """

    clip: str
    classes: tuple[str, ...]
    times: NDArray[np.float64]
    spans: NDArray[np.float64]
    faces: tuple[tuple[FaceRow, ...], ...]

    @property
    def tracks(self) -> tuple[int, ...]:
        """The track numbers, in order of appearance."""
        return tuple(dict.fromkeys(face.track for faces in self.faces for face in faces))


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
    times: list[float] = []
    faces: list[tuple[FaceRow, ...]] = []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file)
            columns = [name for name in table.fieldnames or () if name.startswith(PROBABILITY)]
            for _, group in itertools.groupby(table, key=lambda row: row["frame"]):
                rows = list(group)
                times.append(float(rows[0]["time"]))
                faces.append(tuple(_face(row, columns) for row in rows if row["status"] == "face"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"'{path}' does not have the rows of a clip ({error}): remove it to read the clip again."
        ) from None
    at = np.array(times, np.float64)
    classes = tuple(name.removeprefix(PROBABILITY) for name in columns)
    return ClipRows(clip, classes, at, _spans(at), tuple(faces))


def _face(row: dict[str, str], columns: Sequence[str]) -> FaceRow:
    return FaceRow(
        frame=int(row["frame"]),
        track=int(row["track"]),
        box=(float(row["left"]), float(row["top"]), float(row["right"]), float(row["bottom"])),
        probabilities=tuple(float(row[name]) for name in columns),
        unreadable=row["unreadable"],
    )


def _spans(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """The time from each frame to the next, at most ``MAX_SPAN``; the last frame gets the median."""
    if len(times) < 2:
        return np.zeros(len(times))
    steps = np.diff(times).clip(0, MAX_SPAN)
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
    num_frames, num_classes = len(rows.times), len(rows.classes)
    for person in dict.fromkeys(names or ([absent] if absent else [])):
        probabilities, boxes = np.full((num_frames, num_classes), np.nan), np.full((num_frames, 4), np.nan)
        reasons = ["no_face"] * num_frames
        for number, faces in enumerate(rows.faces):
            face = max((one for one in faces if persons[one.track] == person), key=lambda one: one.side, default=None)
            if face is not None:
                reasons[number] = face.unreadable
                if not face.unreadable:
                    probabilities[number], boxes[number] = face.probabilities, face.box
        yield Recording(
            person,
            rows.clip,
            condition,
            rows.classes,
            rows.times,
            rows.spans,
            probabilities,
            np.array(reasons, np.str_),
            boxes,
        )


@dataclass(frozen=True)
class Track:
    """A track of a clip and its person."""

    clip: Annotated[str, "clip"]
    track: Annotated[
        int, "track number: a face that is followed without a gap of more than a second, and not over a cut"
    ]
    person: Annotated[str, "person"]
    first: Annotated[float, "time of its first face, in seconds of the clip"]
    last: Annotated[float, "time of its last face, in seconds of the clip"]
    frames: Annotated[int, "number of analysed frames with its face"]


def tracks_of(rows: ClipRows, names: Sequence[str]) -> Iterator[Track]:
    """The tracks of a clip; ``names`` as for ``by_person``."""
    seen: dict[int, list[float]] = defaultdict(list)
    for time, faces in zip(rows.times.tolist(), rows.faces, strict=True):
        for face in faces:
            seen[face.track].append(time)
    for track, name in zip(rows.tracks, names, strict=True):
        yield Track(rows.clip, track, name, seen[track][0], seen[track][-1], len(seen[track]))
