"""Samples of more than 8 bits, and floats, as 8 bits: by the depth that the file states, or else by the known depth that fits.

Cameras store 10, 12 or 14 bits in samples of 16, and programs for science store floats from 0 to 1. Read as 16 bits such pictures are
nearly black, so the depth has to be known. Where it is taken from the pixels, the caller is told in words.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PpmImagePlugin, TiffImagePlugin

DEPTHS = (8, 10, 12, 14, 16, 24, 32)
"""Bits of a sample that are met in practice."""

OVERSHOOT = 1.05
"""Floats that were resized or sharpened pass the top of their range by a little."""

MANY = 0.02
"""Share of floats below 0 from which they are no overshoot."""

MOST_EXPOSED = 16.0
"""Floats of less than this aren't samples of 8 bits, which would be black, but light beyond the white of a display (HDR)."""

BITS_PER_SAMPLE, MAX_SAMPLE, MAX_FLOAT_SAMPLE = 258, 281, 341
"""The tags of a TIFF that state the depth."""

OTHER_BYTE = {"16B": "16L", "16L": "16B", "16N": "16B" if sys.byteorder == "little" else "16L"}
"""How Pillow is told to take a sample's low byte where it would take the high one: as if the bytes were in the other order."""


def is_deep(picture: Image.Image) -> bool:
    """Whether a picture's one channel has more than 8 bits or floats."""
    return picture.mode in ("I", "F") or picture.mode.startswith("I;16")


def to_gray(picture: Image.Image, data: bytes = b"") -> tuple[Image.Image, str | None]:
    """Scale a deep picture to 8-bit gray.

    Args:
        picture: as ``is_deep`` asks for.
        data: its encoded bytes, where there are any.

    Returns:
        The gray picture, and what was guessed, in words; None where nothing was.
    """
    pixels = np.array(picture, dtype=np.float32)
    np.nan_to_num(pixels, copy=False, posinf=0.0, neginf=0.0)
    floats = picture.mode == "F"
    if floats and _is_centred(pixels):
        pixels += 1
        return Image.fromarray(_scaled(pixels, 2.0)), "its floats are taken as -1 to 1"
    top, note = _top(pixels, _stated(picture, data), floats=floats)
    return Image.fromarray(_scaled(pixels, top)), note


def to_colour(picture: Image.Image, reopen: Callable[[], Image.Image], data: bytes) -> tuple[Image.Image, str | None]:
    """Scale a colour picture of 16-bit samples, of which Pillow keeps the high bytes, by the depth that its samples really have.

    Args:
        picture: any picture; one of 8 bits comes back as it is.
        reopen: opens the same picture again, with no pixel decoded yet.
        data: its encoded bytes.

    Returns:
        The picture with 8 bits, and what was guessed, in words; None where nothing was.
    """
    if not any(_is_16_bit(tile[3]) for tile in getattr(picture, "tile", [])):
        return picture, None
    high = np.asarray(picture)  # (H, W, C)
    if high.size == 0 or high[:, :, :3].max() >= 1 << (DEPTHS[3] - 8):
        return picture, None  # samples of all 16 bits
    with reopen() as low:
        stated = _stated(low, data)
        if low.mode == "RGBA" and "LA;16B" in str(
            getattr(low, "tile", "")
        ):  # gray and alpha: its four bytes a pixel lie as those of RGBA do
            _set_rawmodes(low, lambda _: "RGBA")
            small = np.asarray(low)[:, :, [1, 1, 1, 3]]
        else:
            _set_rawmodes(low, _swapped)
            small = np.asarray(low)
    values = high.astype(np.float32)
    values *= 256
    values += small
    top, note = _top(values[:, :, :3], stated, floats=False)
    return Image.frombytes(picture.mode, picture.size, _scaled(values, top).tobytes()), note


def _is_centred(pixels: NDArray[np.float32]) -> bool:
    """Whether floats lie about 0, from -1 to 1, as networks have them; a few below 0 come of sharpening."""
    low, high = float(pixels.min(initial=0)), float(pixels.max(initial=0))
    return -OVERSHOOT <= low < 1 - OVERSHOOT and high <= OVERSHOOT and float((pixels < 0).mean()) > MANY


def _scaled(pixels: NDArray[np.float32], top: float) -> NDArray[np.uint8]:
    """Pixels of 0 to ``top`` as 0 to 255, in place as far as it goes: large pictures fill the memory."""
    np.clip(pixels, 0, top, out=pixels)
    pixels *= np.float32(255.0 / top)
    pixels += np.float32(1e-3)  # white may have come out a little below 255
    return pixels.astype(np.uint8)


def _top(pixels: NDArray[np.float32], stated: float | None, *, floats: bool) -> tuple[float, str | None]:
    """The value that is white, and the guess that it rests on."""
    largest = float(pixels.max(initial=0))
    if stated is not None and largest <= stated:
        return stated, None
    if largest <= 0:
        return 255.0, None
    slack = OVERSHOOT if floats else 1.0
    if floats and largest <= slack:
        return 1.0, "its floats are taken as 0 to 1"
    if floats and largest < MOST_EXPOSED:
        return largest, f"its floats are scaled by the largest, {largest:.4g}"
    bits = next((bits for bits in DEPTHS if largest <= (2**bits - 1) * slack), DEPTHS[-1])
    note = (
        None
        if bits == 16 and not floats
        else f"its samples are taken as {bits} bits deep, as none is above {largest:,.0f}"
    )
    return 2.0**bits - 1, note


def _stated(picture: Image.Image, data: bytes) -> float | None:
    """The largest value that the file allows for; None where it says no more than how wide its samples are stored."""
    if isinstance(picture, PpmImagePlugin.PpmImageFile):
        return 65535.0  # Pillow has scaled it from the maximum in its head
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        tag = MAX_FLOAT_SAMPLE if picture.mode == "F" else MAX_SAMPLE
        largest = _number(picture.tag_v2.get(tag))
        bits = _number(picture.tag_v2.get(BITS_PER_SAMPLE))
        if largest is not None and largest > 0:
            return largest
        return 2**bits - 1 if bits is not None and 8 < bits < 16 else None
    bits = next(iter(_significant_bits(data)), None)
    return None if bits is None or not 0 < bits < 16 else 2.0**bits - 1


def _number(value: Any) -> float | None:
    """A tag's value, or the first of several."""
    if isinstance(value, Iterable) and not isinstance(value, str):
        value = next(iter(value), None)
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None


def _significant_bits(data: bytes) -> Iterator[int]:
    """What a PNG's chunk sBIT says of each channel; it comes before the pixels."""
    if not data.startswith(b"\x89PNG"):
        return
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"sBIT":
            yield from data[at + 8 : at + 8 + min(length, 4)]
        if kind in (b"sBIT", b"IDAT"):
            return
        at += 12 + length


def _set_rawmodes(picture: Any, change: Callable[[Any], Any]) -> None:
    """Change how the samples of a picture that isn't decoded yet are unpacked."""
    picture.tile = [(*tile[:3], change(tile[3])) for tile in picture.tile]


def _is_16_bit(args: Any) -> bool:
    return _rawmode(args).rpartition(";")[2] in OTHER_BYTE and not _rawmode(args).startswith("I")


def _rawmode(args: Any) -> str:
    return str(args[0] if isinstance(args, tuple) and args else args)


def _swapped(args: Any) -> Any:
    kind, _, order = _rawmode(args).rpartition(";")
    other = f"{kind};{OTHER_BYTE[order]}" if order in OTHER_BYTE else _rawmode(args)
    return (other, *args[1:]) if isinstance(args, tuple) else other
