"""What the tests of videos share."""

from __future__ import annotations

from pathlib import Path

import pytest

import scenes
from gray_clips import grays


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of forty frames in two seconds, with sound. Don't write into it."""
    return scenes.clip(tmp_path_factory.mktemp("clip") / "plain.mp4", grays(40), rate=20, sound=True)
