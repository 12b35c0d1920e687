"""All pairs of unit vectors whose product is above a threshold, found exactly and without comparing each with each.

Unit vectors with a product above the threshold are near each other. A k-d tree divides the vectors by their first coordinates into
leaves; each leaf is compared only with the vectors that are near enough to its bounding box. For these, the first coordinates and the
length of the rest give an upper bound of the product (Cauchy-Schwarz), and only pairs whose bound is above the threshold are
multiplied in full.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

_BOX = 8  # coordinates of the bounding boxes
_SHORT = 32  # coordinates of the bound, beside the length of the rest
_LEAF = 256  # most vectors in a leaf
_BLOCK = 16384  # vectors that a leaf is compared with at once, which limits the memory
_PAIRS = 4096  # pairs that are multiplied in full at once

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Rows and other rows."""


def pairs(vectors: NDArray[np.float32], least: float, signs: NDArray[np.float32] | None = None) -> Iterator[Pairs]:
    """Pairs of rows, the lower row first, whose product is above a threshold; some thousands at a time.

    Args:
        vectors: ``(N, D)`` of length 1; it is fastest if the first coordinates vary most.
        least: the threshold, for products in float32.
        signs: ``(D,)`` of 1 and -1, the product is ``x @ (signs * y)``; None for ``x @ y``.
    """
    if not len(vectors):
        return
    signs = np.ones(vectors.shape[1], np.float32) if signs is None else signs
    tree = _Tree.of(_shortened(vectors))
    flipped = tree.times(np.append(signs[:_SHORT], np.ones(1, np.float32)))
    reach = max(2 - 2 * least, 0.0)  # the squared distance of unit vectors with this product
    for leaf, (start, end) in enumerate(zip(tree.starts[:-1], tree.starts[1:], strict=True)):
        others = tree.near(leaf, flipped, reach)
        for part in range(0, len(others), _BLOCK):
            block = others[part : part + _BLOCK]
            a, b = np.nonzero(tree.points[start:end] @ flipped.points[block].T > least)
            a, b = a + start, block[b]
            a, b = tree.rows[a[a < b]], tree.rows[b[a < b]]
            for some in range(0, len(a), _PAIRS):
                yield from _checked(vectors, a[some : some + _PAIRS], b[some : some + _PAIRS], signs, least)


def _checked(
    vectors: NDArray[np.float32],
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    signs: NDArray[np.float32],
    least: float,
) -> Iterator[Pairs]:
    """Those of the pairs whose product is above the threshold, if there are any."""
    above = np.einsum("nd,nd->n", vectors[a] * signs, vectors[b]) > least
    if above.any():
        yield np.minimum(a, b)[above], np.maximum(a, b)[above]


def _shortened(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """``(N, S + 1)`` the first coordinates, and the length of the rest."""
    first = vectors[:, :_SHORT]
    rest = np.sqrt(np.square(vectors[:, _SHORT:]).sum(1, keepdims=True))
    return np.concatenate([first, rest], 1)


@dataclass(frozen=True, eq=False)
class _Tree:
    """Points in the order of the leaves of a k-d tree.

    Attributes:
        points: ``(N, S)`` in that order.
        rows: ``(N,)`` the row of each point before.
        starts: where each leaf starts, and N.
        low, high: ``(leaves, _BOX)`` bounding boxes of the first coordinates.
    """

    points: NDArray[np.float32]
    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    @classmethod
    def of(cls, points: NDArray[np.float32]) -> Self:
        """Divide points at the median of the coordinate that varies most, until each leaf is small."""
        leaves, waiting = [], [np.arange(len(points))]
        while waiting:
            rows = waiting.pop()
            if len(rows) <= _LEAF:
                leaves.append(rows)
                continue
            values = points[rows, :_BOX]
            widest = int(values.var(0).argmax())
            order = np.argpartition(values[:, widest], len(rows) // 2)
            waiting += [rows[order[len(rows) // 2 :]], rows[order[: len(rows) // 2]]]
        rows = np.concatenate(leaves)
        return cls(points[rows], rows, *_boxes(points[rows], np.cumsum([0, *map(len, leaves)])))

    def times(self, signs: NDArray[np.float32]) -> Self:
        """The same leaves with each coordinate times a sign."""
        points = self.points * signs
        return type(self)(points, self.rows, *_boxes(points, self.starts))

    def near(self, leaf: int, other: _Tree, reach: float) -> NDArray[np.int64]:
        """Points of this and the later leaves of the other tree within a squared distance of the box of a leaf."""
        low, high = self.low[leaf], self.high[leaf]
        boxes = leaf + np.flatnonzero(_squared(other.low[leaf:] - high, low - other.high[leaf:]) < reach)
        starts, ends = other.starts[boxes], other.starts[boxes + 1]
        places = np.concatenate([np.arange(start, end) for start, end in zip(starts, ends, strict=True)])
        points = other.points[places, :_BOX]
        return places[_squared(points - high, low - points) < reach]


def _squared(above: NDArray[np.float32], below: NDArray[np.float32]) -> NDArray[np.float32]:
    """``(N,)`` squared distances from the differences to both ends ``(N, D)``; a negative difference is none."""
    gaps = np.maximum(np.maximum(above, below), 0)
    return np.asarray(np.einsum("nd,nd->n", gaps, gaps), np.float32)


def _boxes(
    points: NDArray[np.float32], starts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Where the leaves start, and the lower and upper ends of their boxes."""
    first = points[:, :_BOX]
    return starts, np.minimum.reduceat(first, starts[:-1]), np.maximum.reduceat(first, starts[:-1])
