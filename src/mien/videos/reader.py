"""A clip's frames, upright, with their times: a file, a webcam or a stream by URL, through PyAV."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Annotated, Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.checks import Between, checked
from mien.errors import ArgumentError, VideoError
from mien.extras import needed
from mien.videos import container
from mien.videos.timestamps import ContinuousClock, FrameTimes, end_of

with needed("video"):
    import av

MAX_BROKEN = 1000
"""So many packets in a row that can't be decoded end the clip."""

MAX_WAITING = 2000
"""Packets since the last key frame that wait to be decoded, while ``start`` is far; beyond that, all are decoded."""

STEPS_BACK = (0.0, 2.0, 10.0, 60.0)
"""Seconds before ``start`` that are sought in turn, until the first frame there is not after it; then the clip is read from its beginning."""

MAX_STRETCH = 4.0
"""Largest ratio of a pixel's sides, in either direction, that is believed."""

SLACK, SLACK_FRAMES = 0.1, 2.5
"""Seconds and frames by which a clip may end before what its head declares, as heads are rounded and count reordered frames."""

EARLY = 1e-6
"""Seconds by which a frame may come before ``start`` and ``end``, for rounding."""

Seconds = Annotated[float, Between(0, 1e9)]
Packet: TypeAlias = "av.Packet[Any]"  # as text: older releases of PyAV know no type of stream


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a clip.

    Attributes:
        number: counted from 0 at the first frame that is delivered.
        time: seconds since the clip's start.
        picture: the decoded frame, for ``pixels``.
        stretch: width of a pixel by its height; other than 1 on DVDs and in DV.
    """

    number: int
    time: float
    picture: av.VideoFrame
    stretch: float = 1.0

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """``(H, W, 3)`` ``uint8``, red, green, blue, upright, with square pixels."""
        width = round(self.picture.width * self.stretch)
        rgb = self.picture.to_ndarray(format="rgb24", width=width, height=self.picture.height)
        return np.ascontiguousarray(np.rot90(rgb, round(self.picture.rotation / 90) % 4))


class VideoReader:
    """A clip that is open for reading; use it in a ``with``.

    Args:
        source: a file, a URL (``rtsp://...``, ``https://...``), or a webcam by its number, such as ``"0"``.
        start: seconds into the clip at which to begin.
        end: seconds into the clip at which to stop; None reads to its end.
        wait: seconds to wait for a stream before giving up.
        max_pixels: height times width of the largest frame that is read, once its pixels are square; None has
            ``images.MAX_PIXELS``.

    Attributes:
        stream: the film's stream, as PyAV has it; covers and thumbnails are passed over.
        audio: the first stream of sound, or None.
        duration: seconds in all, or None where it isn't known, as of a webcam. An estimate in some formats.
        rate: frames per second, on average.
        num_broken: frames that could not be decoded so far.
        num_large: frames of more than ``max_pixels`` so far, where a stream changes its size; they are left out.
        missing: seconds that the file's head declares and that were not there: the file is cut off. 0 where nothing is
            missing, before the end is reached, and in formats whose head says no length (MPEG-TS, Ogg).
        lost: why reading ended early, as where a connection or a device was lost, or None.

    Raises:
        VideoError: it can't be opened, has no film, or one of too many pixels.
        ArgumentError: an argument is of another kind or out of range.
    """

    @checked
    def __init__(
        self,
        source: str | os.PathLike[str],
        *,
        start: Seconds = 0.0,
        end: Seconds | None = None,
        wait: Seconds = 10.0,
        max_pixels: Annotated[int, Between(1, images.MOST_PIXELS)] | None = None,
    ) -> None:
        if end is not None and end <= start:
            raise ArgumentError(f"end={end:g} doesn't fit: it must come after start={start:g}.")
        self.source = os.fspath(source)
        self.start, self.end = start, end
        self.max_pixels = images.MAX_PIXELS if max_pixels is None else max_pixels
        self.num_broken = self.num_large = 0
        self.missing = 0.0
        self.lost: str | None = None
        self._wait = wait
        self._num_bad = 0  # packets in a row that could not be decoded
        self._shown = 0.0  # when the last decoded frame is over
        self._reached: dict[int, float] = {}  # stream to the end of its last packet, by the file's clock
        self._open()
        self.rate = float(self.stream.average_rate or self.stream.guessed_rate or 25)
        length = self._container.duration
        self.duration = length / av.time_base if length and length > 0 else None
        self._declared, self._own = container.declared_end(self._container, self.stream)

    def _open(self) -> None:
        self._container = container.open_container(self.source, self._wait)
        try:
            self.stream = container.film_stream(self._container, self.source)
            self.stretch = _stretch(self.stream)
            self._check_size(self.stream.codec_context.width, self.stream.codec_context.height)
        except VideoError:
            self._container.close()
            raise
        self.stream.thread_type = "AUTO"
        self.audio = self._container.streams.audio[0] if self._container.streams.audio else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def frames(self, *, on_audio: Callable[[Packet], None] | None = None) -> Iterator[Frame]:
        """Yield the frames from ``start`` to ``end`` in order; memory doesn't grow with the clip.

        Frames that can't be decoded are left out and counted in ``num_broken``. Times come from the clip, so a variable
        frame rate is kept; where a frame has none, it follows the last by one frame. Where recordings were joined and the
        clock starts anew, the times go on.

        Args:
            on_audio: takes each packet of sound within ``start`` and ``end``.

        Raises:
            VideoError: there is no frame that can be decoded, or none between ``start`` and ``end``.
        """
        number, num_before = 0, 0
        heard: list[Packet] = []
        for time, picture in self._from_start(heard):
            _hand_on(heard, on_audio)
            if time < self.start - EARLY:
                num_before += 1
                continue
            if self.end is not None and time >= self.end - EARLY:
                self._check(number, num_before)
                return
            yield Frame(number, time, picture, self.stretch)
            number += 1
        _hand_on(heard, on_audio)
        self._note_missing()
        self._check(number, num_before)

    def origin(self) -> float:
        """The time, in the file's own count, at which the pictures begin, in seconds."""
        start = self.stream.start_time
        return float(start * self.stream.time_base) if start is not None and self.stream.time_base else 0.0

    def _from_start(self, heard: list[Packet]) -> Iterator[tuple[float, av.VideoFrame]]:
        """Times and pictures from some frame on that is not after ``start``, or from the clip's first one."""
        if self.start > 0 and container.is_seekable(self._container):
            for back in STEPS_BACK:
                sought = self.start + self.origin() - back
                if sought <= self.origin():
                    break
                try:
                    self._container.seek(int(sought * av.time_base), backward=True)
                except (av.FFmpegError, OSError):  # a server that can't skip ahead
                    break
                pictures = self._pictures(heard)
                first = next(pictures, None)
                if first is not None and first[0] <= self.start + EARLY:
                    yield first
                    yield from pictures
                    return
                heard.clear()
            self._container.close()
            self._open()
        yield from self._pictures(heard)

    def _pictures(self, heard: list[Packet]) -> Iterator[tuple[float, av.VideoFrame]]:
        """Times and pictures from where the container stands; packets of sound are added to ``heard`` as they come."""
        times, last = FrameTimes(), None
        for packet in self._near_start(self._packets(heard)):
            for picture in self._decoded(packet):
                last = self._time(times.of(picture), last)
                self._shown = max(self._shown, last + _lasts(picture, self.rate))
                is_large = self._is_large(picture.width, picture.height)
                is_broken = bool(getattr(picture, "is_corrupt", False))
                if not (is_large or is_broken):
                    yield last, picture
                elif last >= self.start - EARLY:
                    self.num_large += is_large
                    self.num_broken += not is_large
            if self.lost or self._num_bad >= MAX_BROKEN:
                return

    def _near_start(self, packets: Iterator[Packet]) -> Iterator[Packet]:
        """Leave out what comes before the last key frame that is not after ``start``: no need to decode it."""
        waiting: list[Packet] | None = [] if self.start > 0 else None
        for packet in packets:
            if waiting is None:
                yield packet
                continue
            begin, decoded = self._since_origin(packet, packet.pts), self._since_origin(packet, packet.dts)
            if packet.is_keyframe and begin is not None and begin <= self.start:
                waiting.clear()
            waiting.append(packet)
            if decoded is None or decoded > self.start or len(waiting) > MAX_WAITING:
                yield from waiting
                waiting = None
        yield from waiting or ()

    def _packets(self, heard: list[Packet]) -> Iterator[Packet]:
        """The film's packets, with times that go on where recordings were joined."""
        may_jump = bool(self._container.format.flags & container.TS_DISCONT)
        for packet in ContinuousClock(self.stream.index, may_jump).corrected(self._demuxed()):
            index = packet.stream.index
            if packet.pts is not None or packet.dts is not None:
                self._reached[index] = max(self._reached.get(index, 0.0), end_of(packet))
            if index == self.stream.index:
                yield packet
            elif self.audio is not None and index == self.audio.index and self._is_wanted(packet):
                heard.append(packet)

    def _demuxed(self) -> Iterator[Packet]:
        """The packets of picture and sound, as they are in the file."""
        packets = self._container.demux()
        while not self.lost and self._num_bad < MAX_BROKEN:
            try:
                packet = next(packets, None)
            except av.EOFError:
                return
            except (av.FFmpegError, OSError, ValueError) as error:
                self._note_error(error)
                continue
            if packet is None:
                return
            if packet.stream.type in ("video", "audio"):
                yield packet

    def _decoded(self, packet: Packet) -> list[av.VideoFrame]:
        if not packet.size and packet.dts is not None:
            return []  # a frame that is as the last one, in Theora; the packet without a time that ends a stream is no frame
        try:
            pictures = packet.decode()
        except av.EOFError:
            return []
        except (av.FFmpegError, OSError, ValueError):  # whatever a decoder says is about this packet only
            self._note_broken()
            return []
        self._num_bad = 0
        return pictures

    def _note_error(self, error: Exception) -> None:
        if not isinstance(error, av.InvalidDataError):
            self.lost = container.words(error)  # the connection or the device is gone, not just one packet
            return
        self._note_broken()

    def _note_broken(self) -> None:
        self.num_broken += 1
        self._num_bad += 1

    def _since_origin(self, packet: Packet, value: int | None) -> float | None:
        return None if value is None or packet.time_base is None else float(value * packet.time_base) - self.origin()

    def _time(self, time: float | None, last: float | None) -> float:
        """The time since the clip's start of a frame with this time by the file's clock, after one at ``last``."""
        step = 1 / self.rate
        if time is None:
            return 0.0 if last is None else last + step
        time -= self.origin()
        return max(time, 0.0) if last is None else time if time > last else last + min(step, 1e-3)

    def _is_wanted(self, packet: Packet) -> bool:
        """Whether a packet of sound lies within ``start`` and ``end``."""
        time = self._since_origin(packet, packet.pts)
        if time is None or packet.dts is None:
            return False
        return time >= self.start and (self.end is None or time < self.end)

    def _note_missing(self) -> None:
        if self._declared is None:
            return
        expected = self._declared if self.end is None else min(self._declared, self.end + self.origin())
        reached = self._shown + self.origin() if self._own else max(self._reached.values(), default=0.0)
        gap = expected - reached
        self.missing = gap if gap > SLACK + SLACK_FRAMES / self.rate else 0.0

    def _is_large(self, width: int, height: int) -> bool:
        return round(width * self.stretch) * height > self.max_pixels

    def _check_size(self, width: int, height: int) -> None:
        if self._is_large(width, height):
            raise VideoError(
                f"'{self.source}' has frames of {round(width * self.stretch)}x{height} pixels, more than the {self.max_pixels:,} "
                "allowed (--max-pixels): make it smaller."
            )

    def _check(self, number: int, num_before: int) -> None:
        if number:
            return
        if num_before:
            cut = f", as {self.missing:.1f} s of it are missing" if self.missing else ""
            raise VideoError(
                f"'{self.source}' ends before the start that was asked for ({self.start:g} s){cut}: name an earlier one."
            )
        if self.lost:
            raise VideoError(f"'{self.source}' can't be read ({self.lost}): check it, and the connection to it.")
        if self.num_large:
            raise VideoError(
                f"All frames of '{self.source}' have more than the {self.max_pixels:,} pixels allowed (--max-pixels): make it smaller."
            )
        if self.num_broken:
            codec = self.stream.codec_context.name
            raise VideoError(
                f"'{self.source}' is damaged: none of its frames can be decoded. If a player shows it, the FFmpeg that is "
                f"installed doesn't know this kind of '{codec}': convert it, to H.264 for one."
            )
        raise VideoError(f"'{self.source}' has no frames between {self.start:g} s and its end: check it in a player.")


def _stretch(stream: Any) -> float:
    """The width of a pixel by its height; 1 where what the file says can't be."""
    ratio = stream.codec_context.sample_aspect_ratio or stream.sample_aspect_ratio
    stretch = float(ratio) if ratio else 1.0
    return stretch if 1 / MAX_STRETCH <= stretch <= MAX_STRETCH else 1.0


def _lasts(picture: av.VideoFrame, rate: float) -> float:
    """Seconds for which a frame is shown."""
    duration = getattr(picture, "duration", None)
    return float(duration * picture.time_base) if duration and picture.time_base else 1 / rate


def _hand_on(heard: list[Packet], on_audio: Callable[[Packet], None] | None) -> None:
    if on_audio is not None:
        for packet in heard:
            on_audio(packet)
    heard.clear()
