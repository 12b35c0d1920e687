"""Drawn faces with planted faults, their audit, and a model whose answers a pixel decides."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.auditing.audit import Audit, audit
from mien.data.faceset import UNLABELLED, FaceSet
from mien.inference.classifier import Classifier
from mien.modelfile import Spec
from mien.synthetic import drawn

NUM = 160


class Reader(Classifier):
    """A classifier that needs no model: sure of the class that a face's upper left pixel names."""

    def __init__(self, path: Path, classes: tuple[str, ...], training: dict[str, Any] | None = None) -> None:
        path.write_bytes(b"a model")
        super().__init__(None, Spec(classes, (48, 48), training=training or {}), str(path), str(path))

    def probabilities(
        self, faces: NDArray[np.uint8], *, flip: bool = False, batch_size: int = 128
    ) -> NDArray[np.float32]:
        del flip, batch_size
        num = len(self.spec.classes)
        codes = faces[:, 0, 0] % num
        return (np.eye(num, dtype=np.float32)[codes] * 0.93 + 0.01).astype(np.float32)


@pytest.fixture(scope="session")
def planted() -> FaceSet:
    """Drawn faces; the last six are: a leak, a leak with another label, two blanks, a copy in train, one without a label."""
    faces = drawn.draw(NUM, seed=2, wrong_labels=0.0)
    train, test = (np.flatnonzero(faces.splits == name)[:6] for name in ("train", "test"))
    images, labels, split_names = faces.images.copy(), faces.labels.copy(), faces.splits.copy()
    end = np.arange(NUM - 6, NUM)
    images[end] = [
        images[test[0]],
        images[test[1]],
        np.zeros((48, 48)),
        np.full((48, 48), 7),
        images[train[0]],
        images[test[5]] // 2 + 9,
    ]
    labels[end] = [labels[test[0]], (labels[test[1]] + 1) % 7, 0, 1, labels[train[0]], UNLABELLED]
    split_names[end] = ["train", "train", "train", "test", "train", "test"]
    return replace(faces, images=images, labels=labels, splits=split_names)


@pytest.fixture(scope="session")
def found(planted: FaceSet) -> Audit:
    return audit(planted)


class Page(HTMLParser):
    """Collects tags and checks that they close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def odd(kind: str) -> FaceSet:
    noise = np.random.default_rng(0).integers(0, 256, (60, 48, 48), np.uint8)
    classes = ("happy", "sad")
    if kind == "one row":
        return FaceSet.from_arrays(noise[:1], [0], classes)
    if kind == "unlabelled":
        return FaceSet.from_arrays(noise, [UNLABELLED] * 60, classes, "test")
    if kind == "all blank":
        return FaceSet.from_arrays(np.zeros((60, 48, 48), np.uint8), [0, 1] * 30, classes)
    if kind == "one class":
        return FaceSet.from_arrays(noise, [1] * 60, classes)
    return FaceSet.from_arrays(np.repeat(np.repeat(noise[:2], 21, 1), 9, 2), [0, 1], classes)
