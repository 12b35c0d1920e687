"""Clips whose frames tell their number by their gray."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scenes
from mien.errors import VideoError
from mien.videos.reader import VideoReader


def grays(num: int, width: int = 64, height: int = 48) -> Iterator[scenes.Pixels]:
    """Frames whose gray tells their number."""
    for number in range(num):
        yield np.full((height, width, 3), 20 + 5 * number, np.uint8)


def seen(path: Path, **options: Any) -> list[tuple[int, float]]:
    """Each frame's number in the file, told by its gray, and its time."""
    with VideoReader(str(path), **options) as clip:
        return [(round((float(frame.pixels.mean()) - 20) / 5), frame.time) for frame in clip.frames()]


def fails(path: object, **options: Any) -> str:
    """What is said where a clip can't be read."""
    with pytest.raises(VideoError) as caught, VideoReader(str(path), **options) as clip:
        list(clip.frames())
    return str(caught.value)
