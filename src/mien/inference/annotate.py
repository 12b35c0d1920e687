"""Draw predictions on a picture: a box and a label per face, readable at any size, without overlapping labels."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mien import palette
from mien.inference.photo import Face
from mien.words import percent

UNSURE = "#3a4048"
SYSTEM_FONTS = (
    "NotoSans-Regular.ttf",
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "wqy-zenhei.ttc",
    "wqy-microhei.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "AppleSDGothicNeo.ttc",
    "Arial Unicode.ttf",
    "segoeui.ttf",
    "msjh.ttc",
    "msyh.ttc",
    "YuGothR.ttc",
    "malgun.ttf",
)
"""Fonts for other scripts on Linux, macOS and Windows, by file name; Pillow searches the font folders of the system."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Mark:
    """The drawing of one face: its box, its text, the expression that sets the colour (None if unsure), and all classes."""

    box: Box
    text: str
    label: str | None
    classes: tuple[str, ...] = ()


def mark(face: Face, track: int | None = None) -> Mark:
    """A face's mark: expression and probability, or in a video the track number and the expression."""
    label, classes = None if face.abstained else face.label, tuple(face.probabilities)
    if track is not None:
        return Mark(face.box, f"{track}: {label or 'unsure'}", label, classes)
    return Mark(face.box, f"{label} {percent(face.confidence, 0)}" if label else "unsure", label, classes)


def annotate(photo: NDArray[np.uint8], marks: Sequence[Mark], *, enlarge: bool = True) -> Image.Image:
    """Draw marks on a photo ``(H, W, 3)``.

    The text height is 1/45 of the picture's mean side, and at least 11 pixels; if a picture is too narrow for a label of that
    size, it is enlarged first, unless ``enlarge`` is false.
    """
    picture = Image.fromarray(photo)
    times = _enlargement(picture, marks) if enlarge else 1
    if times > 1:
        picture = picture.resize((picture.width * times, picture.height * times), Image.Resampling.BICUBIC)
    boxes = [_scaled(mark.box, times) for mark in marks]
    height = max(11, round((picture.width * picture.height) ** 0.5 / 45))
    draw, letters = ImageDraw.Draw(picture), font(height, _foreign(marks))
    line = max(1, height // 7)
    for box, mark in zip(boxes, marks, strict=True):
        draw.rectangle(_ordered(box), outline=_colour(mark), width=line)
    taken: list[Box] = []
    for row, (box, mark) in enumerate(zip(boxes, marks, strict=True)):
        others = [other for number, other in enumerate(boxes) if number != row]
        place = _place(box, _label_size(mark.text, letters, height), picture.size, taken, others)
        taken.append(place)
        draw.rectangle(place, fill=_colour(mark))
        draw.text(
            ((place[0] + place[2]) / 2, (place[1] + place[3]) / 2),
            mark.text,
            fill=palette.ink(_colour(mark)),
            font=letters,
            anchor="mm",
        )
    return picture


def _enlargement(picture: Image.Image, marks: Sequence[Mark]) -> int:
    letters = font(11, _foreign(marks))
    widest = max((_label_size(mark.text, letters, 11)[0] for mark in marks), default=0.0)
    return max(1, min(8, -(-int(1.2 * widest) // picture.width)))


def _foreign(marks: Sequence[Mark]) -> str:
    """The characters that need a font of another script, few and constant from photo to photo, so that fonts are opened once."""
    return "".join(sorted({letter for mark in marks for letter in mark.text if not letter.isascii()}))


def _label_size(text: str, letters: ImageFont.FreeTypeFont, height: int) -> tuple[float, float]:
    return letters.getlength(text) + 0.8 * height, 1.5 * height


def _place(
    box: Box, size: tuple[float, float], picture: tuple[int, int], taken: Sequence[Box], faces: Sequence[Box]
) -> Box:
    """Position of a label: the first one near its box that covers no label and no face, else the one that covers least."""
    places = list(_places(box, size, picture))
    costs = [
        4 * sum(_shared(place, other) for other in taken) + sum(_shared(place, other) for other in faces)
        for place in places
    ]
    return places[int(np.argmin(costs))]


def _places(box: Box, size: tuple[float, float], picture: tuple[int, int]) -> Iterator[Box]:
    """Positions in order of preference, moved into the picture: above, below, inside at the top and the bottom, at the sides."""
    width, height = size
    left, top, right, bottom = box
    for x in (left, right - width, (left + right - width) / 2):
        for y in (top - height, bottom):
            yield _inside(x, y, size, picture)
    for y in (top, bottom - height):
        yield _inside(left, y, size, picture)
    for step in range(6):
        for x in (right, left - width):
            yield _inside(x, top + step * height, size, picture)
    for step in range(2, 6):
        yield _inside(left, top - step * height, size, picture)
        yield _inside(left, bottom + (step - 1) * height, size, picture)


def _inside(x: float, y: float, size: tuple[float, float], picture: tuple[int, int]) -> Box:
    x = max(0.0, min(x, picture[0] - size[0]))
    y = max(0.0, min(y, picture[1] - size[1]))
    return x, y, x + size[0], y + size[1]


def _shared(a: Box, b: Box) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _scaled(box: Box, by: float) -> Box:
    return box[0] * by, box[1] * by, box[2] * by, box[3] * by


def _ordered(box: Box) -> Box:
    return min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3])


def _colour(mark: Mark) -> str:
    return palette.colour(mark.label, mark.classes) if mark.label else UNSURE


@lru_cache(maxsize=32)
def font(height: int, text: str = "") -> ImageFont.FreeTypeFont:
    """The font for labels, ``height`` pixels high.

    By default Pillow's own font, which is Latin; for other scripts the first installed font of ``SYSTEM_FONTS`` that has all
    characters. If there is none, Pillow's font shows a box for each missing character.
    """
    letters = ImageFont.load_default(height)
    assert isinstance(letters, ImageFont.FreeTypeFont)  # Pillow's wheels carry FreeType
    if _has(letters, text):
        return letters
    for name in SYSTEM_FONTS:
        with contextlib.suppress(OSError):
            other = ImageFont.truetype(name, height)
            if _has(other, text):
                return other
    return letters


def _has(letters: ImageFont.FreeTypeFont, text: str) -> bool:
    """Whether a font has all characters of a text; a missing one has the same bitmap as an unassigned code point."""
    lacking = bytes(letters.getmask("\uffff"))
    return all(bytes(letters.getmask(letter)) != lacking for letter in set(text))
