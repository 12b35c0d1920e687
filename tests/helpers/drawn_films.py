"""Films for tests whose result depends on what was seen before: faces that walk, cuts, a flash, and changing expressions."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import scenes
from mien.progress import SILENT, Progress
from mien.videos.clip_reader import ClipReader, Outcome
from mien.videos.clips import Clip


def frames(num: int, seed: int = 0) -> Iterator[scenes.Pixels]:
    """Frames of 160x120 pixels: somebody walks; the scene changes every 60 frames, and frame 75 of each 150 is a flash."""
    walker = [scenes.face(expression, 65, 3 + seed) for expression in ("happy", "surprise", "sad")]
    backgrounds = [scenes.background(160, 120, number) for number in (1, 5)]
    for number in range(num):
        photo = backgrounds[number // 60 % 2].copy()
        if number // 30 % 4 != 3:  # in the last quarter nobody is there
            scenes.paste(photo, walker[number // 20 % 3], round(30 + 25 * np.sin(number / 12)), 30)
        yield (photo * 4.0).clip(0, 255).astype(np.uint8) if number % 150 == 75 else photo


def film(path: Path, num: int, seed: int = 0) -> Path:
    """A film of so many frames, 25 a second."""
    return scenes.clip(path, frames(num, seed), rate=25)


@dataclass(frozen=True)
class Crashing(ClipReader):
    """A reader whose process crashes at a clip with ``crash`` in its name."""

    def read(self, clip: Clip, progress: Progress = SILENT) -> Outcome:
        """Crash, or read."""
        if "crash" in clip.name:
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().read(clip, progress)
