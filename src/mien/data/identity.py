"""Which pictures are the same, and which rows belong together."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def hashes(faces: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """``(N,)`` a 64-bit hash of each face ``(N, H, W)``; the same pixels have the same one."""
    digests = [hashlib.blake2b(np.ascontiguousarray(face).data, digest_size=8).digest() for face in faces]
    return np.frombuffer(b"".join(digests), ">u8").astype(np.uint64)


def are_in(faces: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """``(N,)`` whether each face also stands among others of the same size, pixel for pixel."""
    return np.isin(hashes(faces), hashes(others))


def numbers(faces: NDArray[np.uint8]) -> NDArray[np.int64]:
    """``(N,)`` the number of each face's picture, in the order in which different pictures first appear."""
    _, first, inverse = np.unique(hashes(faces), return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


class Links:
    """Things that are linked, directly or through others (disjoint sets).

    Args:
        num: how many things.
    """

    def __init__(self, num: int) -> None:
        self.parents = list(range(num))

    def root(self, thing: int) -> int:
        """The thing that stands for all that are linked with this one."""
        while self.parents[thing] != thing:
            self.parents[thing] = thing = self.parents[self.parents[thing]]
        return thing

    def join(self, thing: int, to: int) -> None:
        """Link a thing to another, whose root then stands for both."""
        self.parents[self.root(thing)] = self.root(to)
