"""Analyse a video: detect and track the faces of each frame, smooth their probabilities, and find segments of one expression."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from mien.checks import Between, checked
from mien.inference import priors
from mien.inference.photo import Face, Reader
from mien.typed_json import JsonObject
from mien.videos import pauses
from mien.videos.pauses import PAUSE
from mien.videos.reader import Frame, Packet, VideoReader
from mien.videos.sightings import Sighting, Watcher
from mien.videos.tracking import Tracker

SMOOTHING = 0.3
"""Default smoothing time in seconds: an expression takes about half a second to form."""

MIN_SEGMENT = 0.4
"""Minimum duration of a segment, in seconds."""


@dataclass(frozen=True)
class TrackedFace:
    """A face in a frame, with its track number. Probabilities and label are smoothed over the last frames of the track."""

    track: int
    face: Face


@dataclass(frozen=True, eq=False)
class FrameReading:
    """The predictions for one frame.

    Attributes:
        frame: the frame itself.
        faces: its faces.
        fresh: whether the frame was analysed; with ``every`` above 1, the frames in between repeat the last faces.
    """

    frame: Frame
    faces: tuple[TrackedFace, ...]
    fresh: bool = True

    def rows(self, *, with_empty: bool = False) -> list[JsonObject]:
        """One row per face; ``with_empty`` gives a frame without faces one row ``no_face``."""
        return face_rows(self.frame.number, self.frame.time, self.faces, with_empty=with_empty)


def face_rows(frame: int, time: float, faces: Sequence[TrackedFace], *, with_empty: bool = False) -> list[JsonObject]:
    """The rows of a frame, see ``FrameReading.rows``."""
    head = {"frame": frame, "time": round(time, 4)}
    if not faces and with_empty:
        return [head | {"status": "no_face"}]
    return [head | {"status": "face", "track": one.track} | one.face.to_dict() for one in faces]


@dataclass(frozen=True)
class Segment:
    """A time span in which one track shows one expression.

    Attributes:
        track: track number.
        start, end: in seconds.
        label: the expression.
        confidence: mean of its smoothed probability.
    """

    track: int
    start: float
    end: float
    label: str
    confidence: float

    def to_dict(self) -> JsonObject:
        """Plain values for JSON."""
        return dataclasses.asdict(self)

    @property
    def span(self) -> str:
        """The time span as text, such as ``0:12–0:17``."""
        return f"{clock(self.start)}–{clock(self.end)}"


def read_video(
    reader: Reader,
    clip: VideoReader,
    *,
    every: int = 1,
    smoothing: float = SMOOTHING,
    on_audio: Callable[[Packet], None] | None = None,
) -> Iterator[FrameReading]:
    """Analyse a video frame by frame; the memory doesn't grow with its length.

    Args:
        reader: detects the faces and predicts them.
        clip: the open video.
        every: analyse every Nth frame only.
        smoothing: time constant of the smoothing of a track's probabilities, in seconds; 0 is off.
        on_audio: as in ``VideoReader.frames``.

    Yields:
        The predictions for every frame; those in between are not fresh.

    Raises:
        VideoError: the video can't be read.
        ArgumentError: an argument has the wrong type or is out of range.
    """
    check(every, smoothing)
    return _readings(reader, clip, every, smoothing, on_audio)


@checked
def check(every: Annotated[int, Between(1, 1_000_000_000)], smoothing: Annotated[float, Between(0, 1e9)]) -> None:
    """Check the arguments of ``read_video`` before the first frame is read.

    Raises:
        ArgumentError: one has the wrong type or is out of range.
    """


def _readings(
    reader: Reader, clip: VideoReader, every: int, smoothing: float, on_audio: Callable[[Packet], None] | None
) -> Iterator[FrameReading]:
    max_gap = pauses.after(every / clip.rate)
    watcher, follower = Watcher(reader), Follower(smoothing, reader.options.abstain, max_gap=max_gap)
    faces: tuple[TrackedFace, ...] = ()
    for frame in clip.frames(on_audio=on_audio):
        if frame.number % every:
            yield FrameReading(frame, faces, fresh=False)
            continue
        faces = follower.follow(watcher.look(frame))
        yield FrameReading(frame, faces)


class Follower:
    """Track the faces of a video from frame to frame, and smooth their probabilities.

    Args:
        smoothing: time constant in seconds; 0 is off.
        abstain: as in ``Options``.
        adjust: changes the probabilities ``(N, K)`` of a frame before they are smoothed; None leaves them.
        max_gap: time for which a track without boxes is kept, in seconds.
    """

    def __init__(
        self,
        smoothing: float,
        abstain: float,
        adjust: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None,
        *,
        max_gap: float = PAUSE,
    ) -> None:
        self._tracker, self._smoother = Tracker(max_gap), Smoother(smoothing, max_gap)
        self._abstain, self._adjust = abstain, adjust

    def follow(self, sighting: Sighting) -> tuple[TrackedFace, ...]:
        """The faces of the next frame, with their tracks and smoothed probabilities."""
        if sighting.is_return:
            self._tracker.recall()
        elif sighting.is_cut:
            self._tracker.forget()
        boxes = np.array(sighting.boxes, np.float32).reshape(-1, 4)
        numbers = self._tracker.update(boxes, sighting.time)
        rows = sighting.probabilities
        if self._adjust is not None and len(rows):
            rows = self._adjust(rows)
        return tuple(
            TrackedFace(number, face.with_probabilities(self._smoother(number, row, sighting.time), self._abstain))
            for number, face, row in zip(numbers, sighting.faces, rows, strict=True)
        )


def estimate_prior(reader: Reader, clip: VideoReader, *, every: int = 1) -> NDArray[np.float64]:
    """Estimate the class shares ``(K,)`` among the faces of a video; each frame counts separately.

    Raises:
        DataError: the video has too few faces.
        VideoError: it can't be read.
    """
    seen = [
        reader.classifier.probabilities(reader.find(frame.pixels, still=False).crops, flip=reader.flip)
        for frame in clip.frames()
        if frame.number % every == 0
    ]
    none = np.empty((0, len(reader.classifier.classes)), np.float32)
    return priors.estimate(np.concatenate([none, *seen]), reader.classifier.shares)


class Segmenter:
    """Join predictions into segments as they arrive; changes shorter than ``MIN_SEGMENT`` are ignored.

    A segment ends with the first frame of another expression, or with its own last frame if the face was not read after it.

    Args:
        max_gap: time over which a segment goes on without its expression, in seconds.
    """

    def __init__(self, max_gap: float = PAUSE) -> None:
        self.segments: list[Segment] = []
        self._open: dict[int, _Stretch] = {}
        self._rival: dict[int, _Stretch] = {}
        self._before = -math.inf  # time of the frame before
        self._max_gap = max_gap

    def add(self, reading: FrameReading) -> None:
        """Add a fresh frame; an abstained face belongs to no segment."""
        time = reading.frame.time
        for tracked in reading.faces:
            if not tracked.face.abstained:
                self._take(tracked.track, tracked.face.label, tracked.face.confidence, time)
        for number in [number for number, stretch in self._open.items() if time - stretch.last > self._max_gap]:
            self._end(number)
        self._before = time

    def finish(self) -> list[Segment]:
        """All segments, sorted by track and time."""
        while self._open:
            for number in list(self._open):
                self._end(number)
        return sorted(self.segments, key=lambda segment: (segment.track, segment.start))

    def _take(self, number: int, label: str, confidence: float, time: float) -> None:
        current, rival = self._open.get(number), self._rival.get(number)
        if current is None:
            self._open[number] = _Stretch(label, time).extended(confidence, time)
        elif current.label == label:
            current.extended(confidence, time)
            self._rival.pop(number, None)
        else:
            if current.end is None:
                current.end = time if current.last >= self._before else current.last
            if rival is None or rival.label != label:
                rival = self._rival[number] = _Stretch(label, time)
            if rival.extended(confidence, time).is_long:
                self._end(number)

    def _end(self, number: int) -> None:
        """End the segment of a track; its rival goes on."""
        stretch = self._open.pop(number)
        if number in self._rival:
            self._open[number] = self._rival.pop(number)
        if stretch.is_long:
            end = stretch.last if stretch.end is None else stretch.end
            confidence = round(stretch.total / stretch.num, 4)
            self.segments.append(Segment(number, round(stretch.start, 3), round(end, 3), stretch.label, confidence))


@dataclass
class _Stretch:
    """Frames of one expression: the first and the last one, and where the first one of another expression ends them."""

    label: str
    start: float
    last: float = 0.0
    end: float | None = None
    total: float = 0.0
    num: int = 0

    @property
    def is_long(self) -> bool:
        """Whether it lasts for ``MIN_SEGMENT``, to a microsecond, as differences of times are not exact."""
        return (self.last if self.end is None else self.end) - self.start >= MIN_SEGMENT - 1e-6

    def extended(self, confidence: float, time: float) -> _Stretch:
        """The same, with one more frame."""
        self.last, self.end, self.total, self.num = time, None, self.total + confidence, self.num + 1
        return self


class Smoother:
    """Exponential moving average of a track's probabilities, independent of the frame rate.

    Args:
        seconds: time constant; 0 is off.
        max_gap: time after which the average of a track starts anew, in seconds.
    """

    def __init__(self, seconds: float, max_gap: float = PAUSE) -> None:
        self.seconds, self.max_gap = seconds, max_gap
        self.rows: dict[int, tuple[float, NDArray[np.float32]]] = {}

    def __call__(self, track: int, row: NDArray[np.float32], time: float) -> NDArray[np.float32]:
        """The smoothed probabilities ``(K,)`` of a track at a non-decreasing time in seconds."""
        self.rows = {number: entry for number, entry in self.rows.items() if time - entry[0] <= self.max_gap}
        if track in self.rows and self.seconds > 0:
            before, average = self.rows[track]
            share = np.float32(1 - math.exp(-(time - before) / self.seconds))
            row = np.asarray(average + share * (row - average), np.float32)
        self.rows[track] = (time, row)
        return row


def clock(seconds: float) -> str:
    """Seconds as ``0:12`` or ``1:02:03``."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
