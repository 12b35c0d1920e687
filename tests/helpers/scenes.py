"""Photos for tests: drawn faces laid into soft backgrounds, so that what is to be found, and where, is known."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray
from PIL import Image

from mien.synthetic import drawn

Pixels = NDArray[np.uint8]


def background(width: int, height: int, seed: int = 0) -> Pixels:
    """A soft, coloured texture ``(height, width, 3)``."""
    return _background(width, height, seed).copy()


@lru_cache(maxsize=32)
def _background(width: int, height: int, seed: int) -> Pixels:
    rng = np.random.default_rng(seed)
    small = rng.integers(70, 190, (5, 8, 3), dtype=np.uint8)
    soft = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC), np.int16)
    grain = rng.normal(0, 3, (height, width, 1)).astype(np.int16)
    return np.asarray((soft + grain).clip(0, 255), np.uint8)


@lru_cache(maxsize=256)
def face(expression: str = "happy", side: int = 200, seed: int = 3) -> Pixels:
    """A drawn face ``(side, side)`` of somebody without glasses or beard, in grays; drawn once, so it can't be changed."""
    for person in range(seed, seed + 100):
        who = drawn.new_identity(np.random.default_rng(person))
        if not who.glasses and not who.beard:
            gray = drawn.draw_face(expression, who, np.random.default_rng(person), side)
            gray.flags.writeable = False
            return gray
    raise AssertionError("nobody without glasses")


def paste(photo: Pixels, gray: Pixels, left: int, top: int) -> None:
    """Lay a gray face onto a photo in place, fading at its rim."""
    side = len(gray)
    across = np.minimum(np.arange(side), np.arange(side)[::-1]) / (0.08 * side)
    fade = np.minimum(across[:, None], across[None]).clip(0, 1)[..., None]
    area = photo[top : top + side, left : left + side]
    area[:] = (area * (1 - fade) + gray[..., None] * fade).astype(np.uint8)


def scene(
    expressions: Sequence[str] = ("happy",), *, width: int = 640, height: int = 480, side: int = 200, seed: int = 0
) -> Pixels:
    """A photo ``(height, width, 3)`` with drawn faces side by side."""
    photo = background(width, height, seed)
    for number, expression in enumerate(expressions):
        left = round(width * (number + 0.5) / len(expressions) - side / 2)
        paste(photo, face(expression, side, 3 + 7 * number), left, (height - side) // 2)
    return photo


def save(photo: Pixels, path: Path, **options: Any) -> Path:
    """Write a photo in the format that the path's ending says."""
    Image.fromarray(photo).save(path, **options)
    return path


def encoded(photo: Pixels, kind: str = "JPEG", **options: Any) -> bytes:
    """A photo as the bytes of a file."""
    buffer = io.BytesIO()
    Image.fromarray(photo).save(buffer, kind, **options)
    return buffer.getvalue()


def clip(
    path: Path,
    frames: Iterable[Pixels],
    *,
    rate: int = 25,
    times: Sequence[float] | None = None,
    sound: bool | str = False,
    codec: str = "libx264",
    gop: int | None = None,
    aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video; ``times`` in seconds make its frame rate vary, ``sound`` adds a tone, by AAC or the codec that it names.

    ``gop`` frames lie between key frames; ``aspect`` is the width of a pixel by its height; ``options`` are the container's.
    """
    clock = Fraction(1, 90_000) if times else Fraction(1, rate)
    with av.open(f"file:{path}", "w", options=options or {}) as file:
        video: Any = file.add_stream(codec, rate=rate)
        if gop is not None:
            video.codec_context.gop_size = gop
        coded = "aac" if sound is True else sound
        audio: Any = file.add_stream(coded, rate=16_000, layout="mono") if coded else None
        number = -1
        for number, pixels in enumerate(frames):
            if number == 0:
                video.height, video.width = pixels.shape[:2]
                video.pix_fmt = "yuv420p"
                video.codec_context.time_base = clock
                if aspect is not None:
                    video.codec_context.sample_aspect_ratio = aspect
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            picture.time_base = clock
            picture.pts = round((times[number] if times else number / rate) / clock)
            file.mux(video.encode(picture.reformat(format="yuv420p")))
        if audio is not None:
            resampler = av.AudioResampler(audio.format, audio.layout, audio.rate)
            for start in range(0, round((number + 1) / rate * 16_000), 1024):
                tone = np.sin(np.arange(start, start + 1024) * 0.17).astype(np.float32)[None] * 0.2
                piece = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
                piece.rate, piece.pts = 16_000, start
                for fitting in resampler.resample(piece):
                    file.mux(audio.encode(fitting))
            file.mux(audio.encode())
        if number >= 0:
            file.mux(video.encode())
    return path


def rotated(path: Path) -> Path:
    """Mark an MP4 as filmed with the camera turned: to be shown rotated by 90 degrees clockwise."""
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40  # version 0: flags, times, ids, duration, reserved, layer, group, volume
    one = 1 << 16
    data[matrix : matrix + 36] = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def with_cover(path: Path, cover: Pixels, frames: Sequence[Pixels] = (), *, sound: bool = False) -> Path:
    """Write an MP4 or M4A whose first stream is an attached picture, before a film, a tone or both."""
    with av.open(str(path), "w", format="mp4") as file:
        still: Any = file.add_stream("mjpeg", rate=1)
        still.height, still.width = cover.shape[:2]
        still.pix_fmt, still.disposition = "yuvj420p", Disposition.attached_pic
        video: Any = file.add_stream("libx264", rate=25) if len(frames) else None
        if video is not None:
            video.height, video.width = frames[0].shape[:2]
            video.pix_fmt = "yuv420p"
        audio: Any = file.add_stream("aac", rate=16_000, layout="mono") if sound else None
        file.mux(still.encode(av.VideoFrame.from_ndarray(cover, format="rgb24").reformat(format="yuvj420p")))
        file.mux(still.encode())
        for pixels in frames:
            file.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")))
        if video is not None:
            file.mux(video.encode())
        if audio is not None:
            piece = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.float32), format="fltp", layout="mono")
            piece.rate = 16_000
            file.mux(audio.encode(piece))
            file.mux(audio.encode())
    return path


def film(path: Path, *expressions: str, seconds: float = 1.5, rate: int = 10, side: int = 100, **options: Any) -> Path:
    """Write a video of one drawn face that shows one expression after the other, so many seconds each."""
    width, height = side * 16 // 10, side * 12 // 10
    pictures = [scene((expression,), width=width, height=height, side=side) for expression in expressions]
    return clip(path, [picture for picture in pictures for _ in range(round(seconds * rate))], rate=rate, **options)
