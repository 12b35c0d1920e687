"""What a reader should know of the blocks of a clip: overlaps, time outside, and blocks beyond the end."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mien.videos.design import BaselineSpan, ClipCondition

ROUNDING = 0.1
"""Seconds up to which an overlap, a gap or an end counts as rounded."""

Kind = Literal["overlap", "gap", "beyond"]


@dataclass(frozen=True)
class BlockNote:
    """A remark on the blocks of a clip.

    Attributes:
        kind: ``overlap`` of two blocks, whose time counts in both; ``gap``: time of the clip in no block, which counts nowhere;
            ``beyond``: a block, or its end, after the end of the clip.
        clip: name of the clip.
        seconds: how long.
        first, second: conditions of the blocks.
    """

    kind: Kind
    clip: str
    seconds: float
    first: str = ""
    second: str = ""


def notes(
    clip: str, blocks: Sequence[ClipCondition], span: tuple[float, float], baseline: BaselineSpan | None = None
) -> Iterator[BlockNote]:
    """The remarks on the blocks of a clip.

    Args:
        clip: name of the clip.
        blocks: its blocks.
        span: start and end of its analysed time, in seconds.
        baseline: a window that is left out of the summaries anyway.
    """
    start, end = span
    spans = sorted((one.start or 0.0, end if one.end is None else one.end, one.condition) for one in blocks)
    for (_, stop, first), (begin, later, second) in itertools.combinations(spans, 2):
        if (shared := min(stop, later, end) - begin) > ROUNDING:
            yield BlockNote("overlap", clip, round(shared, 3), first, second)
    for begin, stop, name in spans:
        if (over := stop - max(begin, end)) > ROUNDING:
            yield BlockNote("beyond", clip, round(over, 3), name)
    calm = [] if baseline is None or baseline.clip else [(baseline.start, baseline.end, "")]
    outside, reached = 0.0, start
    for begin, stop, _ in sorted([*spans, *calm]):
        outside += max(0.0, min(begin, end) - reached)
        reached = max(reached, min(stop, end))
    if (outside := outside + end - reached) > ROUNDING:
        yield BlockNote("gap", clip, round(outside, 3))
