"""Ready-made face crops from files: no detector, no margin, the pixels as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien import images
from mien.errors import ImageError
from mien.inference.classifier import Classifier


@dataclass(frozen=True)
class CropReading:
    """What a model read on one crop.

    Attributes:
        path: the file.
        label: the most probable class, or None where the file couldn't be read.
        probabilities: by class name; empty where the file couldn't be read.
        error: why it couldn't be read, or None.
    """

    path: str
    label: str | None
    probabilities: dict[str, float]
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        return {"path": self.path, "label": self.label, "probabilities": self.probabilities, "error": self.error}


def expand(paths: Iterable[Path]) -> list[Path]:
    """Replace each folder by the pictures anywhere below it, in the order of their names; a file may end in anything."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(file for file in path.rglob("*") if file.suffix.lower() in images.SUFFIXES)
        else:
            files.append(path)
    return files


def read_crops(classifier: Classifier, paths: Iterable[Path], *, flip: bool = False) -> Iterator[CropReading]:
    """Read each file as one face crop; a file that can't be decoded gives a row with its error, and the rest go on."""
    for path in paths:
        try:
            face = images.decode(path, "L")
        except ImageError as error:
            yield CropReading(str(path), None, {}, str(error))
            continue
        row = classifier.probabilities(face[None], flip=flip)[0]
        probabilities = {name: float(value) for name, value in zip(classifier.spec.classes, row, strict=True)}
        yield CropReading(str(path), max(probabilities, key=probabilities.__getitem__), probabilities)
