"""When a film pauses."""

from __future__ import annotations

import pytest

from mien.videos import pauses


@pytest.mark.parametrize(("interval", "pause"), [(0.04, 1.0), (0.5, 1.0), (2.0, 3.0)])
def test_a_pause_is_longer_than_the_interval_between_frames(interval: float, pause: float) -> None:
    assert pauses.after(interval) == pause
