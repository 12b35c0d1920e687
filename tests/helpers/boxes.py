"""Photos of two faces with known boxes, and what any reader of boxes has to find in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from mien.data.layouts import read

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def photo(make: Maker, name: str, seeds: tuple[int, int] = (1, 2)) -> None:
    """A photo of 200x100 with faces of 48 pixels at (20, 10) and (120, 30)."""
    pixels = np.zeros((100, 200), np.uint8)
    pixels[10:58, 20:68] = make.face(seeds[0])
    pixels[30:78, 120:168] = make.face(seeds[1])
    make.file(name, b"")
    Image.fromarray(pixels).save(make.root / name)


def share(left: float, top: float, side: float = 48) -> list[float]:
    """A box in shares of the photo: centre and sides."""
    return [(left + side / 2) / 200, (top + side / 2) / 100, side / 200, side / 100]


def check(make: Maker, layout: str, path: Path | None = None) -> None:
    """Assert that two faces of the training photo and one of the validation photo are read, by this layout."""
    faces = read(path or make.root)
    assert faces.source.layout == layout
    assert [faces.classes[label] for label in faces.labels][:2] == ["happy", "sad"]
    np.testing.assert_array_equal(faces.images[:2], [make.face(1), make.face(2)])
    assert faces.splits.tolist() == ["train", "train", "valid"]
