"""Pairs of near vectors: those that comparing each with each gives."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.data import neighbours


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def found(
    vectors: NDArray[np.float32], least: float, signs: NDArray[np.float32] | None = None
) -> list[tuple[int, int]]:
    return sorted(
        (int(a), int(b)) for rows in neighbours.pairs(vectors, least, signs) for a, b in zip(*rows, strict=True)
    )


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    """Fifteen leaves of vectors, most of their variance in few coordinates, with near ones among them."""
    rng = np.random.default_rng(0)
    far = rng.normal(0, 1 / np.arange(1, 61), (1500, 60))
    return unit(np.concatenate([far, far + rng.normal(0, 0.02, far.shape)]))


@pytest.mark.parametrize("least", [0.7, 0.95, 0.995])
def test_it_is_what_each_with_each_gives(vectors: NDArray[np.float32], least: float) -> None:
    expected = np.argwhere(np.triu(vectors @ vectors.T, 1) > least)
    assert len(expected) > 300
    assert found(vectors, least) == [(int(a), int(b)) for a, b in expected]


def test_signs_are_applied_to_one_of_the_two(vectors: NDArray[np.float32]) -> None:
    signs = np.where(np.arange(60) % 2, -1, 1).astype(np.float32)
    expected = np.argwhere(np.triu(vectors @ (vectors * signs).T, 1) > 0.95)
    assert len(expected) > 300
    assert found(vectors, 0.95, signs) == [(int(a), int(b)) for a, b in expected]


def test_few_vectors_are_compared_with_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The share of all pairs that are compared falls as their number grows."""
    compared: list[int] = []

    def squared(above: NDArray[np.float32], below: NDArray[np.float32]) -> NDArray[np.float32]:
        distances = _squared(above, below)
        compared.append(len(distances))
        return distances

    _squared = neighbours._squared
    monkeypatch.setattr(neighbours, "_squared", squared)
    shares = []
    for num in (4_000, 32_000):
        compared.clear()
        assert (
            found(unit(np.random.default_rng(1).normal(0, 1 / np.arange(1, 41) ** 2, (num, 40))), 0.99999) is not None
        )
        shares.append(sum(compared) * neighbours._LEAF / num**2)
    assert shares[1] < shares[0] / 2


def test_none_and_one() -> None:
    assert found(np.empty((0, 5), np.float32), 0.9) == found(np.ones((1, 1), np.float32), 0.9) == []
