"""Identify equal pictures, and rows that belong together."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def hashes(faces: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """``(N,)`` a 64-bit hash of each face ``(N, H, W)``; equal pixels give equal hashes."""
    digests = [hashlib.blake2b(np.ascontiguousarray(face).data, digest_size=8).digest() for face in faces]
    return np.frombuffer(b"".join(digests), ">u8").astype(np.uint64)


def are_in(faces: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """``(N,)`` whether each face also occurs among others of the same size, pixel for pixel."""
    return np.isin(hashes(faces), hashes(others))


def numbers(faces: NDArray[np.uint8]) -> NDArray[np.int64]:
    """``(N,)`` a number per distinct picture, in order of first occurrence."""
    _, first, inverse = np.unique(hashes(faces), return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


class Links:
    """Items that are linked, directly or through others (disjoint sets).

    Args:
        num: number of items.
    """

    def __init__(self, num: int) -> None:
        self.parents = list(range(num))

    def root(self, thing: int) -> int:
        """The representative of all items linked with this one."""
        while self.parents[thing] != thing:
            self.parents[thing] = thing = self.parents[self.parents[thing]]
        return thing

    def join(self, thing: int, to: int) -> None:
        """Link an item to another; its root becomes the representative."""
        self.parents[self.root(thing)] = self.root(to)
