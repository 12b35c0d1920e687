"""Faces as numbers: parse texts into flat values, and arrange flat values as square gray faces."""

from __future__ import annotations

import math
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.data.layouts.delimited import MIN_PIXELS

Flat = NDArray[np.float64] | NDArray[np.uint8]
"""The values of one face in a row: ``uint8``, or fractions from 0 to 1."""

_PUNCTUATION = str.maketrans("[](),;\r\n\t", " " * 9)
_SAMPLE = 50
_CLEARLY = 0.03  # by so much a row is more like the next row than like what lies elsewhere; 2 rows on it is less alike
_SAME_PICTURE = 0.7  # the planes of a colour picture correlate more than this, its upper and middle thirds less


@dataclass(frozen=True)
class Shape:
    """The memory layout of the values of a face.

    Attributes:
        side: height and width in pixels.
        channels: 1 gray, 3 red, green, blue, 4 with alpha.
        planar: whether the channels are stored one after the other.
    """

    side: int
    channels: int = 1
    planar: bool = False


def parse(text: str) -> Flat | str:
    """Parse the numbers of a text such as ``70 80``, ``70,80`` or ``[[70, 80], ...]``; a string is the reason if they are invalid."""
    plain = text.translate(_PUNCTUATION)
    if not plain.strip():
        return "it has no pixels"
    # numpy's parser takes a quarter of the time of map(int, ...); it warns where a text holds more than numbers.
    values = _numbers(plain, np.int64)
    if values is None:
        if "..." in plain:
            return "its pixels were shortened to '...' when they were saved: save whole arrays, as .npz"
        values = _numbers(plain, np.float64)
    if values is None or not np.isfinite(values).all():
        return f"'{_odd_word(plain)}' is no whole number"
    return of_numbers(values)


def of_numbers(values: NDArray[Any]) -> NDArray[Any] | str:
    """Numbers of any type and shape as ``uint8``, or as fractions from 0 to 1; a string is the reason if they are invalid."""
    if not values.size:
        return "it has no pixels"
    if not np.isfinite(values).all():
        return "its pixels are not all numbers"
    if values.min() < 0 or values.max() > 255:
        outside = values[(values < 0) | (values > 255)][0]
        return f"pixel value {outside:g} is outside 0..255"
    if (values == np.floor(values)).all():
        return values.astype(np.uint8)
    if values.max() > 1:
        return f"'{values[values != np.floor(values)][0]:g}' is no whole number"
    return values.astype(np.float64)


def shapes(faces: Sequence[Flat]) -> dict[int, Shape]:
    """The memory layout of the values of each length, estimated from all faces of that length; invalid lengths are left out."""
    by_length: dict[int, list[Flat]] = {}
    for face in faces:
        by_length.setdefault(len(face), []).append(face)
    found = {length: _shape(length, members) for length, members in by_length.items()}
    return {length: shape for length, shape in found.items() if shape is not None}


def is_face(length: int) -> bool:
    """Whether this number of values can be a face: H x H, or H x H with three channels."""
    return length >= MIN_PIXELS and any(_side(length, channels) for channels in (1, 3))


def order(heads: Sequence[str]) -> tuple[int, ...]:
    """The places of the columns of pixels in the order of the numbers in their headers; empty if they are in order.

    With two numbers, such as those of ``r0c1``, columns that are in order by the one or by the other stay as they are.
    """
    numbers = [tuple(map(int, re.findall(r"\d+", head))) for head in heads]
    if len({len(each) for each in numbers}) != 1 or len(set(numbers)) < len(numbers):
        return ()
    varying = [part for part in zip(*numbers, strict=True) if len(set(part)) > 1]
    keys = list(zip(*varying, strict=True))
    if len(varying) > 2 or keys in (sorted(keys), sorted(keys, key=lambda key: key[::-1])):
        return ()
    return tuple(sorted(range(len(keys)), key=keys.__getitem__))


def most_common(faces: Iterable[Flat]) -> int:
    """The most frequent length of a face; 0 if no length is valid."""
    lengths = Counter(len(face) for face in faces)
    return max(((count, length) for length, count in lengths.items() if is_face(length)), default=(0, 0))[1]


def square(face: Flat, shape: Shape) -> NDArray[np.uint8]:
    """The gray face ``(H, H)`` of flat values; colours by luma, transparency on white, as in ``images.decode``."""
    values = np.asarray(face if face.dtype == np.uint8 else face * 255 + 0.5).astype(np.uint8)
    side, channels = shape.side, shape.channels
    if channels == 1:
        return values.reshape(side, side)
    planes = (
        values.reshape(channels, side, side)
        if shape.planar
        else values.reshape(side, side, channels).transpose(2, 0, 1)
    )
    colours = Image.fromarray(np.ascontiguousarray(planes.transpose(1, 2, 0)))
    if channels == 4:
        colours = Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours)
    return np.asarray(colours.convert("RGB").convert("L"))


def _numbers(text: str, dtype: type[np.int64] | type[np.float64]) -> NDArray[Any] | None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        try:
            return np.fromstring(text, dtype, sep=" ")
        except (DeprecationWarning, ValueError, OverflowError):
            return None


def _odd_word(text: str) -> str:
    for word in text.split():
        if not word.lstrip("-").isdecimal():
            return word[:20]
    return text[:20]


def _shape(length: int, faces: Sequence[Flat]) -> Shape | None:
    if length < MIN_PIXELS:
        return None
    if side := _side(length, 3):
        return Shape(side, 3, _is_planar(faces[:_SAMPLE], 3))
    # 4 x H x H values are 2H x 2H as well; which of them they are shows in how far apart the rows of the picture lie.
    if (side := _side(length, 4)) and length >= 4 * MIN_PIXELS:
        if all((face[3::4] == face.dtype.type(1 if face.dtype != np.uint8 else 255)).all() for face in faces):
            return Shape(side, 4)
        row = _length_of_rows(faces[:_SAMPLE], (2 * side, 4 * side, side))
        if row != 2 * side:
            return Shape(side, 4, planar=row == side)
    side = _side(length, 1)
    return Shape(side) if side else None


def _length_of_rows(faces: Sequence[Flat], lengths: Sequence[int]) -> int:
    """The length of the rows of pictures by their values: one row looks like the next. The first unless another is clearly so."""
    likeness = np.zeros(len(lengths))
    for face in faces:
        values = face.astype(np.float64)
        pairs = [(values[:-length], values[length:]) for length in lengths]
        if all(one.std() and other.std() for one, other in pairs):
            likeness += [np.corrcoef(one, other)[0, 1] for one, other in pairs]
    best = int(likeness.argmax())
    return lengths[best if likeness[best] - likeness[0] > _CLEARLY * len(faces) else 0]


def _side(length: int, channels: int) -> int:
    side = math.isqrt(length // channels)
    return side if side * side * channels == length else 0


def _is_planar(faces: Sequence[Flat], channels: int) -> bool:
    """Whether channels lie one after the other, so that the first and second third of the values show the same picture."""
    likeness = []
    for face in faces:
        first, second = np.split(face.astype(np.float64), channels)[:2]
        if first.std() and second.std():
            likeness.append(float(np.corrcoef(first, second)[0, 1]))
    return bool(likeness) and float(np.mean(likeness)) > _SAME_PICTURE
