"""Bytes or a path to an upright, bounded array, and faces to another size: the only decoder and the only resizer of mien."""

from __future__ import annotations

import io
import os
import re
import stat
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, TiffImagePlugin, UnidentifiedImageError, features

from mien import samples
from mien.checks import checked
from mien.errors import ImageError, install

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "JPEG2000")
"""What is decoded, beside AVIF and HEIC; Pillow knows more, some through programs of others."""

SUFFIXES = frozenset(
    {
        *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".webp", ".bmp", ".gif", ".tif", ".tiff"),
        *(".pgm", ".ppm", ".pnm", ".jp2", ".avif", ".heic", ".heif"),
    }
)
"""File endings of those formats, by which pictures are found in a folder."""

COMPANION = "._"
"""What the names of the files begin with in which macOS keeps a file's attributes where the disk can't: they are no pictures."""

MAX_BYTES = 64 * 2**20
"""Largest file that is decoded, in bytes."""

MAX_PIXELS = 65_000_000
"""Largest picture that is decoded unless more is allowed, in pixels: cameras of 61 and phones of 64 megapixels fit."""

MOST_PIXELS = 178_956_970
"""The most that can be allowed: Pillow decodes nothing larger."""

MAX_SIDE = 32_768
"""Largest side of a picture, in pixels."""

MAX_SCANS = 100
"""Most scans of a JPEG; a progressive one has about ten, and each takes the time of the whole picture to decode."""

TILE_SIDES = (322, 323)
"""The tags of a TIFF that hold the width and the length of its tiles."""

MAX_FACE_SIDE = 1024
"""Largest side of a face in pixels; a cropped face needs no more, and a packed set of larger ones fills the memory."""


DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    RuntimeError,
    IndexError,
    KeyError,
    OverflowError,
    struct.error,
)
"""What Pillow raises on damaged files, and on variants of a format that it lacks."""

MARKER = re.compile(rb"\xff([^\x00\xff])")
"""A marker of a JPEG; bytes of ones may stand before it, and in the coded pixels a zero byte follows each."""

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
"""What the address of something elsewhere begins with, such as ``https://``."""

AVIF_BRANDS = (b"avif", b"avis")
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""What the file type box of an AVIF or a HEIC picture names; clips have one with other brands."""

Source = bytes | bytearray | memoryview | str | os.PathLike[str] | IO[bytes] | Image.Image | NDArray[Any]
"""What a photo may be given as."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture.

    Attributes:
        pixels: ``(H, W)`` gray or ``(H, W, 3)`` red, green, blue, ``uint8``, upright.
        note: what had to be guessed to decode it, in words, such as how many bits its samples have; None where nothing was.
    """

    pixels: NDArray[np.uint8]
    note: str | None = None


def decode(
    source: bytes | str | os.PathLike[str], mode: Literal["L", "RGB"] = "RGB", *, max_pixels: int | None = None
) -> NDArray[np.uint8]:
    """The pixels of ``decode_picture``."""
    return decode_picture(source, mode, max_pixels=max_pixels).pixels


def decode_picture(
    source: bytes | str | os.PathLike[str], mode: Literal["L", "RGB"] = "RGB", *, max_pixels: int | None = None
) -> Picture:
    """Decode one picture upright (EXIF orientation applied), with transparency laid on white.

    PNG, JPEG, JPEG 2000, WebP, BMP, GIF (first frame), TIFF (first page) and PNM; AVIF where Pillow is built with it, HEIC where
    ``pillow-heif`` is installed.

    Args:
        source: the encoded bytes, or a path to them.
        mode: ``"L"`` for gray ``(H, W)``, ``"RGB"`` for colour ``(H, W, 3)``.
        max_pixels: height times width of the largest picture that is decoded; None has ``MAX_PIXELS``.

    Returns:
        Pixels as ``uint8``; deeper samples are scaled to 8 bits (see ``samples``).

    Raises:
        ImageError: the file is missing, no regular file, empty, no picture, truncated, or past ``MAX_BYTES``, ``max_pixels`` or
            ``MAX_SIDE``.
    """
    if not isinstance(source, bytes) and ADDRESS.match(address := os.fspath(source)):
        raise ImageError(f"'{address}' is an address, not a file: download the picture first.")
    data = source if isinstance(source, bytes) else _read(Path(source))
    name = "the picture" if isinstance(source, bytes) else f"'{source}'"
    max_pixels = MAX_PIXELS if max_pixels is None else max_pixels
    if not data:
        raise ImageError(f"{name} is empty (0 bytes): replace the file or remove it.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"{name} has {len(data):,} bytes, more than the {MAX_BYTES:,} allowed: make it smaller.")
    if data.startswith(b"\xff\xd8") and _has_too_many_scans(data):
        raise ImageError(
            f"{name} is a JPEG of more than {MAX_SCANS} scans, a possible denial of service: save it again."
        )
    try:
        with _open(data, name) as picture:
            return _pixels(picture, name, mode, max_pixels, data)
    except UnidentifiedImageError:
        raise ImageError(
            f"{name} is no picture that can be read (PNG, JPEG, JPEG 2000, WebP, AVIF, HEIC, BMP, GIF, TIFF and PGM can)."
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # the warning, where warnings are errors
        raise ImageError(
            f"{name} has too many pixels, more than the {max_pixels:,} allowed (--max-pixels): make it smaller."
        ) from None
    except MemoryError:
        raise ImageError(f"{name} needs more memory than there is: make it smaller.") from None
    except DAMAGE as error:
        raise ImageError(f"{name} is damaged and can't be decoded ({error}): replace the file or remove it.") from None


def as_photo(
    source: Source, *, max_pixels: int | None = None, colour: Literal["rgb", "bgr"] = "rgb"
) -> NDArray[np.uint8]:
    """The pixels of ``open_photo``."""
    return open_photo(source, max_pixels=max_pixels, colour=colour).pixels


@checked
def open_photo(source: Source, *, max_pixels: int | None = None, colour: Literal["rgb", "bgr"] = "rgb") -> Picture:
    """Take a photo in any of its forms.

    Args:
        source: a path, the encoded bytes, a file object open for reading bytes, a Pillow picture, or an array: gray ``(H, W)``
            or ``(H, W, 1)``, colour ``(H, W, 3)``, or ``(H, W, 4)`` with alpha; ``uint8``.
        max_pixels: height times width of the largest photo that is taken; None has ``MAX_PIXELS``.
        colour: the order of an array's channels: red, green, blue, or blue, green, red as OpenCV has them.

    Returns:
        ``(H, W, 3)`` ``uint8``, red, green, blue, upright.

    Raises:
        ImageError: it is none of these, or past the limits.
        ArgumentError: there is no such order of channels, or the limit is no number of pixels.
    """
    most = MAX_PIXELS if max_pixels is None else max_pixels
    if isinstance(source, np.ndarray):
        shape = source.shape
        right = source.ndim == 2 or (source.ndim == 3 and shape[2] in (1, 3, 4))
        if not right or source.dtype != np.uint8 or 0 in shape:
            raise ImageError(
                f"A photo as an array must be uint8 of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), not {source.dtype} of shape {shape}."
            )
        _check_size(shape[1], shape[0], "the photo", most)
        if colour == "bgr" and source.ndim == 3 and shape[2] > 1:
            source = np.ascontiguousarray(source[:, :, [2, 1, 0, 3][: shape[2]]])
        if source.ndim == 3 and shape[2] == 3:
            return Picture(source)
        source = Image.fromarray(source[:, :, 0] if source.ndim == 3 and shape[2] == 1 else source)
    if isinstance(source, Image.Image):
        try:
            return _pixels(source, "the photo", "RGB", most)
        except DAMAGE as error:
            raise ImageError(f"the photo can't be read ({error}): give another one.") from None
    if isinstance(source, (bytes, str, os.PathLike)):
        return decode_picture(source, max_pixels=most)
    if isinstance(source, (bytearray, memoryview)):
        return decode_picture(bytes(source), max_pixels=most)
    if hasattr(source, "read"):
        data = source.read(MAX_BYTES + 1)
        if isinstance(data, bytes):
            return decode_picture(data, max_pixels=most)
        raise ImageError("The file object gives text: open it for reading bytes, as with open(path, 'rb').")
    raise ImageError(
        f"A photo is a path, bytes, a file object, a Pillow picture or an array, not {type(source).__name__}."
    )


def shrink(photo: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """Shrink a photo ``(H, W, 3)`` until its longer side has at most ``longest`` pixels, each the mean of those it stands for."""
    height, width = photo.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return photo
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))


def gray(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The grays ``(H, W)`` of a photo ``(H, W, 3)``, as ITU-R 601-2 weighs red, green and blue."""
    return np.asarray(Image.fromarray(photo).convert("L"))


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


def encode_png(picture: NDArray[np.uint8] | Image.Image) -> bytes:
    """Encode one gray ``(H, W)`` or colour ``(H, W, 3)`` picture as PNG, without loss."""
    buffer = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(buffer, "PNG")
    return buffer.getvalue()


def _has_too_many_scans(data: bytes) -> bool:
    """Whether a JPEG has more than ``MAX_SCANS`` scans, found as a decoder finds them: from marker to marker, up to the end of the
    image. Phones store clips and gain maps behind it, in which any bytes occur."""
    scans, at = 0, 2
    while scans <= MAX_SCANS and (marker := MARKER.search(data, at)) is not None:
        kind, at = marker[1][0], marker.end()
        if kind == 0xD9:
            return False
        scans += kind == 0xDA
        if not (0xD0 <= kind <= 0xD7 or kind == 0x01):  # those stand alone; the others tell their length
            at += int.from_bytes(data[at : at + 2])
    return scans > MAX_SCANS


def _open(data: bytes, name: str) -> Image.Image:
    brands = _brands(data)
    if brands.intersection(AVIF_BRANDS):
        if not features.check("avif"):
            raise ImageError(f"{name} is an AVIF picture: to read it, run  pip install -U pillow")
        return Image.open(io.BytesIO(data), formats=("AVIF",))
    if not brands.intersection(HEIC_BRANDS):
        return Image.open(io.BytesIO(data), formats=FORMATS)
    try:
        import pillow_heif
    except ModuleNotFoundError:
        raise ImageError(f"{name} is a HEIC picture: to read it, run  {install('heic')}") from None
    pillow_heif.register_heif_opener()
    return Image.open(io.BytesIO(data), formats=("HEIF",))


def _brands(data: bytes) -> set[bytes]:
    """What a file of ISO media calls itself in the box that it begins with."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4]), len(data), 256)
    return {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}


def _pixels(picture: Image.Image, name: str, mode: Literal["L", "RGB"], max_pixels: int, data: bytes = b"") -> Picture:
    _check_size(*picture.size, name, max_pixels)  # before a pixel is decoded
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        # A tile is decoded whole, however little of it the picture has.
        width, height = (max(1, int(picture.tag_v2.get(tag, 1))) for tag in TILE_SIDES)
        _check_size(width, height, name, max_pixels)
    shallow, note = _shallow(picture, lambda: _open(data, name), data)
    orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)  # last, as asking a PNG decodes it
    if orientation != 1:
        shallow.getexif()[ExifTags.Base.Orientation] = orientation  # a scaled one has lost it
        shallow = ImageOps.exif_transpose(shallow)
    return Picture(np.asarray(_to_mode(shallow, mode), dtype=np.uint8), note)


def _shallow(picture: Image.Image, reopen: Callable[[], Image.Image], data: bytes) -> tuple[Image.Image, str | None]:
    """A picture with samples of 8 bits, and what was guessed for that."""
    if samples.is_deep(picture):
        return samples.to_gray(picture, data)
    return samples.to_colour(picture, reopen, data) if data else (picture, None)


def _check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise ImageError(
            f"{name} has {width}x{height} pixels, more than the {max_pixels:,} allowed (--max-pixels): make it smaller."
        )
    if max(width, height) > MAX_SIDE:
        raise ImageError(
            f"{name} is {max(width, height):,} pixels long, more than the {MAX_SIDE:,} allowed: make it smaller."
        )
    if not width or not height:
        raise ImageError(f"{name} has no pixels: replace it or remove it.")


def _read(path: Path) -> bytes:
    """The bytes of a regular file; a pipe or a device, or a link to one, might never end."""
    try:
        status = path.stat()  # before it is opened, which can have effects on a device
        if stat.S_ISDIR(status.st_mode):
            os.scandir(path).close()  # one that can't be listed says why
            raise ImageError(f"'{path}' is a folder, not a picture: name the pictures in it.")
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(
                f"'{path}' is a pipe, a socket or a device, not a file: name a file, or send the picture on standard input (-)."
            )
        if status.st_size > MAX_BYTES:
            raise ImageError(
                f"'{path}' has {status.st_size:,} bytes, more than the {MAX_BYTES:,} allowed: make it smaller."
            )
        # Should it have become a pipe since, opening and reading it return at once.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            return file.read(MAX_BYTES + 1) or b""
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        raise ImageError(f"'{path}' can't be read: {getattr(error, 'strerror', None) or error}.") from None


def _to_mode(picture: Image.Image, mode: Literal["L", "RGB"]) -> Image.Image:
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture if picture.mode == mode else picture.convert(mode)
