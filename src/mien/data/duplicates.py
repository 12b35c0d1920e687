"""Find all copies of a picture among faces: exact ones by their pixels, near ones by their correlation.

Two faces are near copies if the product of their pixels, each normalised to mean 0 and length 1, is above a threshold. Most of
the energy of a face is in the low frequencies of its cosine transform, and the rest adds at most the product of the lengths of
both rests (Cauchy-Schwarz). So 145 numbers per face, 144 low frequencies and the length of the rest, give an upper bound of the
correlation: all pairs are compared by these, and only pairs whose bound is above the threshold are compared by their pixels.
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
"""Default threshold: above it, two faces are most likely the same photo, saved again, scaled or with another brightness."""

LONGEST_SIDE = 48
"""Longer side in pixels to which larger faces are shrunk before the comparison."""

MIN_CONTRAST = 4.0
"""Standard deviation of grays below which a face is blank: its correlation would be that of noise."""

MAX_PAIRS = 5_000_000
"""Maximum number of near-copy pairs; above it, the faces are like the frames of one video, and pairs are not informative."""

_FREQUENCIES = 12  # each way
_BLOCK = 512  # faces compared with all others at once, which limits the memory
_SLACK = 1e-4  # for rounding in float32


@dataclass(frozen=True, eq=False)
class Copies:
    """The copies among N faces.

    Attributes:
        pictures: ``(N,)`` ``int64``, equal for rows with the same pixels, counted from 0.
        groups: ``(N,)`` ``int64``, equal for rows connected by copies, exact or near, directly or through others.
        pairs: ``(P, 2)`` ``int64``, near copies as two numbers of ``pictures``, the lower first.
        correlations: ``(P,)`` ``float64``, correlations of these pairs, to six decimals.
    """

    pictures: NDArray[np.int64]
    groups: NDArray[np.int64]
    pairs: NDArray[np.int64]
    correlations: NDArray[np.float64]

    def nearest(
        self, rows: NDArray[np.int64], others: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """For each row of ``rows``, its nearest copy among ``others``; the two must have no row in common.

        Returns:
            ``(len(rows),)`` the row of the nearest copy, the first of several, or -1 if there is none; and
            its correlation: 1 for an exact copy, 0 if there is none.
        """
        num = int(self.pictures.max(initial=-1)) + 1
        first = np.full(num, -1)
        first[self.pictures[others[::-1]]] = others[::-1]
        # A picture is its own nearest copy, so it is added as a pair with itself.
        a = np.concatenate([np.arange(num), *self.pairs.T])
        b = np.concatenate([np.arange(num), *self.pairs.T[::-1]])
        correlations = np.concatenate([np.ones(num), self.correlations, self.correlations])
        known = first[b] >= 0
        a, copy, correlations = a[known], first[b[known]], correlations[known]
        order = np.lexsort((-copy, correlations))  # the best comes last and overwrites the others
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
        correlation: threshold of near copies, 0 to 1.
        mirrored: also count mirror images as copies.

    Raises:
        ArgumentError: an argument has the wrong type or is out of range.
        DataError: the faces are not such an array, or there are more than ``MAX_PAIRS`` pairs of near copies.
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
    """``(N,)`` standard deviation of the grays of each face ``(N, H, W)``."""
    return np.array([face.std() for face in faces], np.float64)


def _small(faces: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shrink faces until their longer side has ``LONGEST_SIDE`` pixels."""
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
                    f"More than {MAX_PAIRS:,} pairs of faces correlate above {correlation:g}, like frames of one "
                    "video: use a higher correlation."
                )
    pairs = sorted(found)
    return np.array(pairs, np.int64).reshape(-1, 2), np.array([found[pair] for pair in pairs], np.float64)


def _bounds(faces: NDArray[np.uint8], rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """``(R, F + 1)`` features whose products bound the correlations of these rows, and ``(F + 1,)`` signs that mirror them."""
    down, across = (_cosines(side) for side in faces.shape[1:])  # (f, H), (g, W)
    bounds = np.empty((len(rows), len(down) * len(across) + 1), np.float32)
    for start in range(0, len(rows), _BLOCK):
        block = _standardised(faces[rows[start : start + _BLOCK]])
        low = (down @ block @ across.T).reshape(len(block), -1)
        bounds[start : start + _BLOCK, :-1] = low
        bounds[start : start + _BLOCK, -1] = np.sqrt(np.maximum(1 - np.square(low).sum(1), 0))
    signs = np.tile((-1.0) ** np.arange(len(across)), len(down))  # mirroring negates the odd frequencies
    return bounds, np.append(signs, 1).astype(np.float32)


def _cosines(side: int) -> NDArray[np.float32]:
    """``(f, side)`` the lowest frequencies of the cosine transform, as orthonormal rows."""
    waves = np.cos(np.pi * np.outer(np.arange(min(_FREQUENCIES, side)), np.arange(side) + 0.5) / side)
    return np.asarray(waves / np.linalg.norm(waves, axis=1, keepdims=True), np.float32)


def _standardised(faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Faces ``(N, H, W)``, none of them uniform, with mean 0 and length 1."""
    pixels = faces.astype(np.float32)
    pixels -= pixels.mean((1, 2), keepdims=True)
    pixels /= np.sqrt(np.square(pixels).sum((1, 2), keepdims=True))
    return pixels


def _candidates(
    bounds: NDArray[np.float32], others: NDArray[np.float32], least: float
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs, the lower row first, whose bound is above the threshold; some thousands at a time."""
    for start in range(0, len(bounds), _BLOCK):
        products = bounds[start : start + _BLOCK] @ others[start:].T
        a, b = np.nonzero(products > least)
        a, b = (a + start)[a < b], (b + start)[a < b]
        for part in range(0, len(a), 8 * _BLOCK):
            yield a[part : part + 8 * _BLOCK], b[part : part + 8 * _BLOCK]


def _correlations(
    faces: NDArray[np.uint8], rows: NDArray[np.int64], others: NDArray[np.int64], flip: bool
) -> NDArray[np.float64]:
    """``(M,)`` correlation of each pair, with the second face mirrored if requested."""
    a, b = _standardised(faces[rows]), _standardised(faces[others])
    values = np.einsum("nhw,nhw->n", a, b[:, :, ::-1] if flip else b)
    return np.asarray(values, np.float64).round(6)


def _linked(num: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """``(num,)`` for each picture the lowest one that it is connected to."""
    links = Links(num)
    for a, b in pairs.tolist():
        low, high = sorted((links.root(a), links.root(b)))
        links.join(high, low)
    return np.array([links.root(picture) for picture in range(num)], np.int64)
