from __future__ import annotations

import io
import struct
import zlib
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from mien import images
from mien.errors import ImageError

GRAY = np.linspace(0, 255, 12 * 16).astype(np.uint8).reshape(12, 16)
"""What comes out, whatever the depth: all grays from black to white."""


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(samples: NDArray[np.uint16], *, significant: int = 0) -> bytes:
    """A PNG of 16-bit samples ``(H, W, C)``, written by hand as Pillow can write gray only."""
    height, width, channels = samples.shape
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    bits = chunk(b"sBIT", bytes([significant] * channels)) if significant else b""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + bits + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def tiff(samples: NDArray[np.generic], tags: dict[int, float] | None = None) -> bytes:
    buffer = io.BytesIO()
    entries = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in (tags or {}).items():
        entries.tagtype[tag] = 12 if tag == 341 else 3
        entries[tag] = value
    Image.fromarray(samples).save(buffer, "TIFF", tiffinfo=entries)
    return buffer.getvalue()


def deep(bits: int) -> NDArray[np.uint16]:
    return np.asarray((GRAY.astype(np.float64) / 255 * (2**bits - 1)).round(), np.uint16)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_the_depth_is_that_of_the_samples(bits: int, channels: int) -> None:
    samples = np.repeat(deep(bits)[:, :, None], channels, 2)
    if channels in (2, 4):
        samples[:, :, -1] = 2**bits - 1  # opaque
    picture = images.decode_picture(png(samples), "L")
    np.testing.assert_allclose(picture.pixels, GRAY, atol=1)
    assert picture.note == (
        None if bits == 16 else f"its samples are taken as {bits} bits deep, as none is above {2**bits - 1:,}"
    )


def test_a_stated_depth_is_no_guess() -> None:
    dark = (deep(12) // 8)[:, :, None]  # nothing above 511: by its pixels it would be of 10 bits
    assert images.decode_picture(png(dark), "L").pixels.max() == 127
    for data in (png(dark, significant=12), tiff(dark[:, :, 0], {281: 4095})):
        picture = images.decode_picture(data, "L")
        assert (picture.pixels.max(), picture.note) == (31, None)
    spread = (deep(12) * 16)[:, :, None]  # as the PNG standard wants it: 12 bits at the upper end of 16
    np.testing.assert_allclose(images.decode(png(spread, significant=12), "L"), GRAY, atol=1)


@pytest.mark.parametrize("top", [1.0, 255.0, 4095.0, 65535.0])
def test_floats_have_their_own_range(top: float) -> None:
    floats = (GRAY.astype(np.float32) / 255 * np.float32(top)).astype(np.float32)
    picture = images.decode_picture(tiff(floats), "L")
    np.testing.assert_allclose(picture.pixels, GRAY, atol=1)
    assert picture.note == ("its floats are taken as 0 to 1" if top == 1 else picture.note)
    assert picture.note is not None
    above = floats.copy()
    above[-1, -1] *= 1.02  # sharpened
    np.testing.assert_allclose(images.decode(tiff(above), "L"), GRAY, atol=1)
    stated = images.decode_picture(tiff(floats * np.float32(0.5), {341: top}), "L")
    np.testing.assert_allclose(stated.pixels, GRAY * 0.5, atol=1)
    assert stated.note is None


def test_numbers_that_are_none_are_black() -> None:
    floats = (GRAY / 255).astype(np.float32)
    floats[0] = [np.nan, np.inf, -np.inf, *floats[0, 3:]]
    pixels = images.decode(tiff(floats), "L")
    assert pixels[0, :3].tolist() == [0, 0, 0]
    np.testing.assert_allclose(pixels[1:], GRAY[1:], atol=1)


def raw_tiff(
    samples: NDArray[np.generic], photometric: int, *, planes: bool = False, order: Literal["<", ">"] = "<"
) -> bytes:
    """An uncompressed TIFF of any samples ``(H, W)`` or ``(H, W, C)``, written by hand as Pillow can't write these."""
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    bits, kind = samples.dtype.itemsize * 8, {"u": 1, "i": 2, "f": 3}[samples.dtype.kind]
    plain = samples.astype(samples.dtype.newbyteorder(order)).reshape(*samples.shape[:2], channels)
    strips = [plain[:, :, band].tobytes() for band in range(channels)] if planes else [plain.tobytes()]
    pixels, places, at = b"".join(strips), [], 8
    for strip in strips:
        places.append(at)
        at += len(strip)
    height, width = samples.shape[:2]
    entries = {
        256: [width], 257: [height], 258: [bits] * channels, 259: [1], 262: [photometric], 273: places, 277: [channels],
        278: [height], 279: [len(strip) for strip in strips], 284: [1 + planes], 339: [kind] * channels,
    }  # fmt: skip
    beyond = b""
    directory = struct.pack(order + "H", len(entries))
    after = at + 2 + 12 * len(entries) + 4
    for tag, values in entries.items():
        packed = struct.pack(f"{order}{len(values)}I", *values)
        value = packed if len(values) == 1 else struct.pack(order + "I", after + len(beyond))
        beyond += b"" if len(values) == 1 else packed
        directory += struct.pack(order + "HHI", tag, 4, len(values)) + value
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", at)
    return head + pixels + directory + b"\0" * 4 + beyond


COLOUR = np.stack([GRAY, np.roll(GRAY, 5), 255 - GRAY], 2)


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_where_zero_is_white_deep_samples_are_inverted(bits: int) -> None:
    picture = images.decode_picture(raw_tiff(2**bits - 1 - deep(bits), 0), "L")
    np.testing.assert_allclose(picture.pixels, GRAY, atol=1)


def test_where_zero_is_white_floats_are_inverted() -> None:
    floats = np.asarray(1 - GRAY / 255, np.float32)
    np.testing.assert_allclose(images.decode(raw_tiff(floats, 0), "L"), GRAY, atol=1)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("factor", [4, 16, 257])
def test_planes_of_16_bits_are_put_together(order: Literal["<", ">"], factor: int) -> None:
    samples = COLOUR.astype(np.uint16) * factor
    together = images.decode_picture(raw_tiff(samples, 2, order=order))
    apart = images.decode_picture(raw_tiff(samples, 2, planes=True, order=order))
    np.testing.assert_allclose(apart.pixels, COLOUR, atol=2)
    np.testing.assert_array_equal(apart.pixels, together.pixels)
    assert apart.note == together.note


def test_unsigned_samples_of_32_bits_are_not_negative() -> None:
    samples = GRAY.astype(np.uint32) * 16_843_009
    np.testing.assert_allclose(images.decode(raw_tiff(samples, 1), "L"), GRAY, atol=1)


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32])
def test_signed_samples_are_refused(kind: type[np.signedinteger[Any]]) -> None:
    data = raw_tiff((GRAY.astype(np.int64) - 128).astype(kind), 1)
    for source in (data, Image.open(io.BytesIO(data))):
        with pytest.raises(
            ImageError, match="has signed samples, whose range is unknown: save it with unsigned samples"
        ):
            images.as_photo(source)


def test_deep_pnm_states_its_depth() -> None:
    data = b"P5 16 12 1023\n" + (deep(10) // 4).astype(">u2").tobytes()
    picture = images.decode_picture(data, "L")
    assert (picture.pixels.max(), picture.note) == (63, None)


def test_a_deep_photo_keeps_its_exif_orientation() -> None:
    picture = images.decode_picture(tiff(deep(12), {274: 6}), "L")
    assert picture.pixels.shape == (16, 12)
    np.testing.assert_allclose(picture.pixels, np.rot90(GRAY, -1), atol=1)


def test_floats_about_zero_are_those_of_networks() -> None:
    picture = images.decode_picture(tiff((GRAY.astype(np.float32) / 127.5 - 1).astype(np.float32)), "L")
    assert picture.note == "its floats are taken as -1 to 1"
    assert np.abs(picture.pixels.astype(int) - GRAY).max() <= 1
    sharpened = (GRAY / 255).astype(np.float32)
    sharpened[0, 0] = -0.06
    assert images.decode_picture(tiff(sharpened), "L").note == "its floats are taken as 0 to 1"


def test_light_beyond_white_is_not_black() -> None:
    picture = images.decode_picture(tiff((GRAY / 255 * 4).astype(np.float32)), "L")
    assert picture.note == f"its floats are scaled by the largest, {GRAY.max() / 255 * 4:.4g}"
    assert np.abs(picture.pixels.astype(int) - GRAY / GRAY.max() * 255).max() <= 1
