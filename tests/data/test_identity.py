"""Which pictures are the same, and what belongs together."""

from __future__ import annotations

import numpy as np

from mien.data import identity


def faces(*values: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """One face of 4x4 pixels for each gray value."""
    return np.array(values, np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8)


def test_the_same_pixels_have_the_same_hash_on_every_machine() -> None:
    found = identity.hashes(faces(0, 7, 0))
    assert found.dtype == np.uint64
    assert found[0] == found[2] != found[1]
    assert found[0] == 0x5250A507F994740E  # BLAKE2b of sixteen zeros, its first byte the highest
    assert identity.hashes(faces(0, 7, 0)[:, ::-1, ::-1]).tolist() == found.tolist()  # not contiguous, same pixels
    assert identity.hashes(faces()).shape == (0,)


def test_faces_are_known_among_others() -> None:
    assert identity.are_in(faces(1, 2, 3, 1), faces(3, 1)).tolist() == [True, False, True, True]
    assert identity.are_in(faces(1, 2), faces()).tolist() == [False, False]


def test_pictures_are_numbered_as_they_first_appear() -> None:
    assert identity.numbers(faces(9, 5, 9, 1, 5, 2)).tolist() == [0, 1, 0, 2, 1, 3]
    assert identity.numbers(faces()).tolist() == []


def test_links_join_what_is_linked_through_others() -> None:
    links = identity.Links(6)
    for thing, to in ((0, 1), (2, 3), (1, 2), (5, 5)):
        links.join(thing, to)
    roots = [links.root(thing) for thing in range(6)]
    assert roots == [3, 3, 3, 3, 4, 5]
    links.join(4, 0)
    assert {links.root(thing) for thing in range(5)} == {3}
