"""Bytes or a path to an upright, bounded array, and faces to another size: the only decoder and the only resizer of mien."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from mien.errors import ImageError

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""What is decoded; Pillow knows more, some through programs of others."""

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".pgm"})
"""File endings of those formats, by which pictures are found in a folder."""

MAX_BYTES = 64 * 2**20
"""Largest file that is decoded, in bytes."""

MAX_PIXELS = 50_000_000
"""Largest picture that is decoded, in pixels (Pillow's own warning starts at 89 million)."""

MAX_FACE_SIDE = 1024
"""Largest side of a face in pixels; a cropped face needs no more, and a packed set of larger ones fills the memory."""


def decode(source: bytes | str | os.PathLike[str], mode: Literal["L", "RGB"] = "RGB") -> NDArray[np.uint8]:
    """Decode one picture upright (EXIF orientation applied), with transparency laid on white.

    Args:
        source: the encoded bytes, or a path to them.
        mode: ``"L"`` for gray ``(H, W)``, ``"RGB"`` for colour ``(H, W, 3)``.

    Returns:
        Pixels as ``uint8``; 16-bit pictures are scaled to 8 bits.

    Raises:
        ImageError: the file is missing, empty, no picture, truncated, or past ``MAX_BYTES`` or ``MAX_PIXELS``.
    """
    data = source if isinstance(source, bytes) else _read(Path(source))
    name = "the picture" if isinstance(source, bytes) else f"'{source}'"
    if not data:
        raise ImageError(f"{name} is empty (0 bytes): replace the file or remove it.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"{name} has {len(data):,} bytes, more than the {MAX_BYTES:,} allowed: make it smaller.")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise ImageError(
                    f"{name} has {width}x{height} pixels, more than the {MAX_PIXELS:,} allowed: make it smaller."
                )
            upright = ImageOps.exif_transpose(picture)
            return np.asarray(_to_mode(upright, mode), dtype=np.uint8)
    except UnidentifiedImageError:
        raise ImageError(
            f"{name} is no picture that can be read (PNG, JPEG, WebP, BMP, GIF, TIFF and PGM can)."
        ) from None
    except Image.DecompressionBombError as error:
        raise ImageError(f"{name} is too large: {error}") from None
    # Pillow raises all of these on damaged files, NotImplementedError among them for variants that it lacks.
    except (OSError, SyntaxError, ValueError, TypeError, EOFError, NotImplementedError, struct.error) as error:
        raise ImageError(f"{name} is damaged and can't be decoded ({error}): replace the file or remove it.") from None


def resize_faces(faces: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize gray faces ``(N, h, w)`` to ``(N, *size)``, bilinear and antialiased; the same array when they have that size.

    Training and inference both come through here, so a model sees in use what it saw in training.
    """
    if faces.shape[1:] == size:
        return faces
    height, width = size
    resized = np.empty((len(faces), height, width), np.uint8)
    for index, face in enumerate(faces):
        resized[index] = np.asarray(Image.fromarray(face).resize((width, height), Image.Resampling.BILINEAR))
    return resized


def encode_png(face: NDArray[np.uint8]) -> bytes:
    """Encode one gray ``(H, W)`` or colour ``(H, W, 3)`` picture as PNG, without loss."""
    buffer = io.BytesIO()
    Image.fromarray(face).save(buffer, "PNG")
    return buffer.getvalue()


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ImageError(
                f"'{path}' has {path.stat().st_size:,} bytes, more than the {MAX_BYTES:,} allowed: make it smaller."
            )
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"'{path}' can't be read: {error.strerror or error}.") from None


def _to_mode(picture: Image.Image, mode: Literal["L", "RGB"]) -> Image.Image:
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        pixels = np.asarray(picture, dtype=np.float64)
        top = 65535.0 if pixels.max(initial=0) > 255 else 255.0
        picture = Image.fromarray((pixels.clip(0, top) * (255.0 / top)).astype(np.uint8))
    elif picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert(mode)
