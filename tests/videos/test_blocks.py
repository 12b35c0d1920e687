"""What is said of the blocks of a clip."""

from __future__ import annotations

from mien.videos.blocks import BlockNote, notes
from mien.videos.design import BaselineSpan, ClipCondition


def block(name: str, start: float, end: float) -> ClipCondition:
    return ClipCondition("a", name, "", start, end)


def test_overlaps_gaps_and_ends_are_told() -> None:
    blocks = [block("film", 20, 35), block("joke", 5, 10), block("song", 9, 12)]
    assert list(notes("a.mp4", blocks, (0, 30))) == [
        BlockNote("overlap", "a.mp4", 1, "joke", "song"),
        BlockNote("beyond", "a.mp4", 5, "film"),
        BlockNote("gap", "a.mp4", 5 + 8),
    ]


def test_the_baseline_is_no_gap() -> None:
    blocks = [block("joke", 10, 20), block("film", 20, 30)]
    assert list(notes("a.mp4", blocks, (0, 30.05), BaselineSpan(0, 10))) == []
    assert list(notes("a.mp4", blocks, (0, 30), BaselineSpan(clip="b"))) == [BlockNote("gap", "a.mp4", 10)]


def test_a_block_after_the_end() -> None:
    assert list(notes("a.mp4", [block("joke", 0, 4), block("late", 6, 8)], (0, 4))) == [
        BlockNote("beyond", "a.mp4", 2, "late")
    ]
