"""Convert samples of more than 8 bits, and floats, to 8 bits: by the depth stated in the file, or else by the best known depth.

Cameras store 10, 12 or 14 bits in 16-bit samples, and scientific programs store floats from 0 to 1. Taken as 16 bits, such
pictures are nearly black, so the depth has to be known. If it is estimated from the pixels, a note says so.
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
"""Bit depths that occur in practice."""

OVERSHOOT = 1.05
"""Relative overshoot of the range that resizing or sharpening of floats causes."""

MANY = 0.02
"""Share of negative floats above which they are not counted as overshoot."""

MOST_EXPOSED = 16.0
"""Floats below this are taken as high dynamic range (HDR), not as 8-bit samples, which would be nearly black."""

BITS_PER_SAMPLE, MAX_SAMPLE, MAX_FLOAT_SAMPLE = 258, 281, 341
"""TIFF tags of the depth."""

PHOTOMETRIC, PLANES, SAMPLE_FORMAT = 262, 284, 339
"""TIFF tags of the meaning of the samples, their order and their type."""

WHITE_IS_ZERO, SEPARATE, SIGNED = 0, 2, 2
"""Values of these tags for which Pillow returns other samples than the file means."""

OTHER_BYTE = {"16B": "16L", "16L": "16B", "16N": "16B" if sys.byteorder == "little" else "16L"}
"""Pillow raw modes with swapped byte order, so that Pillow returns the low byte of a sample instead of the high one."""


def is_deep(picture: Image.Image) -> bool:
    """Whether a picture has one channel with more than 8 bits or with floats."""
    return picture.mode in ("I", "F") or picture.mode.startswith("I;16")


def are_signed(picture: Image.Image) -> bool:
    """Whether a picture has signed whole numbers as samples, whose black and white the file doesn't state."""
    return _tag(picture, SAMPLE_FORMAT) == SIGNED


def by_planes(picture: Any) -> Any:
    """The same picture, whose separate planes of 16-bit samples will be unpacked as such; Pillow takes them for 8-bit samples."""
    if _tag(picture, PLANES) == SEPARATE and _tag(picture, BITS_PER_SAMPLE) == 16:
        order = "16L" if picture.tag_v2.prefix == b"II" else "16B"
        _set_rawmodes(picture, lambda args: (f"{args[0]};{order}", *args[1:]) if len(_rawmode(args)) == 1 else args)
    return picture


def to_gray(picture: Image.Image, data: bytes = b"") -> tuple[Image.Image, str | None]:
    """Scale a deep picture to 8-bit gray.

    Args:
        picture: a picture for which ``is_deep`` is true.
        data: its encoded bytes, if available.

    Returns:
        The gray picture, and the assumption about its range in words; None if the range is known.
    """
    samples = np.asarray(picture)
    if _tag(picture, BITS_PER_SAMPLE) == 32 and samples.dtype == np.int32:
        samples = samples.view(np.uint32)  # Pillow takes them for signed ones
    pixels = samples.astype(np.float32)
    np.nan_to_num(pixels, copy=False, posinf=0.0, neginf=0.0)
    floats = picture.mode == "F"
    if floats and _is_centred(pixels):
        pixels += 1
        return Image.fromarray(_scaled(pixels, 2.0)), "its floats are taken as -1 to 1"
    top, note = _top(pixels, _stated(picture, data), floats=floats)
    gray = _scaled(pixels, top)
    return Image.fromarray(255 - gray if _tag(picture, PHOTOMETRIC) == WHITE_IS_ZERO else gray), note


def to_colour(picture: Image.Image, reopen: Callable[[], Image.Image], data: bytes) -> tuple[Image.Image, str | None]:
    """Scale a colour picture with 16-bit samples, of which Pillow keeps the high bytes, by the actual depth of its samples.

    Args:
        picture: any picture; one with 8-bit samples is returned unchanged.
        reopen: opens the same picture again, with no pixel decoded yet.
        data: its encoded bytes.

    Returns:
        The picture with 8 bits, and the assumption about its depth in words; None if the depth is known.
    """
    if not any(_is_16_bit(tile[3]) for tile in getattr(picture, "tile", [])):
        return picture, None
    high = np.asarray(picture)  # (H, W, C)
    if high.size == 0 or high[:, :, :3].max() >= 1 << (DEPTHS[3] - 8):
        return picture, None  # all 16 bits are used
    with reopen() as low:
        stated = _stated(low, data)
        if low.mode == "RGBA" and "LA;16B" in str(
            getattr(low, "tile", "")
        ):  # gray and alpha: stored as four bytes per pixel, like RGBA
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
    """Whether floats are centred on 0, from -1 to 1, as networks use them; sharpening gives only a few negative values."""
    low, high = float(pixels.min(initial=0)), float(pixels.max(initial=0))
    return -OVERSHOOT <= low < 1 - OVERSHOOT and high <= OVERSHOOT and float((pixels < 0).mean()) > MANY


def _scaled(pixels: NDArray[np.float32], top: float) -> NDArray[np.uint8]:
    """Scale pixels from 0..``top`` to 0..255, in place where possible, as large pictures fill the memory."""
    np.clip(pixels, 0, top, out=pixels)
    pixels *= np.float32(255.0 / top)
    pixels += np.float32(1e-3)  # rounding errors may put white a little below 255
    return pixels.astype(np.uint8)


def _top(pixels: NDArray[np.float32], stated: float | None, *, floats: bool) -> tuple[float, str | None]:
    """The value of white, and the assumption behind it."""
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
    """The maximum value stated by the file; None if it states only the storage width of its samples."""
    if isinstance(picture, PpmImagePlugin.PpmImageFile):
        return 65535.0  # Pillow has scaled it by the maximum in its header
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        tag = MAX_FLOAT_SAMPLE if picture.mode == "F" else MAX_SAMPLE
        largest = _number(picture.tag_v2.get(tag))
        bits = _number(picture.tag_v2.get(BITS_PER_SAMPLE))
        if largest is not None and largest > 0:
            return largest
        return 2**bits - 1 if bits is not None and 8 < bits < 16 else None
    bits = next(iter(_significant_bits(data)), None)
    return None if bits is None or not 0 < bits < 16 else 2.0**bits - 1


def _tag(picture: Image.Image, tag: int) -> float | None:
    """A number that a TIFF states; None if it doesn't, and for other pictures."""
    return _number(picture.tag_v2.get(tag)) if isinstance(picture, TiffImagePlugin.TiffImageFile) else None


def _number(value: Any) -> float | None:
    """A tag's value, or its first value."""
    if isinstance(value, Iterable) and not isinstance(value, str):
        value = next(iter(value), None)
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None


def _significant_bits(data: bytes) -> Iterator[int]:
    """Significant bits of each channel, from a PNG's sBIT chunk, which precedes the pixels."""
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
    """Change the raw mode with which the samples of a picture will be unpacked."""
    picture.tile = [
        getattr(type(tile), "_make", tuple)((*tile[:3], change(tile[3])))  # a named tuple since Pillow 11
        for tile in picture.tile
    ]


def _is_16_bit(args: Any) -> bool:
    return _rawmode(args).rpartition(";")[2] in OTHER_BYTE and not _rawmode(args).startswith("I")


def _rawmode(args: Any) -> str:
    return str(args[0] if isinstance(args, tuple) and args else args)


def _swapped(args: Any) -> Any:
    kind, _, order = _rawmode(args).rpartition(";")
    other = f"{kind};{OTHER_BYTE[order]}" if order in OTHER_BYTE else _rawmode(args)
    return (other, *args[1:]) if isinstance(args, tuple) else other
