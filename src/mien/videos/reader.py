"""Read the frames of a video upright, with their times: from a file, a webcam or a URL, through PyAV."""

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
"""Number of consecutive undecodable packets that ends the video."""

MAX_WAITING = 2000
"""Maximum number of buffered packets since the last key frame before ``start``; above it, all packets are decoded."""

STEPS_BACK = (0.0, 2.0, 10.0, 60.0)
"""Offsets before ``start``, in seconds, that are tried in turn when seeking; if all fail, the video is read from its beginning."""

MAX_STRETCH = 4.0
"""Maximum pixel aspect ratio, in either direction; larger ones are ignored."""

SLACK, SLACK_FRAMES = 0.1, 2.5
"""Tolerance of the declared end, in seconds and frames, as headers are rounded and count reordered frames."""

EARLY = 1e-6
"""Tolerance of ``start`` and ``end`` in seconds, for rounding."""

Seconds = Annotated[float, Between(0, 1e9)]
Packet: TypeAlias = "av.Packet[Any]"  # as a string: older releases of PyAV have no such type


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a video.

    Attributes:
        number: index from 0, counted from the first yielded frame.
        time: seconds since the start of the video.
        picture: the decoded frame, source of ``pixels``.
        stretch: pixel aspect ratio (width / height); not 1 on DVDs and in DV.
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
    """An open video; use it in a ``with`` statement.

    Args:
        source: a file, a URL (``rtsp://...``, ``https://...``), or the number of a webcam, such as ``"0"``.
        start: start time in seconds.
        end: end time in seconds; None for the end of the video.
        wait: timeout of a stream, in seconds.
        max_pixels: maximum height times width of a frame with square pixels; None for ``images.MAX_PIXELS``.

    Attributes:
        stream: the video stream of PyAV; covers and thumbnails are ignored.
        audio: the first audio stream, or None.
        duration: in seconds; None if unknown, as for a webcam. An estimate in some formats.
        rate: mean frame rate, in frames per second.
        offset: time of the first frame in seconds from the start of the file, as players count; above 0 if the sound starts earlier.
        num_broken: number of undecodable frames so far.
        num_large: number of frames above ``max_pixels`` so far, if a stream changes its size; they are left out.
        missing: seconds that the header declares but the file lacks, as it is truncated. 0 if nothing is missing, before the
            end is reached, and in formats without a declared length (MPEG-TS, Ogg).
        lost: reason for an early end, such as a lost connection or device, or None.

    Raises:
        VideoError: it can't be opened, has no video stream, or is above ``max_pixels``.
        ArgumentError: an argument has the wrong type or is out of range.
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
        self._num_bad = 0  # consecutive undecodable packets
        self._shown = 0.0  # end time of the last decoded frame
        self._is_cut_off = False  # whether the last packet lacks its end
        self._reached: dict[int, float] = {}  # by stream, the end time of its last packet, in the file's clock
        self._open()
        self.rate = float(self.stream.average_rate or self.stream.guessed_rate or 25)
        length = self._container.duration
        self.duration = length / av.time_base if length and length > 0 else None
        begin = self._container.start_time
        self.offset = 0.0 if begin is None else max(0.0, self.origin() - begin / av.time_base)
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
        """Yield the frames from ``start`` to ``end`` in order; the memory doesn't grow with the length.

        Undecodable frames are left out and counted in ``num_broken``. Times are those of the file, so a variable frame rate is
        kept; a frame without a time follows the last one by one frame. If recordings were joined and the timestamps restart,
        the times continue.

        Args:
            on_audio: called with each audio packet between ``start`` and ``end``.

        Raises:
            VideoError: no frame can be decoded, or there is none between ``start`` and ``end``.
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
        """The time of the first frame in the file's own clock, in seconds."""
        start = self.stream.start_time
        return float(start * self.stream.time_base) if start is not None and self.stream.time_base else 0.0

    def _from_start(self, heard: list[Packet]) -> Iterator[tuple[float, av.VideoFrame]]:
        """Times and frames, from a frame at or before ``start``, or from the first one."""
        if self.start > 0 and container.is_seekable(self._container):
            for back in STEPS_BACK:
                sought = self.start + self.origin() - back
                if sought <= self.origin():
                    break
                try:
                    self._container.seek(int(sought * av.time_base), backward=True)
                except (av.FFmpegError, OSError):  # a server that can't seek
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
        """Times and frames from the current position; audio packets are appended to ``heard``."""
        times, last = FrameTimes(), None
        for packet in self._near_start(self._whole(self._packets(heard))):
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

    def _whole(self, packets: Iterator[Packet]) -> Iterator[Packet]:
        """Leave out a last packet that is cut off.

        When it fails to decode, FFmpeg drops the frames that its other threads still hold: their number depends on the processor.
        """
        held: Packet | None = None
        for packet in packets:
            is_end = not packet.size and packet.dts is None
            if held is not None and not is_end:
                yield held
                held = None
            if packet.is_corrupt:
                held = packet
            else:
                yield packet
        if held is not None:
            self._note_broken()
            self._is_cut_off = True

    def _near_start(self, packets: Iterator[Packet]) -> Iterator[Packet]:
        """Drop the packets before the last key frame at or before ``start``, which need no decoding."""
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
        """The video packets, with times that continue where recordings were joined."""
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
        """The video and audio packets, unchanged."""
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
            return []  # an empty packet is a repeated frame in Theora; one without a time ends a stream
        try:
            pictures = packet.decode()
        except av.EOFError:
            return []
        except (av.FFmpegError, OSError, ValueError):  # decoder errors concern this packet only
            self._note_broken()
            return []
        self._num_bad = 0
        return pictures

    def _note_error(self, error: Exception) -> None:
        if not isinstance(error, av.InvalidDataError):
            self.lost = container.words(error)  # the connection or the device is lost, not just one packet
            return
        self._note_broken()

    def _note_broken(self) -> None:
        self.num_broken += 1
        self._num_bad += 1

    def _since_origin(self, packet: Packet, value: int | None) -> float | None:
        return None if value is None or packet.time_base is None else float(value * packet.time_base) - self.origin()

    def _time(self, time: float | None, last: float | None) -> float:
        """Seconds since the start of the video for a frame with this time in the file's clock, after a frame at ``last``."""
        step = 1 / self.rate
        if time is None:
            return 0.0 if last is None else last + step
        time -= self.origin()
        return max(time, 0.0) if last is None else time if time > last else last + min(step, 1e-3)

    def _is_wanted(self, packet: Packet) -> bool:
        """Whether an audio packet is between ``start`` and ``end``."""
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
        cut = self._is_cut_off / self.rate  # this frame is counted as broken
        self.missing = gap - cut if gap > SLACK + SLACK_FRAMES / self.rate else 0.0

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
            cut = f", as {self.missing:.1f} s are missing" if self.missing else ""
            raise VideoError(
                f"'{self.source}' ends before the requested start ({self.start:g} s){cut}: choose an earlier start."
            )
        if self.lost:
            raise VideoError(f"'{self.source}' can't be read ({self.lost}): check the source and the connection.")
        if self.num_large:
            raise VideoError(
                f"All frames of '{self.source}' have more than the {self.max_pixels:,} pixels allowed (--max-pixels): make it smaller."
            )
        if self.num_broken:
            codec = self.stream.codec_context.name
            raise VideoError(
                f"'{self.source}' is damaged: none of its frames can be decoded. If a player shows it, the installed FFmpeg "
                f"doesn't support this kind of '{codec}': convert it, for example to H.264."
            )
        raise VideoError(f"'{self.source}' has no frames between {self.start:g} s and its end: check it in a player.")


def _stretch(stream: Any) -> float:
    """The pixel aspect ratio (width / height); 1 if the declared one is invalid."""
    ratio = stream.codec_context.sample_aspect_ratio or stream.sample_aspect_ratio
    stretch = float(ratio) if ratio else 1.0
    return stretch if 1 / MAX_STRETCH <= stretch <= MAX_STRETCH else 1.0


def _lasts(picture: av.VideoFrame, rate: float) -> float:
    """Display time of a frame, in seconds."""
    duration = getattr(picture, "duration", None)
    return float(duration * picture.time_base) if duration and picture.time_base else 1 / rate


def _hand_on(heard: list[Packet], on_audio: Callable[[Packet], None] | None) -> None:
    if on_audio is not None:
        for packet in heard:
            on_audio(packet)
    heard.clear()
