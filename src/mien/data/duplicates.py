"""Find all copies of a picture among faces: exact ones by their pixels, near ones by their correlation.

Two faces are near copies if the product of their pixels, each normalised to mean 0 and length 1, is above a threshold. Most of
the energy of a face is in the low frequencies of its cosine transform, and the rest adds at most the product of the lengths of
both rests (Cauchy-Schwarz). So 145 numbers per face, 144 low frequencies and the length of the rest, give an upper bound of the
correlation. ``neighbours.py`` finds all pairs whose bound is above the threshold, and only these are compared by their pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.checks import Between, checked
from mien.data import identity, neighbours
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
_BLOCK = 1024  # faces converted to float at once, which limits the memory
_SAMPLE = 4096  # faces from which the directions of most variance are computed
_DENSE = 16  # products of all faces with all are faster than pair by pair up to this many per pair
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
    pairs, correlations = _pairs(faces, first_rows, correlation, mirrored)
    groups = _linked(len(first_rows), pairs)[pictures]
    return Copies(pictures, groups, pairs, correlations)


def contrast(faces: NDArray[np.uint8]) -> NDArray[np.float64]:
    """``(N,)`` standard deviation of the grays of each face ``(N, H, W)``."""
    blocks = [faces[start : start + _BLOCK] for start in range(0, len(faces), _BLOCK)]
    return np.concatenate([np.empty(0), *(block.std((1, 2), dtype=np.float64) for block in blocks)])


def _small(faces: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shrink faces until their longer side has ``LONGEST_SIDE`` pixels."""
    factor = LONGEST_SIDE / max(faces.shape[1:])
    height, width = (max(1, round(side * factor)) for side in faces.shape[1:])
    return faces if factor >= 1 else images.resize_faces(faces, (height, width))


def _pairs(
    faces: NDArray[np.uint8], first_rows: NDArray[np.int64], correlation: float, mirrored: bool
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """All pairs ``(P, 2)`` of different pictures above a correlation, and their correlations ``(P,)``."""
    shown, bounds, signs = _bounds(faces, first_rows)
    found, num = [(np.empty((0, 2), np.int64), np.empty(0))], 0
    for flip in (False, True)[: 1 + mirrored]:
        for a, b in neighbours.pairs(bounds, correlation - _SLACK, signs if flip else None):
            rows, others = shown[a], shown[b]
            values = _correlations(faces, first_rows[rows], first_rows[others], flip)
            copies = values > correlation
            found.append((np.stack([rows, others], 1)[copies], values[copies]))
            num += int(copies.sum())
            if num > MAX_PAIRS:
                raise DataError(
                    f"More than {MAX_PAIRS:,} pairs of faces correlate above {correlation:g}, like frames of one "
                    "video: use a higher correlation."
                )
    pairs, correlations = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((-correlations, pairs[:, 1], pairs[:, 0]))
    pairs, first = np.unique(pairs[order], axis=0, return_index=True)  # a pair may also be one of mirror images
    return pairs, correlations[order][first]


def _bounds(
    faces: NDArray[np.uint8], first_rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Unit vectors whose products bound the correlations of the pictures.

    Returns:
        ``(R,)`` the pictures that are not blank; ``(R, F + 1)`` their vectors, directions of most variance first; and ``(F + 1,)``
        the signs that mirror a vector.
    """
    shown, blocks = [np.empty(0, np.int64)], [np.empty((0, 1), np.float32)]
    signs = np.ones(1, np.float32)
    for start in range(0, len(first_rows), _BLOCK):
        block = faces[first_rows[start : start + _BLOCK]]
        clear = contrast(block) >= MIN_CONTRAST
        low, signs = _low_frequencies(_small(block[clear]))
        shown.append(start + np.flatnonzero(clear))
        blocks.append(low)
    vectors = np.concatenate(blocks[1:] or blocks)
    del blocks
    turned = _turned(vectors, signs)
    return np.concatenate(shown), vectors, turned


def _low_frequencies(faces: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """``(N, F + 1)`` the low frequencies of the standardised faces with the length of the rest, and the signs that mirror them."""
    down, across = (_cosines(side) for side in faces.shape[1:])  # (f, H), (g, W)
    low = (down @ _standardised(faces) @ across.T).reshape(len(faces), len(down) * len(across))
    rest = np.sqrt(np.maximum(1 - np.square(low).sum(1, keepdims=True), 0))
    signs = np.tile((-1.0) ** np.arange(len(across)), len(down))  # mirroring negates the odd frequencies
    return np.concatenate([low, rest], 1), np.append(signs, 1).astype(np.float32)


def _turned(vectors: NDArray[np.float32], signs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn vectors in place so that the first coordinates vary most, which keeps all products; gives the signs of the new coordinates.

    Even and odd coordinates are turned apart, so that mirroring still only changes signs.
    """
    if not len(vectors):
        return signs
    directions, variances, new_signs = np.zeros((len(signs), len(signs))), np.empty(len(signs)), np.empty(len(signs))
    sample = vectors[:: -(-len(vectors) // _SAMPLE)].astype(np.float64)
    start = 0
    for sign in (1, -1):
        some = np.flatnonzero(signs == sign)
        if not len(some):
            continue
        values, own = np.linalg.eigh(np.atleast_2d(np.cov(sample[:, some], rowvar=False, ddof=0)))
        part = slice(start, start + len(some))
        directions[some, part], variances[part], new_signs[part] = own, values, sign
        start += len(some)
    order = np.argsort(-variances, kind="stable")
    rotation = np.asarray(directions[:, order], np.float32)
    for start in range(0, len(vectors), _SAMPLE):
        vectors[start : start + _SAMPLE] = vectors[start : start + _SAMPLE] @ rotation
    return np.asarray(new_signs[order], np.float32)


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


def _correlations(
    faces: NDArray[np.uint8], rows: NDArray[np.int64], others: NDArray[np.int64], flip: bool
) -> NDArray[np.float64]:
    """``(M,)`` correlation of each pair of rows, with the second face mirrored if requested."""
    first, a = np.unique(rows, return_inverse=True)
    second, b = np.unique(others, return_inverse=True)
    left, right = (_standardised(_small(faces[some])) for some in (first, second))
    right = right[:, :, ::-1] if flip else right
    if len(first) * len(second) < _DENSE * len(rows):  # many frames of one scene
        values = (left.reshape(len(first), -1) @ right.reshape(len(second), -1).T)[a, b]
    else:
        values = np.einsum("nhw,nhw->n", left[a], right[b])
    return np.asarray(values, np.float64).round(6)


def _linked(num: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """``(num,)`` a number for each picture, equal for pictures that are connected."""
    links = Links(num)
    for a, b in pairs.tolist():
        low, high = sorted((links.root(a), links.root(b)))
        links.join(high, low)
    roots = np.array([links.root(picture) for picture in range(num)], np.int64)
    return np.unique(roots, return_inverse=True)[1].astype(np.int64)
