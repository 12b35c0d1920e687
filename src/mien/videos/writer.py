"""Write an annotated copy of a video with its audio, and draw a timeline."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from mien import emotions, files, palette
from mien.errors import OutputError
from mien.extras import needed
from mien.inference import annotate
from mien.videos import container
from mien.videos.analysis import FrameReading, Segment, clock
from mien.videos.reader import Packet, VideoReader
from mien.words import counted

with needed("video"):
    import av

CLOCK = Fraction(1, 60_000)
"""Time base of the copy's frames: fine enough for any frame rate, and within the limits of MPEG-4."""

CODECS = ("libx264", "mpeg4")
"""Encoders of the copy; the first available one is used."""

FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""Suffixes of a copy, with FFmpeg's format names."""

ENDINGS = tuple(FORMATS)
NUM_TRACKS = 24
"""Maximum number of tracks on a timeline, the longest ones."""


@contextmanager
def opened(path: Path, clip: VideoReader, *, sound: bool = True) -> Iterator[VideoWriter]:
    """Open a video file that appears at the end, atomically.

    Args:
        path: the file to write; its suffix is one of ``ENDINGS``.
        clip: the source video.
        sound: whether to keep its audio.

    Raises:
        OutputError: it can't be written to, or the format doesn't support the audio.
    """
    audio = clip.audio if sound else None
    if audio is not None:
        _check_sound(audio, path, clip.source)
    with files.atomic_write(path) as temporary:
        try:
            film = VideoWriter(temporary, clip, audio)
            try:
                yield film
            finally:
                film.close()
        except av.FFmpegError as error:
            advice = (
                "free some space"
                if error.errno == errno.ENOSPC
                else "choose another file format, or leave out the audio"
            )
            raise OutputError(f"'{path}' can't be written ({container.words(error)}): {advice}.") from None


def _check_sound(audio: Any, path: Path, source: str) -> None:
    ending = path.suffix.lower()
    if _fits(audio, FORMATS[ending]):
        return
    others = [other for other, form in FORMATS.items() if other != ending and _fits(audio, form)]
    codec = audio.codec_context.name if audio.codec_context is not None else "of an unknown kind"
    advice = f"choose a {' or '.join(others)} file" if others else "leave it out with --no-sound"
    raise OutputError(f"The audio of '{source}' ({codec}) can't be stored in a {ending} file: {advice}.")


def _fits(audio: Any, form: str) -> bool:
    """Whether a format supports an audio stream unchanged; some formats refuse it only when the header is written."""
    with av.open(io.BytesIO(), "w", format=form) as trial:
        try:
            trial.add_stream_from_template(audio)
            trial.start_encoding()
        except (av.FFmpegError, ValueError, TypeError, AttributeError):  # the last two if it has no codec
            return False
    return True


class VideoWriter:
    """Write an annotated copy: H.264 frames at the original times, and the audio packets unchanged.

    Args:
        path: the file to write; its suffix is one of ``ENDINGS``.
        clip: the source video.
        audio: its audio stream, supported by the format, or None to leave it out.
    """

    def __init__(self, path: Path, clip: VideoReader, audio: Any = None) -> None:
        self.clip = clip
        self.file = av.open(container.local(path), "w", format=FORMATS[path.suffix.lower()])
        self.video: Any = None
        self.audio = self.file.add_stream_from_template(audio) if audio is not None else None
        self.waiting: list[Packet] = []
        self.last = -1
        self.last_sound: int | None = None

    def hear(self, packet: Packet) -> None:
        """Buffer an audio packet."""
        if self.audio is not None:
            self.waiting.append(packet)

    def add(self, reading: FrameReading) -> None:
        """Draw the predictions on a frame and add it."""
        marks = [annotate.mark(tracked.face, tracked.track) for tracked in reading.faces]
        pixels = np.asarray(annotate.annotate(reading.frame.pixels, marks, enlarge=False))
        pixels = pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2]  # H.264 stores colour by 2x2 pixels
        if self.video is None:
            self._begin(pixels.shape[1], pixels.shape[0])
        self._mux_sound()
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        # A stream may change its size (joined recordings, a slow network); a file can't.
        picture = picture.reformat(self.video.width, self.video.height, "yuv420p")
        picture.time_base = CLOCK
        picture.pts = self.last = max(self.last + 1, round((reading.frame.time - self.clip.start) / CLOCK))
        self.file.mux(self.video.encode(picture))

    def close(self) -> None:
        """Flush the encoder."""
        if self.video is not None:
            self._mux_sound()
            self.file.mux(self.video.encode())
        self.file.close()

    def _begin(self, width: int, height: int) -> None:
        codec = next(name for name in CODECS if name in av.codecs_available)
        rate = max(Fraction(self.clip.rate).limit_denominator(1001), Fraction(1, 1000))
        self.video = self.file.add_stream(codec, rate=rate)
        self.video.width, self.video.height, self.video.pix_fmt = width, height, "yuv420p"
        self.video.codec_context.time_base = CLOCK
        if codec == "libx264":
            self.video.options = {"preset": "veryfast", "crf": "20"}

    def _mux_sound(self) -> None:
        for packet in self.waiting:
            packet.stream = self.audio
            shift = round((self.clip.start + self.clip.origin()) / packet.time_base) if packet.time_base else 0
            packet.pts = max(0, packet.pts - shift) if packet.pts is not None else None
            packet.dts = max(0, packet.dts - shift) if packet.dts is not None else None
            # At a restart, the audio of one recording may overlap the next one; containers refuse decreasing times.
            if packet.dts is None or (self.last_sound is not None and packet.dts <= self.last_sound):
                continue
            self.last_sound = packet.dts
            self.file.mux(packet)
        self.waiting = []


def draw_timeline(segments: Sequence[Segment], start: float, end: float, *, width: int = 1200) -> Image.Image:
    """Draw one row per track with its segments in colour, a time axis below and a legend above."""
    length = max(end - start, 1e-3)
    times = {track: sum(s.end - s.start for s in segments if s.track == track) for track in {s.track for s in segments}}
    tracks = sorted(sorted(times, key=lambda track: -times[track])[:NUM_TRACKS])
    margin, row, head, foot = 90, 34, 56, 44
    picture = Image.new("RGB", (width, head + row * max(1, len(tracks)) + foot), "white")
    labels = emotions.in_order({segment.label for segment in segments})
    colours = palette.colours(labels)
    draw, font, small = ImageDraw.Draw(picture), annotate.font(15, "".join(labels)), annotate.font(13)
    span = width - margin - 30

    def across(time: float) -> float:
        return margin + (min(max(time, start), end) - start) / length * span

    x = float(margin)
    for label in labels:
        draw.rectangle((x, 18, x + 16, 34), fill=colours[label])
        draw.text((x + 22, 26), label, fill="#24292f", font=font, anchor="lm")
        x += 22 + font.getlength(label) + 22
    if not tracks:
        draw.text((margin, head + row / 2), "no expression lasted long enough", fill="#57606a", font=font, anchor="lm")
    for number, track in enumerate(tracks):
        top = head + number * row
        draw.text((margin - 12, top + row / 2), f"face {track}", fill="#24292f", font=font, anchor="rm")
        draw.line((margin, top + row / 2, margin + span, top + row / 2), fill="#e4e7eb", width=2)
        for segment in segments:
            if segment.track == track:
                left, right = across(segment.start), across(segment.end)
                draw.rectangle((left, top + 5, max(right, left + 2), top + row - 5), fill=colours[segment.label])
    bottom = head + max(1, len(tracks)) * row
    draw.line((margin, bottom + 4, margin + span, bottom + 4), fill="#8c959f")
    for time in _ticks(start, end):
        draw.line((across(time), bottom + 4, across(time), bottom + 9), fill="#8c959f")
        draw.text((across(time), bottom + 22), clock(time), fill="#57606a", font=small, anchor="mm")
    if len(times) > len(tracks):
        more = f"and {counted(len(times) - len(tracks), 'shorter face')}"
        draw.text((margin + span, 26), more, fill="#57606a", font=small, anchor="rm")
    return picture


def _ticks(start: float, end: float) -> list[float]:
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
    step = next((step for step in steps if (end - start) / step <= 12), 14_400)
    first = -(-start // step) * step
    return [first + number * step for number in range(int((end - first) // step) + 1)]
