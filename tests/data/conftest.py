"""Small data sets in every layout, written on the fly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image


class Maker:
    """Writes faces, pictures and tables below one folder; the same seed is the same face."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def face(self, seed: int = 0, size: int = 48) -> NDArray[np.uint8]:
        """A smooth random pattern ``(size, size)``."""
        coarse = np.random.default_rng(seed).integers(0, 256, (6, 6), np.uint8)
        return np.asarray(Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC))

    def pixels(self, seed: int = 0, size: int = 48) -> str:
        """The same face as numbers in a text."""
        return " ".join(map(str, self.face(seed, size).ravel().tolist()))

    def picture(self, name: str, seed: int = 0, size: int = 48) -> Path:
        """Write a face as a picture file."""
        path = self.file(name, b"")
        Image.fromarray(self.face(seed, size)).save(path)
        return path

    def file(self, name: str, content: bytes | str) -> Path:
        """Write a file with this content."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def table(self, name: str, header: str, rows: Iterable[Sequence[object]]) -> Path:
        """Write a table; cells are joined by commas as they are."""
        lines = [header, *(",".join(map(str, row)) for row in rows)]
        return self.file(name, "\n".join(lines) + "\n")

    def fer2013(self, name: str = "fer2013.csv", usages: Sequence[str] = ("Training",) * 7) -> Path:
        """Write a FER2013 table: row ``n`` has the face of seed ``n`` and the label ``n % 7``."""
        rows = [(row % 7, self.pixels(row), usage) for row, usage in enumerate(usages)]
        return self.table(name, "emotion,pixels,Usage", rows)


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    """A maker of data sets in this test's own folder."""
    return Maker(tmp_path)
