"""The only decoder and the only resizer of mien: bytes or a path to an upright, bounded array; faces to another size."""

from __future__ import annotations

import io
import os
import re
import stat
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, TiffImagePlugin, UnidentifiedImageError, features

from mien import samples
from mien.checks import checked
from mien.errors import ArgumentError, ImageError, install

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "JPEG2000")
"""Pillow decoders in use, beside AVIF and HEIC; others are disabled, as some run external programs."""

SUFFIXES = frozenset(
    {
        *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".webp", ".bmp", ".gif", ".tif", ".tiff"),
        *(".pgm", ".ppm", ".pnm", ".jp2", ".avif", ".heic", ".heif"),
    }
)
"""File extensions of these formats, used to find pictures in a folder."""

COMPANION = "._"
"""Prefix of the files in which macOS keeps extended attributes; they are not pictures."""

MAX_BYTES = 64 * 2**20
"""Maximum size of a file, in bytes."""

MAX_PIXELS = 65_000_000
"""Default maximum size of a picture, in pixels; enough for cameras of 61 and phones of 64 megapixels."""

MOST_PIXELS = 178_956_970
"""Upper bound of the maximum, in pixels: Pillow decodes nothing larger."""

MAX_SIDE = 32_768
"""Maximum width or height of a picture, in pixels."""

MAX_SCANS = 100
"""Maximum number of scans of a JPEG; a progressive one has about ten, and each takes as long as decoding a full picture."""

TILE_SIDES = (322, 323)
"""TIFF tags of the width and the length of tiles."""

MAX_FACE_SIDE = 1024
"""Maximum width or height of a face, in pixels; a larger crop adds nothing, and a set of them fills the memory."""


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
"""Exceptions of Pillow for damaged files and for unsupported variants of a format."""

MARKER = re.compile(rb"\xff([^\x00\xff])")
"""A JPEG marker; fill bytes (FF) may precede it, and in the coded pixels a zero byte follows each FF."""

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
"""Start of a URL, such as ``https://``."""

AVIF_BRANDS = (b"avif", b"avis")
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""Brands of AVIF and HEIC pictures in the file type box; videos have other brands."""

Source = bytes | bytearray | memoryview | str | os.PathLike[str] | IO[bytes] | Image.Image | NDArray[Any]
"""Accepted types of a photo."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture, as Pillow holds it or as an array; each is converted to the other only if it is needed.

    Attributes:
        source: ``uint8``, upright: gray ``(H, W)`` or ``L``, or red, green, blue ``(H, W, 3)`` or ``RGB``.
        note: the assumption made to decode it, such as the bit depth of the samples; None if there was none.
    """

    source: Image.Image | NDArray[np.uint8]
    note: str | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        if isinstance(self.source, Image.Image):
            return self.source.height, self.source.width
        height, width = self.source.shape[:2]
        return height, width

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """``(H, W)`` gray or ``(H, W, 3)`` red, green, blue."""
        return np.asarray(self.source, dtype=np.uint8)

    @cached_property
    def _image(self) -> Image.Image:
        return self.source if isinstance(self.source, Image.Image) else Image.fromarray(self.source)

    def shrunk(self, longest: int) -> NDArray[np.uint8]:
        """The pixels, with blocks averaged so that the longer side has at most ``longest`` pixels."""
        height, width = self.size
        factor = longest / max(height, width)
        if factor >= 1:
            return self.pixels
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        return np.asarray(self._image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))

    def gray(self, left: int, top: int, right: int, bottom: int) -> NDArray[np.uint8]:
        """Gray levels of a part, weighted as in ITU-R BT.601-2."""
        if isinstance(self.source, Image.Image):
            return np.asarray(self.source.crop((left, top, right, bottom)).convert("L"))
        return np.asarray(Image.fromarray(self.source[top:bottom, left:right]).convert("L"))


def decode(
    source: bytes | str | os.PathLike[str], mode: Literal["L", "RGB"] = "RGB", *, max_pixels: int | None = None
) -> NDArray[np.uint8]:
    """The pixels of ``decode_picture``."""
    return decode_picture(source, mode, max_pixels=max_pixels).pixels


def decode_picture(
    source: bytes | str | os.PathLike[str], mode: Literal["L", "RGB"] = "RGB", *, max_pixels: int | None = None
) -> Picture:
    """Decode one picture upright (EXIF orientation applied), with transparency on white.

    Formats: PNG, JPEG, JPEG 2000, WebP, BMP, GIF (first frame), TIFF (first page) and PNM; AVIF if Pillow is built with it; HEIC
    if ``pillow-heif`` is installed.

    Args:
        source: the encoded bytes, or a path to them.
        mode: ``"L"`` for gray ``(H, W)``, ``"RGB"`` for colour ``(H, W, 3)``.
        max_pixels: maximum height times width; None for ``MAX_PIXELS``.

    Returns:
        Pixels as ``uint8``; deeper samples are scaled to 8 bits (see ``samples``).

    Raises:
        ImageError: the file is missing, not a regular file, empty, not a picture, truncated, or above ``MAX_BYTES``,
            ``max_pixels`` or ``MAX_SIDE``.
    """
    if not isinstance(source, bytes) and ADDRESS.match(address := os.fspath(source)):
        raise ImageError(f"'{address}' is a URL, not a file: download the picture first.")
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
            return _decoded(picture, name, mode, max_pixels, data)
    except UnidentifiedImageError:
        raise ImageError(
            f"{name} is not a picture in a supported format (PNG, JPEG, JPEG 2000, WebP, AVIF, HEIC, BMP, GIF, TIFF, PGM)."
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # the warning, if warnings are errors
        raise ImageError(
            f"{name} has too many pixels, more than the {max_pixels:,} allowed (--max-pixels): make it smaller."
        ) from None
    except MemoryError:
        raise ImageError(f"{name} needs more memory than is available: make it smaller.") from None
    except DAMAGE as error:
        raise ImageError(f"{name} is damaged and can't be decoded ({error}): replace the file or remove it.") from None


def as_photo(
    source: Source, *, max_pixels: int | None = None, colour: Literal["rgb", "bgr"] = "rgb"
) -> NDArray[np.uint8]:
    """The pixels of ``open_photo``."""
    return open_photo(source, max_pixels=max_pixels, colour=colour).pixels


@checked
def open_photo(source: Source, *, max_pixels: int | None = None, colour: Literal["rgb", "bgr"] = "rgb") -> Picture:
    """Decode a photo, or convert it from memory.

    Args:
        source: a path, the encoded bytes, a file object open for reading bytes, a Pillow picture, or an array: gray ``(H, W)``
            or ``(H, W, 1)``, colour ``(H, W, 3)``, or ``(H, W, 4)`` with alpha; ``uint8``.
        max_pixels: maximum height times width; None for ``MAX_PIXELS``.
        colour: channel order of an array: ``"rgb"``, or ``"bgr"`` as in OpenCV.

    Returns:
        ``(H, W, 3)`` ``uint8``, red, green, blue, upright.

    Raises:
        ImageError: ``source`` is none of these types, or is above the limits.
        ArgumentError: ``colour`` or ``max_pixels`` is invalid.
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
            return _decoded(source, "the photo", "RGB", most)
        except DAMAGE as error:
            raise ImageError(f"the photo can't be read ({error}): use another one.") from None
    if isinstance(source, (bytes, str, os.PathLike)):
        return decode_picture(source, max_pixels=most)
    if isinstance(source, (bytearray, memoryview)):
        return decode_picture(bytes(source), max_pixels=most)
    if hasattr(source, "read"):
        data = source.read(MAX_BYTES + 1)
        if isinstance(data, bytes):
            return decode_picture(data, max_pixels=most)
        raise ImageError("The file object returns text: open it for reading bytes, as with open(path, 'rb').")
    raise ImageError(
        f"A photo is a path, bytes, a file object, a Pillow picture or an array, not {type(source).__name__}."
    )


@checked
def in_colour(photo: NDArray[np.uint8] | Picture) -> Picture:
    """A photo in colour, as a picture.

    Raises:
        ArgumentError: it has the wrong shape or type.
    """
    picture = photo if isinstance(photo, Picture) else Picture(photo)
    if isinstance(picture.source, Image.Image):
        shape, kind = (*picture.size, len(picture.source.getbands())), np.dtype(np.uint8)
    else:
        shape, kind = picture.source.shape, picture.source.dtype
    if len(shape) != 3 or shape[2] != 3 or kind != np.uint8 or 0 in shape:
        raise ArgumentError(f"A photo for detection must be uint8 of shape (H, W, 3), not {kind} of shape {shape}.")
    return picture


def resize_faces(faces: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize gray faces ``(N, h, w)`` to ``(N, *size)``, bilinear and antialiased; returns the same array if they have that size.

    Training and inference both use this function, so a model gets the same input in both.
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


def encode_jpeg(picture: NDArray[np.uint8], quality: int) -> bytes:
    """Encode one gray picture ``(H, W)`` as JPEG, with a quality from 1 to 95."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def _has_too_many_scans(data: bytes) -> bool:
    """Whether a JPEG has more than ``MAX_SCANS`` scans, counted as a decoder does: marker by marker, up to the end of the image.
    Phones store videos and gain maps after it, in which any bytes occur."""
    scans, at = 0, 2
    while scans <= MAX_SCANS and (marker := MARKER.search(data, at)) is not None:
        kind, at = marker[1][0], marker.end()
        if kind == 0xD9:
            return False
        scans += kind == 0xDA
        if not (0xD0 <= kind <= 0xD7 or kind == 0x01):  # these have no length field
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
    """Brands in the file type box, the first box of an ISO media file."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4]), len(data), 256)
    return {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}


def _decoded(picture: Image.Image, name: str, mode: Literal["L", "RGB"], max_pixels: int, data: bytes = b"") -> Picture:
    _check_size(*picture.size, name, max_pixels)  # before pixels are decoded
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        # A tile is decoded completely, even if the picture covers only a part of it.
        width, height = (max(1, int(picture.tag_v2.get(tag, 1))) for tag in TILE_SIDES)
        _check_size(width, height, name, max_pixels)
    if samples.are_signed(picture):
        raise ImageError(f"{name} has signed samples, whose range is unknown: save it with unsigned samples.")
    shallow, note = _shallow(samples.by_planes(picture), lambda: samples.by_planes(_open(data, name)), data)
    orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)  # last, as this decodes a PNG
    if orientation != 1:
        shallow.getexif()[ExifTags.Base.Orientation] = orientation  # scaling drops it
        shallow = ImageOps.exif_transpose(shallow)
    shown = _to_mode(shallow, mode)
    shown.load()
    return Picture(shown, note)


def _shallow(picture: Image.Image, reopen: Callable[[], Image.Image], data: bytes) -> tuple[Image.Image, str | None]:
    """The picture with 8-bit samples, and the assumption made about its depth."""
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
    """The bytes of a regular file; reading a pipe or a device, or a link to one, might never end."""
    try:
        status = path.stat()  # before opening, which can have effects on a device
        if stat.S_ISDIR(status.st_mode):
            os.scandir(path).close()  # raises the reason if it can't be listed
            raise ImageError(f"'{path}' is a folder, not a picture: name the pictures in it.")
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(
                f"'{path}' is a pipe, a socket or a device, not a file: name a file, or send the picture on standard input (-)."
            )
        if status.st_size > MAX_BYTES:
            raise ImageError(
                f"'{path}' has {status.st_size:,} bytes, more than the {MAX_BYTES:,} allowed: make it smaller."
            )
        # If it has become a pipe since, opening and reading return at once.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            data = file.read(status.st_size + 1) or b""  # a larger buffer would take longer than decoding a small face
            return data if len(data) <= status.st_size else data + (file.read(MAX_BYTES + 1 - len(data)) or b"")
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        raise ImageError(f"'{path}' can't be read: {getattr(error, 'strerror', None) or error}.") from None


def _to_mode(picture: Image.Image, mode: Literal["L", "RGB"]) -> Image.Image:
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture if picture.mode == mode else picture.convert(mode)
