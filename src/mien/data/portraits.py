"""Pictures that show more than a face: noticed on a sample, and each cut to its face where that was asked for.

The detector lives above this floor, so whoever reads data hands it down as a ``Finder``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIDE = 96
"""Height and width that faces are cut out at where no size was asked for: twice that of FER2013."""

MIN_SIDE = 96
"""Shorter side of a picture, in pixels, from which on it may be a portrait."""

MAX_SHARE = 0.6
"""Share of the picture's side that a face has at most in a portrait; in a crop it has more."""

SAMPLE = 24
"""How many pictures are looked at to notice portraits."""


@dataclass(frozen=True, eq=False)
class FoundFace:
    """The largest face of a picture.

    Attributes:
        crop: the face as classifiers see it, ``(side, side)`` ``uint8``.
        share: side of the face's box by side of the picture, as square roots of their areas.
        num: how many faces the picture shows.
    """

    crop: NDArray[np.uint8]
    share: float
    num: int = 1


Finder = Callable[[NDArray[np.uint8], int], FoundFace | None]
"""Finds the largest face of a photo ``(H, W, 3)`` and cuts it out at a side in pixels; None where it finds none."""


@dataclass(frozen=True)
class Asked:
    """How pictures are looked at in a reading.

    Attributes:
        finder: finds faces, or None where nothing can.
        find_faces: whether each picture is cut to its face.
        side: of the faces that are cut out, in pixels.
    """

    finder: Finder | None = None
    find_faces: bool = False
    side: int = SIDE


_NOTHING = Asked()
_asked: ContextVar[Asked] = ContextVar("asked", default=_NOTHING)


def asked() -> Asked:
    """What holds for the reading that is going on."""
    return _asked.get()


@contextmanager
def reading_with(asked: Asked) -> Iterator[None]:
    """Let this hold for the readings inside."""
    token = _asked.set(asked)
    try:
        yield
    finally:
        _asked.reset(token)


def notice(pictures: Sequence[NDArray[np.uint8]], finder: Finder) -> str:
    """A sentence on gray pictures ``(H, W)`` that look like portraits; empty where they don't."""
    large = [picture for picture in pictures if min(picture.shape) >= MIN_SIDE]
    if 2 * len(large) <= len(pictures):
        return ""
    places = np.unique(np.linspace(0, len(large) - 1, SAMPLE).astype(int))
    found = [finder(np.repeat(large[place][:, :, None], 3, axis=2), SIDE) for place in places]
    shares = [face.share for face in found if face is not None]
    small = [share for share in shares if share < MAX_SHARE]
    if 2 * len(small) <= len(places):
        return ""
    return (
        f"The pictures look like portraits, not like cropped faces: the face has {np.median(small):.0%} of the picture's side in"
        f" {len(small)} of {len(places)} that were tried. Add --find-faces (in Python find_faces=True) to cut each face out as 'mien predict' does."
    )
