"""Bytes or a path to an upright, bounded array, and faces to another size: the only decoder and the only resizer of mien."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

from mien.errors import ImageError

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""What is decoded; Pillow knows more, some through programs of others."""

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".ppm", ".heic", ".heif"}
)
"""File endings of those formats and of HEIC, by which pictures are found in a folder."""

MAX_BYTES = 64 * 2**20
"""Largest file that is decoded, in bytes."""

MAX_PIXELS = 50_000_000
"""Largest picture that is decoded, in pixels (Pillow's own warning starts at 89 million)."""

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

HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""What the file type box of a HEIC picture names; clips have one with other brands."""

Source = bytes | bytearray | memoryview | str | os.PathLike[str] | IO[bytes] | Image.Image | NDArray[Any]
"""What a photo may be given as."""


def decode(
    source: bytes | str | os.PathLike[str], mode: Literal["L", "RGB"] = "RGB", *, max_pixels: int | None = None
) -> NDArray[np.uint8]:
    """Decode one picture upright (EXIF orientation applied), with transparency laid on white.

    PNG, JPEG, WebP, BMP, GIF (first frame), TIFF (first page) and PNM; HEIC where ``pillow-heif`` is installed.

    Args:
        source: the encoded bytes, or a path to them.
        mode: ``"L"`` for gray ``(H, W)``, ``"RGB"`` for colour ``(H, W, 3)``.
        max_pixels: height times width of the largest picture that is decoded; None has ``MAX_PIXELS``.

    Returns:
        Pixels as ``uint8``; 16-bit pictures are scaled to 8 bits.

    Raises:
        ImageError: the file is missing, empty, no picture, truncated, or past ``MAX_BYTES``, ``max_pixels`` or ``MAX_SIDE``.
    """
    data = source if isinstance(source, bytes) else _read(Path(source))
    name = "the picture" if isinstance(source, bytes) else f"'{source}'"
    max_pixels = MAX_PIXELS if max_pixels is None else max_pixels
    if not data:
        raise ImageError(f"{name} is empty (0 bytes): replace the file or remove it.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"{name} has {len(data):,} bytes, more than the {MAX_BYTES:,} allowed: make it smaller.")
    if data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > MAX_SCANS:
        raise ImageError(f"{name} is a JPEG of more than {MAX_SCANS} scans, made to keep others busy: save it anew.")
    try:
        with _open(data, name) as picture:
            return _pixels(picture, name, mode, max_pixels)
    except UnidentifiedImageError:
        raise ImageError(
            f"{name} is no picture that can be read (PNG, JPEG, WebP, BMP, GIF, TIFF and PGM can)."
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # the warning, where warnings are errors
        raise ImageError(
            f"{name} has too many pixels, more than the {max_pixels:,} allowed: make it smaller."
        ) from None
    except MemoryError:
        raise ImageError(f"{name} needs more memory than there is: make it smaller.") from None
    except DAMAGE as error:
        raise ImageError(f"{name} is damaged and can't be decoded ({error}): replace the file or remove it.") from None


def as_photo(source: Source) -> NDArray[np.uint8]:
    """Take a photo in any of its forms.

    Args:
        source: a path, the encoded bytes, a file object open for reading bytes, a Pillow picture, or an array: gray ``(H, W)``
            or ``(H, W, 1)``, colour ``(H, W, 3)`` as red, green, blue, or ``(H, W, 4)`` with alpha; ``uint8``. (OpenCV's
            arrays are blue, green, red: turn them with ``array[:, :, ::-1]``.)

    Returns:
        ``(H, W, 3)`` ``uint8``, red, green, blue, upright.

    Raises:
        ImageError: it is none of these, or past the limits.
    """
    if isinstance(source, np.ndarray):
        shape = source.shape
        right = source.ndim == 2 or (source.ndim == 3 and shape[2] in (1, 3, 4))
        if not right or source.dtype != np.uint8 or 0 in shape:
            raise ImageError(
                f"A photo as an array must be uint8 of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), not {source.dtype} of shape {shape}."
            )
        if source.ndim == 3 and shape[2] == 3:
            _check_size(shape[1], shape[0], "the photo", MAX_PIXELS)
            return source
        return as_photo(Image.fromarray(source[:, :, 0] if source.ndim == 3 and shape[2] == 1 else source))
    if isinstance(source, Image.Image):
        try:
            return _pixels(source, "the photo", "RGB", MAX_PIXELS)
        except DAMAGE as error:
            raise ImageError(f"the photo can't be read ({error}): give another one.") from None
    if isinstance(source, (bytes, str, os.PathLike)):
        return decode(source)
    if isinstance(source, (bytearray, memoryview)):
        return decode(bytes(source))
    if hasattr(source, "read"):
        data = source.read(MAX_BYTES + 1)
        if isinstance(data, bytes):
            return decode(data)
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


def _open(data: bytes, name: str) -> Image.Image:
    if data[4:8] != b"ftyp" or data[8:12] not in HEIC_BRANDS:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    try:
        import pillow_heif
    except ModuleNotFoundError:
        raise ImageError(f"{name} is a HEIC picture: to read it, run  pip install 'mien[heic]'") from None
    pillow_heif.register_heif_opener()
    return Image.open(io.BytesIO(data), formats=("HEIF",))


def _pixels(picture: Image.Image, name: str, mode: Literal["L", "RGB"], max_pixels: int) -> NDArray[np.uint8]:
    _check_size(*picture.size, name, max_pixels)  # before a pixel is decoded
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        # A tile is decoded whole, however little of it the picture has.
        width, height = (max(1, int(picture.tag_v2.get(tag, 1))) for tag in TILE_SIDES)
        _check_size(width, height, name, max_pixels)
    if picture.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        picture = ImageOps.exif_transpose(picture)
    return np.asarray(_to_mode(picture, mode), dtype=np.uint8)


def _check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise ImageError(f"{name} has {width}x{height} pixels, more than the {max_pixels:,} allowed: make it smaller.")
    if max(width, height) > MAX_SIDE:
        raise ImageError(
            f"{name} is {max(width, height):,} pixels long, more than the {MAX_SIDE:,} allowed: make it smaller."
        )
    if not width or not height:
        raise ImageError(f"{name} has no pixels: replace it or remove it.")


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
    return picture if picture.mode == mode else picture.convert(mode)
