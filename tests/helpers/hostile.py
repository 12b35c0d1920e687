"""Files as they come from outside: whole ones in every format, odd ones, broken ones; each with what must come of it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from PIL import Image

import scenes

FACE, NO_FACE = "face", "no_face"
"""The outcomes of what can be read; any other outcome is a part of the error's words."""

DAMAGED, NO_PICTURE = "is damaged", "is not a picture in a supported format"


@cache
def _photo() -> Image.Image:
    """A small photo of one face. Don't change it."""
    return Image.fromarray(scenes.scene(width=160, height=120, side=100))


def _saved(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    buffer = io.BytesIO()
    _photo().convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def _array(pixels: np.ndarray[Any, np.dtype[Any]], kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def _turned(orientation: int) -> bytes:
    """A photo stored turned or mirrored, with the EXIF entry that turns it back."""
    back: dict[int, Callable[[np.ndarray[Any, np.dtype[Any]]], Any]] = {
        1: lambda p: p,
        2: np.fliplr,
        3: lambda p: np.rot90(p, 2),
        4: np.flipud,
        5: lambda p: np.transpose(p, (1, 0, 2)),
        6: np.rot90,
        7: lambda p: np.transpose(np.rot90(p, 2), (1, 0, 2)),
        8: lambda p: np.rot90(p, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(back[orientation](np.asarray(_photo())))
    return _array(stored, "JPEG", exif=exif, quality=95)


def _cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def _flipped(data: bytes, start: float, num: int) -> bytes:
    """Bytes turned over in the middle of a file."""
    at = int(len(data) * start)
    return data[:at] + bytes(byte ^ 0xFF for byte in data[at : at + num]) + data[at + num :]


def png_header(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG that claims a size, whatever it holds."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def _frames(kind: str) -> bytes:
    """Several frames; the first counts."""
    buffer = io.BytesIO()
    others = [Image.fromarray(scenes.background(160, 120, seed)) for seed in (1, 2)]
    _photo().save(buffer, kind, save_all=True, append_images=others)
    return buffer.getvalue()


def _palette_with_alpha() -> bytes:
    buffer = io.BytesIO()
    picture = _photo().quantize(200)
    picture.save(buffer, "PNG", transparency=0)
    return buffer.getvalue()


def _gray_of(dtype: type, factor: float) -> bytes:
    gray = np.asarray(_photo().convert("L")).astype(np.float64) * factor
    return _array(gray.astype(dtype), "TIFF" if dtype is np.float32 else "PNG")


def _heic() -> bytes:
    import pillow_heif

    pillow_heif.register_heif_opener()
    return _saved("HEIF", quality=90)


def _many_scans() -> bytes:
    """A progressive JPEG whose last scan comes again and again: each costs the time of the whole picture."""
    data = _saved("JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * 300 + data[-2:]


def _motion_photo() -> bytes:
    """A JPEG with a clip behind it, in which the bytes that begin a scan occur by chance."""
    return _saved("JPEG") + b"\xff\xda" * 200 + np.random.default_rng(0).bytes(2**20)


def _gain_map() -> bytes:
    """A JPEG with another one behind it, progressive, as phones store what a bright screen adds."""
    return _saved("JPEG") + _many_scans()


def _huge_tile() -> bytes:
    """A small TIFF whose one tile is huge: TIFF decoders take whole tiles."""
    return _tiff(100, 100, {322: 32_768, 323: 32_752, 324: 8, 325: 16})


def _tiff(width: int, height: int, more: dict[int, int]) -> bytes:
    entries = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 277: 1, **more}
    packed = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries.items()))
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + packed + bytes(4) + bytes(64)


def _zeros() -> bytes:
    return bytes(10_000)


def _noise() -> bytes:
    return np.random.default_rng(0).bytes(10_000)


_CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    # Whole pictures, in each format and mode.
    "jpeg.jpg": (lambda: _saved("JPEG"), FACE),
    "jpeg-progressive.jpg": (lambda: _saved("JPEG", progressive=True), FACE),
    "jpeg-gray.jpg": (lambda: _saved("JPEG", "L"), FACE),
    "jpeg-cmyk.jpg": (lambda: _saved("JPEG", "CMYK"), FACE),
    "jpeg-poor.jpg": (lambda: _saved("JPEG", quality=12), FACE),
    "jpeg-capital.JPG": (lambda: _saved("JPEG"), FACE),
    "jpeg-motion.jpg": (_motion_photo, FACE),
    "jpeg-gain-map.jpg": (_gain_map, FACE),
    "jpeg-jfif.jfif": (lambda: _saved("JPEG"), FACE),
    "jpeg-jpe.jpe": (lambda: _saved("JPEG"), FACE),
    "jpeg-mpo.mpo": (lambda: _frames("MPO"), FACE),
    "jpeg-2000.jp2": (lambda: _saved("JPEG2000"), FACE),
    "avif.avif": (lambda: _saved("AVIF"), FACE),
    "avif-animated.avif": (lambda: _frames("AVIF"), FACE),
    "apng.apng": (lambda: _frames("PNG"), FACE),
    "png.png": (lambda: _saved("PNG"), FACE),
    "png-gray.png": (lambda: _saved("PNG", "L"), FACE),
    "png-gray-alpha.png": (lambda: _saved("PNG", "LA"), FACE),
    "png-alpha.png": (lambda: _saved("PNG", "RGBA"), FACE),
    "png-palette.png": (lambda: _saved("PNG", "P"), FACE),
    "png-palette-alpha.png": (_palette_with_alpha, FACE),
    "png-16-bit.png": (lambda: _gray_of(np.uint16, 257), FACE),
    "png-12-in-16-bit.png": (lambda: _gray_of(np.uint16, 16), FACE),
    "png-1-bit.png": (lambda: _array(np.asarray(Image.new("1", (200, 200)))), NO_FACE),
    "webp.webp": (lambda: _saved("WEBP"), FACE),
    "webp-lossless.webp": (lambda: _saved("WEBP", lossless=True), FACE),
    "webp-alpha.webp": (lambda: _saved("WEBP", "RGBA"), FACE),
    "webp-animated.webp": (lambda: _frames("WEBP"), FACE),
    "bmp.bmp": (lambda: _saved("BMP"), FACE),
    "bmp-gray.bmp": (lambda: _saved("BMP", "L"), FACE),
    "gif.gif": (lambda: _saved("GIF"), FACE),
    "gif-animated.gif": (lambda: _frames("GIF"), FACE),
    "tiff.tif": (lambda: _saved("TIFF"), FACE),
    "tiff-lzw.tiff": (lambda: _saved("TIFF", compression="tiff_lzw"), FACE),
    "tiff-jpeg.tiff": (lambda: _saved("TIFF", compression="jpeg"), FACE),
    "tiff-cmyk.tif": (lambda: _saved("TIFF", "CMYK"), FACE),
    "tiff-float.tif": (lambda: _gray_of(np.float32, 1.0), FACE),
    "tiff-float-to-1.tif": (lambda: _gray_of(np.float32, 1 / 255), FACE),
    "tiff-pages.tif": (lambda: _frames("TIFF"), FACE),
    "ppm.ppm": (lambda: _saved("PPM"), FACE),
    "pgm.pgm": (lambda: _saved("PPM", "L"), FACE),
    "heic.heic": (_heic, FACE),
    **{f"exif-{number}.jpg": (partial(_turned, number), FACE) for number in range(1, 9)},
    "exif-nonsense.jpg": (lambda: _saved("JPEG", exif=b"Exif\x00\x00" + b"\xff" * 40), FACE),
    "wrong-ending.png": (lambda: _saved("JPEG"), FACE),
    "name with blanks, and ümläute 表情.png": (lambda: _saved("PNG"), FACE),
    "-dash.png": (lambda: _saved("PNG"), FACE),
    # Whole pictures without a face.
    "background.png": (lambda: _array(scenes.background(320, 240)), NO_FACE),
    "black.png": (lambda: _array(np.zeros((200, 300, 3), np.uint8)), NO_FACE),
    "one-pixel.png": (lambda: _array(np.zeros((1, 1, 3), np.uint8)), NO_FACE),
    "one-row.png": (lambda: _array(np.zeros((1, 5000), np.uint8)), NO_FACE),
    "one-column.png": (lambda: _array(np.zeros((5000, 1), np.uint8)), NO_FACE),
    "clear.png": (lambda: _array(np.zeros((90, 90, 4), np.uint8)), NO_FACE),
    "noise.png": (lambda: _array(np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)), NO_FACE),
    # Broken ones.
    "empty.jpg": (lambda: b"", "is empty (0 bytes)"),
    "one-byte.jpg": (lambda: b"\xff", NO_PICTURE),
    "text.jpg": (lambda: b"This is no picture.", NO_PICTURE),
    "html.png": (lambda: b"<!DOCTYPE html><html><body>404 Not Found</body></html>", NO_PICTURE),
    "svg.png": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", NO_PICTURE),
    "pdf.jpg": (lambda: b"%PDF-1.7\n1 0 obj\n", NO_PICTURE),
    "zip.png": (lambda: b"PK\x03\x04" + bytes(100), NO_PICTURE),
    "postscript.jpg": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", NO_PICTURE),
    "clip.jpg": (lambda: b"\x00\x00\x00\x18ftypisom" + bytes(100), NO_PICTURE),
    "zeros.jpg": (_zeros, NO_PICTURE),
    "random.jpg": (_noise, NO_PICTURE),
    "jpeg-half.jpg": (lambda: _cut(_saved("JPEG"), 0.5), DAMAGED),
    "jpeg-tenth.jpg": (lambda: _cut(_saved("JPEG"), 0.1), DAMAGED),
    "jpeg-start.jpg": (lambda: b"\xff\xd8\xff\xe0", NO_PICTURE),
    "png-half.png": (lambda: _cut(_saved("PNG"), 0.5), DAMAGED),
    "png-flipped.png": (lambda: _flipped(_saved("PNG"), 0.5, 40), DAMAGED),
    "png-header-only.png": (lambda: _saved("PNG")[:33], NO_PICTURE),
    "png-no-pixels.png": (lambda: png_header(64, 64), DAMAGED),
    "webp-half.webp": (lambda: _cut(_saved("WEBP"), 0.5), ""),
    "gif-half.gif": (lambda: _cut(_saved("GIF"), 0.4), DAMAGED),
    "bmp-half.bmp": (lambda: _cut(_saved("BMP"), 0.5), DAMAGED),
    "tiff-half.tif": (lambda: _cut(_saved("TIFF"), 0.5), ""),
    "heic-half.heic": (lambda: _cut(_heic(), 0.5), DAMAGED),
    "ppm-half.ppm": (lambda: _cut(_saved("PPM"), 0.5), DAMAGED),
    # Bombs: small files that claim to be large.
    "bomb.png": (lambda: png_header(50_000, 50_000), "more than the 65,000,000 allowed"),
    "bomb-wide.png": (lambda: png_header(2_000_000, 2), "2,000,000 pixels long"),
    "bomb-huge.png": (lambda: png_header(2**31 - 1, 2**31 - 1), "more than the 65,000,000 allowed"),
    "scans.jpg": (_many_scans, "more than 100 scans"),
    "scans.mpo": (_many_scans, "more than 100 scans"),
    "jp2-half.jp2": (lambda: _cut(_saved("JPEG2000"), 0.5), ""),
    "avif-half.avif": (lambda: _cut(_saved("AVIF"), 0.5), ""),
    "tile.tif": (_huge_tile, "more than the 65,000,000 allowed"),
    "bomb-real.png": (lambda: _array(np.zeros((10_000, 10_000), np.bool_)), "more than the 65,000,000 allowed"),
    "bomb.gif": (
        lambda: b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x00;",
        "more than the 65,000,000 allowed",
    ),
}

CASES = {name: (cache(make), outcome) for name, (make, outcome) in _CASES.items()}
"""File name to a function that makes its bytes, once, and its outcome."""
