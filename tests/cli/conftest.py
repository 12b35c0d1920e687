"""What the tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest

import scenes
from audited import planted

__all__ = ["album", "planted"]


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two faces, one face, no face. Don't write into it."""
    folder = tmp_path_factory.mktemp("album")
    scenes.save(scenes.scene(("happy", "sad"), width=800), folder / "a.jpg", quality=95)
    (folder / "sub").mkdir()
    scenes.save(scenes.scene(("surprise",)), folder / "sub" / "a.jpg", quality=95)
    scenes.save(scenes.background(320, 240), folder / "z.png")
    return folder
