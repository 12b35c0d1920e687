"""Pictures of any sizes in one array."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from mien import images
from mien.data.layouts import packing
from mien.data.layouts.packing import Pictures


def test_pictures_of_one_size_come_back_as_they_were() -> None:
    faces = np.arange(300 * 6, dtype=np.uint64).astype(np.uint8).reshape(300, 2, 3)
    pictures = Pictures()
    for face in faces:
        pictures.add(face)
    assert len(pictures) == 300
    np.testing.assert_array_equal(pictures[299], faces[299])
    places = np.array([299, 0, 7, 8])
    packed, sizes = pictures.packed(places)
    np.testing.assert_array_equal(packed, faces[places])
    assert sizes == 1


def test_the_most_common_size_is_taken_and_the_first_of_equally_common_ones() -> None:
    rng = np.random.default_rng(0)
    sides = (4, 6, 6, 4, 5)
    faces = [rng.integers(0, 256, (side, side)).astype(np.uint8) for side in sides]

    def packed(places: list[int], size: tuple[int, int] | None = None) -> tuple[np.ndarray, int]:
        pictures = Pictures()
        for face in faces:
            pictures.add(face)
        return pictures.packed(np.array(places), size)

    found, sizes = packed([0, 1, 2, 3, 4])
    assert sizes == 3
    np.testing.assert_array_equal(found, [images.resize_faces(face[None], (4, 4))[0] for face in faces])
    assert packed([1, 0, 3, 2])[0].shape == (4, 6, 6)
    assert packed([4, 1, 2])[0].shape == (3, 6, 6)
    assert packed([1, 4], (3, 2))[0].shape == (2, 3, 2)
    assert packed([1, 2], (3, 2))[1] == 1


def test_blocks_are_freed_while_they_are_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_BLOCK", 2**16)
    face = np.full((16, 16), 7, np.uint8)
    tracemalloc.start()
    try:
        pictures = Pictures()
        for _ in range(8192):
            pictures.add(face)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        packed, _ = pictures.packed(np.arange(8192))
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert packed.nbytes == 2**21
    assert before < 1.3 * packed.nbytes  # blocks of 64 KiB, and the numbers of block and row
    assert after < 1.3 * packed.nbytes
    assert peak < 2.5 * packed.nbytes  # the array itself is counted as soon as it is allocated


def test_large_blocks_are_mapped_and_hold_the_same_pictures() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (20, 512, 512)).astype(np.uint8)
    pictures = Pictures()
    for face in faces:
        pictures.add(face)
    np.testing.assert_array_equal(pictures[19], faces[19])
    np.testing.assert_array_equal(pictures.packed(np.arange(20))[0], faces)
