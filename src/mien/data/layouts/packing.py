"""Gray pictures, packed by size as they are decoded: many small arrays would take more memory than their pixels."""

from __future__ import annotations

import math
import mmap
from array import array

import numpy as np
from numpy.typing import NDArray

from mien import images

Shape = tuple[int, int]
"""Height and width in pixels."""

_BLOCK = 2**24  # bytes
_MAPPED = 2**20  # bytes; larger blocks are mapped, which returns their memory to the system as soon as they are freed
_ROWS = 1024  # copied at once

_FREED = np.empty((0, 0, 0), np.uint8)


class Pictures:
    """Gray pictures ``(H, W)`` of any sizes, in the order in which they were added."""

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.uint8]] = []  # each (rows, H, W), of one size
        self._open: dict[Shape, tuple[int, int]] = {}  # of each size, the block with free rows, and the first of them
        self._block_of, self._row_of = array("q"), array("q")

    def __len__(self) -> int:
        return len(self._block_of)

    def __getitem__(self, place: int) -> NDArray[np.uint8]:
        picture: NDArray[np.uint8] = self._blocks[self._block_of[place]][self._row_of[place]]
        return picture

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Add a copy of a picture."""
        height, width = picture.shape
        block, row = self._open.get((height, width), (-1, 0))
        if block < 0 or row == len(self._blocks[block]):
            rows = min(max(1, 2 * row), max(1, _BLOCK // (height * width)))
            block, row = len(self._blocks), 0
            self._blocks.append(_empty((rows, height, width)))
        self._blocks[block][row] = picture
        self._open[height, width] = (block, row + 1)
        self._block_of.append(block)
        self._row_of.append(row)

    def packed(self, places: NDArray[np.int64], size: Shape | None = None) -> tuple[NDArray[np.uint8], int]:
        """Take pictures out as one array; each block is freed once it is copied, so no picture is held twice.

        Args:
            places: ``(N,)`` numbers of the pictures; at least one.
            size: height and width; by default the most common one, and of these the first.

        Returns:
            The pictures ``(N, *size)``, and the number of sizes that they had.
        """
        blocks, rows = np.asarray(self._block_of, np.int64)[places], np.asarray(self._row_of, np.int64)[places]
        sizes: dict[Shape, int] = {}
        numbers = np.array([sizes.setdefault(block.shape[1:], len(sizes)) for block in self._blocks], np.int64)[blocks]
        present, first, counts = np.unique(numbers, return_index=True, return_counts=True)
        if size is None:
            size = list(sizes)[present[np.lexsort((first, -counts))[0]]]
        packed = np.empty((len(places), *size), np.uint8)
        order = np.argsort(blocks, kind="stable")
        for at in np.split(order, np.flatnonzero(np.diff(blocks[order])) + 1):
            block = int(blocks[at[0]])
            for start in range(0, len(at), _ROWS):
                some = at[start : start + _ROWS]
                packed[some] = images.resize_faces(self._blocks[block][rows[some]], size)
            self._blocks[block] = _FREED
        return packed, len(present)


def _empty(shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    num_bytes = math.prod(shape)
    if num_bytes < _MAPPED:
        return np.empty(shape, np.uint8)
    return np.frombuffer(mmap.mmap(-1, num_bytes), np.uint8).reshape(shape)
