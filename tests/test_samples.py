from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from mien import images

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
