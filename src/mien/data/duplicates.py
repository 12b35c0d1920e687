"""Copies of a picture among faces: exact ones by their pixels, near ones by their correlation. None is missed.

Two faces are near copies if their pixels, each set to mean 0 and length 1, have a product above a threshold. Most of a face lies
in the low frequencies of its cosine transform, and the rest contributes at most the product of both rests' lengths. So
145 numbers a face, 144 low frequencies and the length of the rest, bound the correlation from above: all pairs are
compared by these, and only those whose bound passes are compared by their pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.checks import Between, checked
from mien.data import identity
from mien.data.identity import Links
from mien.errors import DataError

MIN_CORRELATION = 0.98
"""Above this, two faces count as copies: the same photo saved, scaled or lit anew, but hardly ever another one."""

LONGEST_SIDE = 48
"""Larger faces are shrunk to this, in pixels, before they are correlated."""

MIN_CONTRAST = 4.0
"""A face whose grays deviate less than this from their mean is blank: it has no correlation but that of its noise."""

MAX_PAIRS = 5_000_000
"""Most pairs of near copies; beyond, faces are as alike as the frames of one clip, and pairs say nothing."""

_FREQUENCIES = 12  # each way
_BLOCK = 512  # faces that are compared with all others at once, which bounds the memory
_SLACK = 1e-4  # for rounding in float32


@dataclass(frozen=True, eq=False)
class Copies:
    """Which faces are copies of which.

    Attributes:
        pictures: ``(N,)`` ``int64``, the same number for rows with the same pixels, counted from 0.
        groups: ``(N,)`` ``int64``, the same number for rows that are linked by copies, exact or near, in any number of steps.
        pairs: ``(P, 2)`` ``int64``, near copies as two numbers of ``pictures``, the lower first.
        correlations: ``(P,)`` ``float64``, of these pairs, to six decimals.
    """

    pictures: NDArray[np.int64]
    groups: NDArray[np.int64]
    pairs: NDArray[np.int64]
    correlations: NDArray[np.float64]

    def nearest(
        self, rows: NDArray[np.int64], others: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """For each row of ``rows`` its nearest copy among ``others``, which shares no row with it.

        Returns:
            ``(len(rows),)`` the row that is the nearest copy, of several the first, or -1 where there is none; and
            its correlation: 1 for an exact copy, 0 where there is none.
        """
        num = int(self.pictures.max(initial=-1)) + 1
        first = np.full(num, -1)
        first[self.pictures[others[::-1]]] = others[::-1]
        # A picture is its own nearest copy, so it comes along as a pair of itself.
        a = np.concatenate([np.arange(num), *self.pairs.T])
        b = np.concatenate([np.arange(num), *self.pairs.T[::-1]])
        correlations = np.concatenate([np.ones(num), self.correlations, self.correlations])
        known = first[b] >= 0
        a, copy, correlations = a[known], first[b[known]], correlations[known]
        order = np.lexsort((-copy, correlations))  # the best comes last, so that it is what stays
        copies, nearest = np.full(num, -1), np.zeros(num)
        copies[a[order]], nearest[a[order]] = copy[order], correlations[order]
        return copies[self.pictures[rows]], nearest[self.pictures[rows]]


@checked
def find(
    faces: NDArray[np.uint8], correlation: Annotated[float, Between(0, 1)] = MIN_CORRELATION, *, mirrored: bool = False
) -> Copies:
    """Find all copies among faces ``(N, H, W)``; 32,298 faces of FER2013 take about 4 seconds on two cores.

    Args:
        faces: ``uint8``, of any one size; blank ones (see ``MIN_CONTRAST``) have exact copies only.
        correlation: what near copies exceed, 0 to 1.
        mirrored: also take a face for a copy if its mirror image is one.

    Raises:
        ArgumentError: an argument is of another kind or out of range.
        DataError: the faces are no such array, or there are more than ``MAX_PAIRS`` pairs of near copies.
    """
    if faces.ndim != 3 or faces.dtype != np.uint8:
        raise DataError(f"Faces must be uint8 of shape (N, H, W), not {faces.dtype} of shape {faces.shape}.")
    pictures = identity.numbers(faces)
    first_rows = np.unique(pictures, return_index=True)[1]
    small = _small(faces[first_rows])
    pairs, correlations = _pairs(small, correlation, mirrored)
    groups = _linked(len(first_rows), pairs)[pictures]
    return Copies(pictures, np.unique(groups, return_inverse=True)[1].astype(np.int64), pairs, correlations)


def contrast(faces: NDArray[np.uint8]) -> NDArray[np.float64]:
    """``(N,)`` the standard deviation of each face's grays ``(N, H, W)``."""
    return np.array([face.std() for face in faces], np.float64)


def _small(faces: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Faces shrunk until their longer side has ``LONGEST_SIDE`` pixels."""
    factor = LONGEST_SIDE / max(faces.shape[1:])
    height, width = (max(1, round(side * factor)) for side in faces.shape[1:])
    return faces if factor >= 1 else images.resize_faces(faces, (height, width))


def _pairs(
    faces: NDArray[np.uint8], correlation: float, mirrored: bool
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """All pairs ``(P, 2)`` of different pictures above a correlation, and their correlations ``(P,)``."""
    shown = np.flatnonzero(contrast(faces) >= MIN_CONTRAST)
    bounds, sign = _bounds(faces, shown)
    found: dict[tuple[int, int], float] = {}
    for flip in (False, True)[: 1 + mirrored]:
        for rows, others in _candidates(bounds, bounds * sign if flip else bounds, correlation - _SLACK):
            a, b = shown[rows], shown[others]
            values = _correlations(faces, a, b, flip)
            for row, other, value in zip(a.tolist(), b.tolist(), values.tolist(), strict=True):
                if value > correlation:
                    found[row, other] = max(value, found.get((row, other), 0.0))
            if len(found) > MAX_PAIRS:
                raise DataError(
                    f"More than {MAX_PAIRS:,} pairs of faces correlate above {correlation:g}, as if they were frames of one "
                    "clip: ask for a higher correlation."
                )
    pairs = sorted(found)
    return np.array(pairs, np.int64).reshape(-1, 2), np.array([found[pair] for pair in pairs], np.float64)


def _bounds(faces: NDArray[np.uint8], rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """``(R, F + 1)`` whose products bound the correlations of these rows, and ``(F + 1,)`` the signs that mirror them."""
    down, across = (_cosines(side) for side in faces.shape[1:])  # (f, H), (g, W)
    bounds = np.empty((len(rows), len(down) * len(across) + 1), np.float32)
    for start in range(0, len(rows), _BLOCK):
        block = _standardised(faces[rows[start : start + _BLOCK]])
        low = (down @ block @ across.T).reshape(len(block), -1)
        bounds[start : start + _BLOCK, :-1] = low
        bounds[start : start + _BLOCK, -1] = np.sqrt(np.maximum(1 - np.square(low).sum(1), 0))
    signs = np.tile((-1.0) ** np.arange(len(across)), len(down))  # a mirrored odd wave is its negative
    return bounds, np.append(signs, 1).astype(np.float32)


def _cosines(side: int) -> NDArray[np.float32]:
    """``(f, side)`` the lowest frequencies of the cosine transform, as rows of length 1 at right angles."""
    waves = np.cos(np.pi * np.outer(np.arange(min(_FREQUENCIES, side)), np.arange(side) + 0.5) / side)
    return np.asarray(waves / np.linalg.norm(waves, axis=1, keepdims=True), np.float32)


def _standardised(faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Faces ``(N, H, W)``, none of one gray only, with mean 0 and length 1."""
    pixels = faces.astype(np.float32)
    pixels -= pixels.mean((1, 2), keepdims=True)
    pixels /= np.sqrt(np.square(pixels).sum((1, 2), keepdims=True))
    return pixels


def _candidates(
    bounds: NDArray[np.float32], others: NDArray[np.float32], least: float
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs, the lower row first, whose bound passes; some thousands at a time."""
    for start in range(0, len(bounds), _BLOCK):
        products = bounds[start : start + _BLOCK] @ others[start:].T
        a, b = np.nonzero(products > least)
        a, b = (a + start)[a < b], (b + start)[a < b]
        for part in range(0, len(a), 8 * _BLOCK):
            yield a[part : part + 8 * _BLOCK], b[part : part + 8 * _BLOCK]


def _correlations(
    faces: NDArray[np.uint8], rows: NDArray[np.int64], others: NDArray[np.int64], flip: bool
) -> NDArray[np.float64]:
    """``(M,)`` the correlation of each pair, the second face mirrored where asked for."""
    a, b = _standardised(faces[rows]), _standardised(faces[others])
    values = np.einsum("nhw,nhw->n", a, b[:, :, ::-1] if flip else b)
    return np.asarray(values, np.float64).round(6)


def _linked(num: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """``(num,)`` the lowest picture that each is linked to."""
    links = Links(num)
    for a, b in pairs.tolist():
        low, high = sorted((links.root(a), links.root(b)))
        links.join(high, low)
    return np.array([links.root(picture) for picture in range(num)], np.int64)
