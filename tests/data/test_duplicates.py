"""Copies: planted ones are found, others aren't, and nothing breaks on odd input."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mien.data import duplicates
from mien.data.duplicates import Copies, find
from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.synthetic import drawn


@pytest.fixture(scope="module")
def faces() -> NDArray[np.uint8]:
    return drawn.draw(120, seed=3).images


def noisy(face: NDArray[np.uint8], deviation: float = 4) -> NDArray[np.uint8]:
    noise = np.random.default_rng(0).normal(0, deviation, face.shape)
    return np.asarray((face + noise).clip(0, 255).round(), np.uint8)


def lit(face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray((face * 0.6 + 50).round(), np.uint8)


def partners(copies: Copies) -> set[frozenset[int]]:
    """The groups of at least two rows."""
    groups = [np.flatnonzero(copies.groups == group) for group in range(int(copies.groups.max(initial=-1)) + 1)]
    return {frozenset(rows.tolist()) for rows in groups if len(rows) > 1}


def test_drawn_faces_are_no_copies_of_one_another(faces: NDArray[np.uint8]) -> None:
    copies = find(faces)
    assert len(copies.pairs) == 0
    assert copies.groups.tolist() == copies.pictures.tolist() == list(range(len(faces)))


def test_planted_copies_are_found(faces: NDArray[np.uint8]) -> None:
    planted = np.concatenate([faces, [faces[0], noisy(faces[1]), lit(faces[2])]])
    copies = find(planted)
    num = len(faces)
    assert partners(copies) == {frozenset({0, num}), frozenset({1, num + 1}), frozenset({2, num + 2})}
    assert copies.pictures[num] == copies.pictures[0]  # the only one that is the same pixel for pixel
    assert copies.pictures[num + 1] != copies.pictures[1]
    rows, correlations = copies.nearest(np.arange(num, num + 3), np.arange(num))
    assert rows.tolist() == [0, 1, 2]
    assert correlations[0] == 1
    assert (correlations[1:] > 0.98).all()


def test_no_pair_is_missed(faces: NDArray[np.uint8]) -> None:
    """All pairs above the threshold, as comparing each face with each other gives them."""
    rng = np.random.default_rng(1)
    some = faces[:40]
    planted = np.concatenate([some, *([noisy(face, 20 * rng.random()) for face in some] for _ in range(2))])
    pixels = planted.reshape(len(planted), -1)
    matrix = np.triu(np.corrcoef(pixels), 1)
    expected = {tuple(pair) for pair in np.argwhere(matrix > 0.95).tolist()}
    copies = find(planted, 0.95)
    first = np.unique(copies.pictures, return_index=True)[1]
    assert {tuple(first[pair].tolist()) for pair in copies.pairs} == expected
    assert len(expected) > 20
    assert copies.correlations == pytest.approx([matrix[tuple(first[pair])] for pair in copies.pairs], abs=1e-5)


def test_mirror_images_count_where_asked_for(faces: NDArray[np.uint8]) -> None:
    planted = np.concatenate([faces, faces[5:6, :, ::-1]])
    assert partners(find(planted)) == set()
    assert partners(find(planted, mirrored=True)) >= {frozenset({5, len(faces)})}


def test_chains_make_one_group_and_the_nearest_copy_wins(faces: NDArray[np.uint8]) -> None:
    face = faces[0]
    copies = find(np.stack([noisy(face, 8), face, noisy(face, 3), face, faces[1]]))
    assert partners(copies) == {frozenset({0, 1, 2, 3})}
    assert copies.nearest(np.array([1, 4]), np.array([0, 2]))[0].tolist() == [2, -1]
    assert copies.nearest(np.array([3]), np.array([0, 1, 2]))[0].tolist() == [1]
    assert copies.nearest(np.array([3]), np.empty(0, np.int64))[0].tolist() == [-1]


def test_blank_faces_have_exact_copies_only() -> None:
    rng = np.random.default_rng(0)
    almost = (100 + rng.integers(0, 2, (3, 20, 20))).astype(np.uint8)
    blank = np.stack([np.full((20, 20), gray, np.uint8) for gray in (0, 0, 9, 255)])
    copies = find(np.concatenate([blank, almost]))
    assert partners(copies) == {frozenset({0, 1})}
    assert len(copies.pairs) == 0


@pytest.mark.parametrize("shape", [(0, 48, 48), (1, 48, 48), (2, 1, 1), (3, 5, 9), (3, 700, 1024)])
def test_odd_sizes(shape: tuple[int, int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    copies = find(noise)
    assert copies.pictures.tolist() == copies.groups.tolist() == list(range(shape[0]))
    assert copies.nearest(np.arange(shape[0]), np.empty(0, np.int64))[0].tolist() == [-1] * shape[0]


def test_large_faces_are_found_when_scaled(faces: NDArray[np.uint8]) -> None:
    large = np.asarray(Image.fromarray(faces[0]).resize((300, 300), Image.Resampling.BICUBIC))
    assert partners(find(np.stack([large, noisy(large, 10)]))) == {frozenset({0, 1})}


def test_too_many_pairs_are_refused(faces: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MAX_PAIRS", 3)
    rng = np.random.default_rng(0)
    clip = np.stack([faces[0] // 2 + rng.integers(0, 4, faces[0].shape, np.uint8) for _ in range(5)])
    with pytest.raises(DataError, match=r"More than 3 pairs of faces correlate above 0\.98"):
        find(clip)


@pytest.mark.real
def test_fer2013s_known_copies(fer2013: FaceSet) -> None:
    faceset = fer2013
    copies = find(faceset.images)
    train, public = np.flatnonzero(faceset.splits == "train"), np.flatnonzero(faceset.splits == "public_test")
    assert len(np.unique(copies.pictures)) == 30766
    assert np.isin(copies.pictures[public], copies.pictures[train]).sum() == 280
    nearest, _ = copies.nearest(public, train)
    near = (nearest >= 0) & (duplicates.contrast(faceset.images[public]) >= duplicates.MIN_CONTRAST)
    assert near.sum() == 300
    assert (faceset.labels[nearest] != faceset.labels[public])[near].sum() == 15
