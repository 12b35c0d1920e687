"""Pauses of a film: how long a frame holds if the next one does not follow."""

from __future__ import annotations

PAUSE = 1.0
"""Time without a frame, or without a face of a track, that is a pause, in seconds: a turned or covered face keeps its track."""

INTERVALS = 1.5
"""The same in intervals between analysed frames, where that is longer: with ``--every``, and in time-lapse films."""


def after(interval: float) -> float:
    """The time in seconds after which there is a pause, if analysed frames are usually ``interval`` seconds apart."""
    return max(PAUSE, INTERVALS * interval)
