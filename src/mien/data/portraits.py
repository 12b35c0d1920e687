"""Portraits and photos instead of face crops: detected on a sample, and cropped to the face on request.

The detector is in a higher layer, so callers pass it as a ``Finder``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIDE = 96
"""Default height and width of the cropped faces, in pixels: twice that of FER2013."""

MIN_SIDE = 96
"""Minimum shorter side of a picture that may be a portrait, in pixels."""

MAX_SHARE = 0.6
"""Maximum share of the picture's side that the face has in a portrait; it is larger in a crop."""

SAMPLE = 24
"""Number of pictures in the sample."""


@dataclass(frozen=True, eq=False)
class FoundFace:
    """The largest face of a picture.

    Attributes:
        crop: the aligned face, ``(side, side)`` ``uint8``.
        share: side of the face's box divided by the side of the picture, as square roots of their areas.
        num: number of faces in the picture.
    """

    crop: NDArray[np.uint8]
    share: float
    num: int = 1


Finder = Callable[[NDArray[np.uint8], int], FoundFace | None]
"""Function that crops the largest face of a photo ``(H, W, 3)`` to a side in pixels; None if it finds none."""


@dataclass(frozen=True)
class Asked:
    """How pictures are processed while data is read.

    Attributes:
        finder: detects faces, or None if no detector is available.
        find_faces: whether each picture is cropped to its face.
        side: side of the cropped faces, in pixels.
    """

    finder: Finder | None = None
    find_faces: bool = False
    side: int = SIDE


_NOTHING = Asked()
_asked: ContextVar[Asked] = ContextVar("asked", default=_NOTHING)


def asked() -> Asked:
    """The settings of the current read."""
    return _asked.get()


@contextmanager
def reading_with(asked: Asked) -> Iterator[None]:
    """Set the settings for reads inside the block."""
    token = _asked.set(asked)
    try:
        yield
    finally:
        _asked.reset(token)


def notice(pictures: Sequence[NDArray[np.uint8]], finder: Finder) -> str:
    """A note if gray pictures ``(H, W)`` are like portraits; empty otherwise."""
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
        f"The pictures look like portraits, not like cropped faces: in {len(small)} of {len(places)} sampled pictures the face has"
        f" {np.median(small):.0%} of the picture's side. Add --find-faces (in Python find_faces=True) to crop the faces as 'mien predict' does."
    )
