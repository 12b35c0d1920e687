"""The row builder that every layout reader fills: it decodes in parallel, counts what it drops, and packs a FaceSet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import emotions, images
from mien.data.faceset import UNLABELLED, DroppedRow, FaceSet, Source
from mien.errors import DataError, ImageError

Picture = bytes | Path | NDArray[np.uint8]
"""A face as a layout holds it: encoded bytes, a file, or gray pixels ``(H, W)``."""


@dataclass(frozen=True)
class _Row:
    name: str
    picture: Picture
    label: str | None
    split: str
    subject: str | None
    votes: dict[str, float] | None


class Rows:
    """Collects the rows of one source and packs them.

    Args:
        layout: the name of the layout.
        path: what is being read.
        class_map: the source's codes or class names, each with mien's name. A class that it lacks must be one that
            ``emotions.canonical`` knows. Without a map, unknown names stay as they are, in lower case.
    """

    def __init__(self, layout: str, path: Path, class_map: dict[str, str] | None = None) -> None:
        self.layout = layout
        self.path = path
        self.notes: list[str] = []
        self._fixed = class_map
        self._class_map: dict[str, str] = {}
        self._rows: list[_Row] = []
        self._dropped: list[DroppedRow] = []

    def add(
        self,
        name: str,
        picture: Picture,
        raw_class: str | None,
        split: str = "train",
        *,
        subject: str | None = None,
        votes: dict[str, float] | None = None,
    ) -> None:
        """Add one row; ``raw_class`` is the source's own code or name (None where unlabelled), ``votes`` are by mien's names."""
        label = None
        if raw_class is not None:
            label = self._mapped(raw_class)
            if label is None:
                self.drop(name, f"unknown class code '{raw_class}'")
                return
            self._class_map[raw_class] = label
        self._rows.append(_Row(name, picture, label, split, subject, votes))

    def drop(self, name: str, reason: str) -> None:
        """Leave one row of the source out, for a reason that the user gets to see."""
        self._dropped.append(DroppedRow(name, reason))

    def faceset(self, size: int | None = None, classes: Sequence[str] | None = None) -> FaceSet:
        """Decode all pictures and pack them.

        Args:
            size: height and width to resize to; by default the size they have, or, where they differ, the most common one.
            classes: the classes and their order; by default those met, in the order of ``emotions.in_order``.

        Raises:
            DataError: no row is left.
        """
        kept = self._decoded()
        if not kept:
            raise DataError(self._nothing_left())
        faces = self._packed([pixels for _, pixels in kept], size)
        order = (
            tuple(classes)
            if classes is not None
            else emotions.in_order(row.label for row, _ in kept if row.label is not None)
        )
        index = {name: code for code, name in enumerate(order)}
        rows = [row for row, _ in kept]
        return FaceSet(
            images=faces,
            labels=np.array([UNLABELLED if row.label is None else index[row.label] for row in rows], np.int64),
            classes=order,
            names=np.array([row.name for row in rows], np.str_),
            splits=np.array([row.split for row in rows], np.str_),
            votes=_votes(rows, order),
            subjects=np.array([row.subject or "" for row in rows], np.str_)
            if any(row.subject for row in rows)
            else None,
            source=Source(
                self.layout,
                str(self.path),
                dict(sorted(self._class_map.items())),
                tuple(self._dropped),
                tuple(self.notes),
            ),
        )

    def _decoded(self) -> list[tuple[_Row, NDArray[np.uint8]]]:
        """The rows whose pictures can be read, with their pixels; the others are dropped."""
        with ThreadPoolExecutor() as pool:
            decoded = list(pool.map(_pixels, self._rows))
        kept: list[tuple[_Row, NDArray[np.uint8]]] = []
        for row, pixels in zip(self._rows, decoded, strict=True):
            if isinstance(pixels, str):
                self.drop(row.name, pixels)
            else:
                kept.append((row, pixels))
        return kept

    def _mapped(self, raw_class: str) -> str | None:
        if self._fixed is not None:
            return self._fixed.get(raw_class) or emotions.canonical(raw_class)
        return emotions.canonical(raw_class) or raw_class.strip().lower()

    def _packed(self, pictures: list[NDArray[np.uint8]], size: int | None) -> NDArray[np.uint8]:
        shapes = Counter(picture.shape for picture in pictures)
        target = (size, size) if size is not None else shapes.most_common(1)[0][0]
        if len(shapes) > 1:
            self.notes.append(f"The pictures have {len(shapes)} sizes; all were resized to {target[0]}x{target[1]}.")
        packed = np.empty((len(pictures), *target), np.uint8)
        for row, picture in enumerate(pictures):
            packed[row] = images.resize_faces(picture[None], (target[0], target[1]))[0]
        return packed

    def _nothing_left(self) -> str:
        if not self._dropped:
            return f"'{self.path}' holds no faces: it was read as {self.layout}, and that has no rows."
        first = self._dropped[0]
        return (
            f"'{self.path}' holds no usable faces: every row of its {self.layout} layout was dropped"
            f" ({len(self._dropped):,} in all), the first ({first.name}) because: {first.reason}."
        )


def _pixels(row: _Row) -> NDArray[np.uint8] | str:
    """The row's gray pixels, or the reason why it has none."""
    if isinstance(row.picture, np.ndarray):
        return row.picture
    try:
        pixels = images.decode(row.picture, "L")
    except ImageError as error:
        return str(error).rstrip(".")
    if max(pixels.shape) > images.MAX_FACE_SIDE:  # a photo rather than a cropped face; shrink it before it is packed
        scale = images.MAX_FACE_SIDE / max(pixels.shape)
        pixels = images.resize_faces(
            pixels[None], (max(1, int(pixels.shape[0] * scale)), max(1, int(pixels.shape[1] * scale)))
        )[0]
    return pixels


def _votes(rows: list[_Row], classes: Sequence[str]) -> NDArray[np.float32] | None:
    if not any(row.votes for row in rows):
        return None
    return np.array([[(row.votes or {}).get(name, 0.0) for name in classes] for row in rows], np.float32)
