"""A clip's frames, upright, with their times: a file, a webcam or a stream by URL, through PyAV."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import av
import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.errors import VideoError

MAX_BROKEN = 1000
"""So many packets in a row that can't be decoded end the clip."""

Packet: TypeAlias = "av.Packet[Any]"  # as text: older releases of PyAV know no type of stream

WEBCAMS = {"linux": ("v4l2", "/dev/video{}"), "darwin": ("avfoundation", "{}"), "win32": ("dshow", "video={}")}
"""How each system names a webcam: FFmpeg's format, and the device by its number."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a clip.

    Attributes:
        number: counted from 0 at the first frame that is delivered.
        time: seconds since the clip's start.
        picture: the decoded frame, for ``pixels``.
    """

    number: int
    time: float
    picture: av.VideoFrame

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """``(H, W, 3)`` ``uint8``, red, green, blue, upright."""
        upright = np.rot90(self.picture.to_ndarray(format="rgb24"), round(self.picture.rotation / 90) % 4)
        return np.ascontiguousarray(upright)


class Clip:
    """A clip that is open for reading; use it in a ``with``.

    Args:
        source: a file, a URL (``rtsp://...``, ``https://...``), or a webcam by its number, such as ``"0"``.
        start: seconds into the clip at which to begin.
        end: seconds into the clip at which to stop; None reads to its end.
        wait: seconds to wait for a stream before giving up.

    Attributes:
        duration: seconds in all, or None where it isn't known, as of a webcam.
        rate: frames per second, on average.
        num_broken: frames that could not be decoded so far.
        lost: why reading ended early, as where a connection or a device was lost, or None.

    Raises:
        VideoError: it can't be opened, or has no video stream.
    """

    def __init__(self, source: str, *, start: float = 0.0, end: float | None = None, wait: float = 10.0) -> None:
        self.source = source
        self.start, self.end = start, end
        self.num_broken = 0
        self.lost: str | None = None
        self._container = self._open(wait)
        if not self._container.streams.video:
            others = (
                ", ".join(sorted({stream.type for stream in self._container.streams})) or "nothing that can be read"
            )
            self._container.close()
            raise VideoError(f"'{source}' has no picture, only {others}: name a video.")
        self.stream = self._container.streams.video[0]
        self.stream.thread_type = "AUTO"
        self.audio = self._container.streams.audio[0] if self._container.streams.audio else None
        width, height = self.stream.codec_context.width, self.stream.codec_context.height
        if width * height > images.MAX_PIXELS:
            self._container.close()
            raise VideoError(
                f"'{source}' has frames of {width}x{height} pixels, more than the {images.MAX_PIXELS:,} allowed."
            )
        self.rate = float(self.stream.average_rate or self.stream.guessed_rate or 25)
        length = self._container.duration
        self.duration = length / av.time_base if length and length > 0 else None

    def _open(self, wait: float) -> Any:
        source, form = self.source, None
        if source.isdigit() and not Path(source).exists():
            form, device = WEBCAMS.get(sys.platform, WEBCAMS["linux"])
            source = device.format(source)
        elif "://" not in source and not source.startswith("/dev/"):
            if Path(source).is_dir():
                raise VideoError(f"'{source}' is a folder: name one clip in it.")
            if not Path(source).exists():
                raise VideoError(f"There is no clip '{source}': check the path.")
            if Path(source).stat().st_size == 0:
                raise VideoError(f"'{source}' is empty (0 bytes): replace the file.")
        elif source.startswith("/dev/video"):
            form = "v4l2"
        try:
            return av.open(source, format=form, timeout=(wait, wait), metadata_errors="replace")
        except (av.FFmpegError, OSError, ValueError) as error:
            raise VideoError(
                f"'{self.source}' can't be opened as a video ({_words(error)}): check what it is."
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def frames(self, *, on_audio: Callable[[Packet], None] | None = None) -> Iterator[Frame]:
        """Yield the frames from ``start`` to ``end`` in order; memory doesn't grow with the clip.

        Frames that can't be decoded are left out and counted in ``num_broken``. Times come from the clip, so a variable
        frame rate is kept; where a frame has none, or one before the last frame's, it follows the last by one frame.

        Args:
            on_audio: takes each packet of sound within ``start`` and ``end``.

        Raises:
            VideoError: there is no frame that can be decoded, or none between ``start`` and ``end``.
        """
        if self.start > 0 and self.duration is not None:
            self._container.seek(int((self.start + self.origin()) * av.time_base), backward=True)
        streams = [self.stream, self.audio] if self.audio and on_audio else [self.stream]
        number, num_before, num_bad, last = 0, 0, 0, None
        packets = self._container.demux(streams)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    break
                if packet.stream is self.audio:
                    self._give(packet, on_audio)
                    continue
                pictures = packet.decode()
                num_bad = 0
            except av.EOFError:
                break
            except (av.FFmpegError, OSError, ValueError) as error:
                if not isinstance(error, av.InvalidDataError):
                    self.lost = _words(error)  # the connection or the device is gone, not just one packet
                    break
                self.num_broken += 1
                num_bad += 1
                if num_bad >= MAX_BROKEN:
                    break
                continue
            for picture in pictures:
                if getattr(picture, "is_corrupt", False):
                    self.num_broken += 1
                    continue
                time = self._time(picture, last)
                last = time
                if time < self.start - 1e-6:
                    num_before += 1
                    continue
                if self.end is not None and time >= self.end:
                    self._check(number, num_before)
                    return
                yield Frame(number, time, picture)
                number += 1
        self._check(number, num_before)

    def origin(self) -> float:
        """The time, in the file's own count, at which the pictures begin, in seconds."""
        start = self.stream.start_time
        return float(start * self.stream.time_base) if start is not None and self.stream.time_base else 0.0

    def _time(self, picture: av.VideoFrame, last: float | None) -> float:
        step = 1 / self.rate
        if picture.time is None:
            return 0.0 if last is None else last + step
        time = float(picture.time) - self.origin()
        return max(time, 0.0) if last is None else time if time > last else last + min(step, 1e-3)

    def _give(self, packet: Packet, on_audio: Callable[[Packet], None] | None) -> None:
        if on_audio is None or packet.dts is None or packet.pts is None or packet.time_base is None:
            return
        time = float(packet.pts * packet.time_base) - self.origin()
        if time >= self.start and (self.end is None or time < self.end):
            on_audio(packet)

    def _check(self, number: int, num_before: int) -> None:
        if number:
            return
        if num_before:
            raise VideoError(
                f"'{self.source}' ends before the start that was asked for ({self.start:g} s): name an earlier one."
            )
        if self.lost:
            raise VideoError(f"'{self.source}' can't be read ({self.lost}): check it, and the connection to it.")
        if self.num_broken:
            raise VideoError(f"'{self.source}' is damaged: none of its frames can be decoded.")
        raise VideoError(f"'{self.source}' has no frames between {self.start:g} s and its end: check it in a player.")


def _words(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
