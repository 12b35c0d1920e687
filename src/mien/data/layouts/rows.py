"""The row builder of all layout readers: it decodes in parallel, counts the dropped rows, and packs a FaceSet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import emotions, images
from mien.data import portraits
from mien.data.faceset import UNLABELLED, FaceSet, canonical_split
from mien.data.layouts import codes
from mien.data.layouts.packing import Pictures
from mien.data.portraits import Asked, FoundFace
from mien.data.source import ChosenCoding, DroppedRow, Source
from mien.errors import DataError, ImageError
from mien.threads import in_threads
from mien.words import agreed, counted


@dataclass(frozen=True)
class Crop:
    """A face within a larger picture.

    Attributes:
        file: the picture.
        box: left, top, right, bottom, in pixels or as shares of the picture's sides.
        exact: crop to the box itself, not to the square around it.
        shares: whether the box is in shares.
    """

    file: Path
    box: tuple[float, float, float, float]
    exact: bool = False
    shares: bool = False


Picture = bytes | Path | NDArray[np.uint8] | Crop
"""A face as stored in a layout: encoded bytes, a file, gray pixels ``(H, W)``, or a part of a file."""


NO_FACE = "no face was found in it"
"""Reason for dropping a picture in which no face is detected."""


NO_GROUPS: Mapping[str, str] = {}
"""A row of a source without further columns."""


_AT_ONCE = 1024  # rows of which the decoded pictures are held before they are packed


@dataclass(slots=True)
class _Row:
    """A row: its picture, and once that is decoded, the place of its pixels or the reason why it has none."""

    name: str
    picture: Picture
    label: str | None
    split: str
    given_split: str | None
    subject: str | None
    votes: dict[str, float] | None
    groups: Mapping[str, str]
    is_crop: bool
    place: int = -1
    problem: str = ""
    in_crowd: bool = False


class Rows:
    """Collect the rows of one source and pack them.

    Args:
        layout: name of the layout.
        path: path of the source.
        class_map: from the source's codes or class names to mien's names. A class that it lacks must be one that
            ``emotions.canonical`` knows. Without a map, ``emotions.naming`` interprets all names together, and numbers
            stay numbers, which ``coding.resolve`` names.
        coding: the layout's coding of numbers; None if it has none.
    """

    def __init__(
        self,
        layout: str,
        path: Path,
        class_map: dict[str, str] | None = None,
        *,
        coding: ChosenCoding | None = None,
    ) -> None:
        self.layout = layout
        self.coding = coding
        self.path = path
        self.notes: list[str] = []
        self.columns: tuple[str, ...] = ()
        self._fixed = class_map
        self._class_map: dict[str, str] = {}
        self._rows: list[_Row] = []
        self._waiting: list[_Row] = []
        self._pictures = Pictures()
        self._dropped: list[DroppedRow] = []

    def add(
        self,
        name: str,
        picture: Picture,
        raw_class: str | None,
        split: str = "train",
        *,
        given_split: str | None = None,
        subject: str | None = None,
        votes: dict[str, float] | None = None,
        groups: Mapping[str, str] = NO_GROUPS,
    ) -> None:
        """Add one row.

        Args:
            name: name of the row.
            picture: its face.
            raw_class: the source's own code or name; None if the row is unlabelled.
            split: its split, if ``given_split`` names none.
            given_split: the cell of a split column, as in the source.
            subject: person in the picture.
            votes: votes by class, with the source's class names.
        """
        label = None
        if raw_class is not None:
            label = self._mapped(raw_class)
            if label is None:
                self.drop(name, f"unknown class code '{raw_class}'")
                return
            self._class_map[codes.plain(raw_class)] = label
        named = None if votes is None else _summed((self._mapped(key) or key, count) for key, count in votes.items())
        is_crop = isinstance(picture, Crop)
        row = _Row(name, picture, label, split, given_split or None, subject, named, groups, is_crop)
        self._rows.append(row)
        self._waiting.append(row)

    @property
    def given_splits(self) -> set[str]:
        """The values of the split column, as in the source."""
        return {row.given_split for row in self._rows if row.given_split}

    def drop(self, name: str, reason: str) -> None:
        """Drop one row of the source, with a reason for the user."""
        self._dropped.append(DroppedRow(name, reason))

    def decode(self) -> None:
        """Decode the pictures of the rows added so far, and let go of their files.

        Readers of large files call it now and then; ``faceset`` decodes the rest.
        """
        asked = portraits.asked()
        rows, self._waiting = self._waiting, []
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            for row, pixels in zip(some, in_threads(lambda row: _pixels(row.picture, asked), some), strict=True):
                row.picture = b""
                if isinstance(pixels, str):
                    row.problem = pixels
                    continue
                row.place = len(self._pictures)
                row.in_crowd = isinstance(pixels, FoundFace) and pixels.num > 1
                self._pictures.add(pixels.crop if isinstance(pixels, FoundFace) else pixels)

    def faceset(self, size: int | None = None, classes: Sequence[str] | None = None) -> FaceSet:
        """Decode the remaining pictures and pack all; once, as the pictures are let go.

        Args:
            size: height and width to resize to; by default the original size, or the most common one if sizes differ.
            classes: the classes and their order; by default those that occur, in the order of ``emotions.in_order``, or
                FER2013's if no row is labelled.

        Raises:
            DataError: no row is left.
        """
        self._resolve_splits()
        self.decode()
        self._note_faces()
        rows = self._kept()
        if not rows:
            raise DataError(self._nothing_left())
        self._name(rows)
        faces = self._packed(rows, size)
        order = self._order(rows) if classes is None else tuple(classes)
        self._note_votes(rows, order)
        index = {name: code for code, name in enumerate(order)}
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
                coding=self.coding,
                columns=self.columns,
            ),
            groups={
                name: np.array([row.groups.get(name, "") for row in rows], np.str_)
                for name in dict.fromkeys(name for row in rows for name in row.groups)
            },
        )

    def _resolve_splits(self) -> None:
        """Map the values of a split column to mien's splits; a column without any known name is ignored, with a note."""
        given = sorted(self.given_splits)
        if not given:
            return
        if not any(map(canonical_split, given)):
            shown = ", ".join(f"'{name}'" for name in given[:4]) + (", ..." if len(given) > 4 else "")
            self.notes.append(
                f"The column of splits has {shown}, which name no split (train, valid, test), so it was not used."
            )
            return
        rows, self._rows = self._rows, []
        for row in rows:
            split = canonical_split(row.given_split) if row.given_split else row.split
            if split is None:
                self.drop(row.name, f"unknown split '{row.given_split}'")
            else:
                row.split = split
                self._rows.append(row)
        self._waiting = [row for row in self._rows if row.place < 0 and not row.problem]

    def _order(self, rows: Sequence[_Row]) -> tuple[str, ...]:
        """The classes that occur. If they are numbers, votes may name them, or name classes without labels."""
        met = {row.label for row in rows if row.label is not None}
        if not met:
            return emotions.EMOTIONS
        if any(name.isdecimal() for name in met):
            met |= {name for row in rows for name in row.votes or {}}
        return emotions.in_order(met)

    def _note_votes(self, rows: Sequence[_Row], order: Sequence[str]) -> None:
        unkept = sorted({name for row in rows for name, count in (row.votes or {}).items() if count} - set(order))
        if unkept:
            self.notes.append(f"Votes for classes that the set lacks were not kept: {', '.join(unkept)}.")

    def _kept(self) -> list[_Row]:
        """The rows whose pictures were decoded; the others are dropped."""
        for row in self._rows:
            if row.problem:
                self.drop(row.name, row.problem)
        return [row for row in self._rows if not row.problem]

    def _note_faces(self) -> None:
        """Add a note on the detected faces, or on pictures that look like portraits."""
        asked = portraits.asked()
        if asked.find_faces:
            lost = sum(row.problem == NO_FACE for row in self._rows)
            crowds = sum(row.in_crowd for row in self._rows)
            self.notes.append(
                f"The face in each picture was detected and cropped; in {lost:,} of {counted(len(self._rows), 'picture')} no face was detected, "
                f"so {agreed(lost, 'it was', 'they were')} left out."
                + (f" Of {counted(crowds, 'picture')} with several faces the largest was taken." if crowds else "")
            )
        elif asked.finder is not None:
            pictures = [self._pictures[row.place] for row in self._rows if not row.problem and not row.is_crop]
            note = portraits.notice(pictures, asked.finder)
            self.notes += [note] if note else []

    def _name(self, rows: Sequence[_Row]) -> None:
        """Give the rows mien's class names, if there is no class map."""
        if self._fixed is not None:
            return
        names = emotions.naming({*self._class_map.values(), *(key for row in rows for key in row.votes or {})})
        self._class_map = {raw: names[label] for raw, label in self._class_map.items()}
        for row in rows:
            row.label = None if row.label is None else names[row.label]
            if row.votes is not None:
                row.votes = _summed((names[key], count) for key, count in row.votes.items())

    def _mapped(self, raw_class: str) -> str | None:
        if self._fixed is not None:
            return self._fixed.get(raw_class) or emotions.canonical(raw_class)
        return codes.plain(raw_class)  # all names are interpreted together, see ``_named``

    def _packed(self, rows: Sequence[_Row], size: int | None) -> NDArray[np.uint8]:
        sides = None if size is None else (size, size)
        faces, num_sizes = self._pictures.packed(np.array([row.place for row in rows], np.int64), sides)
        if num_sizes > 1:
            self.notes.append(
                f"The pictures have {num_sizes} sizes; all were resized to {faces.shape[1]}x{faces.shape[2]}."
            )
        return faces

    def _nothing_left(self) -> str:
        if not self._dropped:
            return f"'{self.path}' holds no faces: it was read as {self.layout}, and that has no rows."
        first = self._dropped[0]
        return (
            f"'{self.path}' holds no usable faces: every row of its {self.layout} layout was dropped"
            f" ({len(self._dropped):,} in all), the first ({first.name}) because: {first.reason}."
        )


def _pixels(picture: Picture, asked: Asked) -> NDArray[np.uint8] | FoundFace | str:
    """A row's gray pixels or the detected face, or the reason why it has none."""
    try:
        if asked.find_faces and asked.finder is not None:
            return asked.finder(_photo(picture), asked.side) or NO_FACE
        pixels = _gray(picture)
    except ImageError as error:
        return str(error).rstrip(".")
    if max(pixels.shape) > images.MAX_FACE_SIDE:  # a photo rather than a cropped face; shrink it before it is packed
        scale = images.MAX_FACE_SIDE / max(pixels.shape)
        pixels = images.resize_faces(
            pixels[None], (max(1, int(pixels.shape[0] * scale)), max(1, int(pixels.shape[1] * scale)))
        )[0]
    return pixels


def _photo(picture: Picture) -> NDArray[np.uint8]:
    """A picture in colour, ``(H, W, 3)``."""
    if isinstance(picture, (bytes, Path)):
        return images.decode(picture)
    return np.repeat(_gray(picture)[:, :, None], 3, axis=2)


def _gray(picture: Picture) -> NDArray[np.uint8]:
    if isinstance(picture, np.ndarray):
        return picture
    return _cut(picture) if isinstance(picture, Crop) else images.decode(picture, "L")


def _cut(crop: Crop) -> NDArray[np.uint8]:
    """The face in its box: by default the square around the box's centre; outside the picture, edge pixels are repeated."""
    pixels = images.decode(crop.file, "L")
    height, width = pixels.shape
    sides = np.array([width, height, width, height]) if crop.shares else np.ones(4)
    left, top, right, bottom = np.array(crop.box, np.float64) * sides
    if not (right > left and bottom > top and right > 0 and bottom > 0 and left < width and top < height):
        raise ImageError(f"the box {', '.join(f'{value:g}' for value in crop.box)} is outside its picture.")
    if not crop.exact:
        half, x, y = max(right - left, bottom - top) / 2, (left + right) / 2, (top + bottom) / 2
        left, top, right, bottom = x - half, y - half, x + half, y + half
    if max(right - left, bottom - top) > 4 * max(width, height):
        raise ImageError("its box is much larger than its picture.")
    columns = np.arange(round(left), max(round(right), round(left) + 1)).clip(0, width - 1)
    lines = np.arange(round(top), max(round(bottom), round(top) + 1)).clip(0, height - 1)
    return np.asarray(pixels[lines[:, None], columns])


def _votes(rows: list[_Row], classes: Sequence[str]) -> NDArray[np.float32] | None:
    if not any(row.votes for row in rows):
        return None
    # The case of a column's name may differ from that of a label.
    places = {name.casefold(): place for place, name in enumerate(classes)}
    places |= {name: place for place, name in enumerate(classes)}
    votes = np.zeros((len(rows), len(classes)), np.float32)
    for row, counts in zip(rows, votes, strict=True):
        for name, count in (row.votes or {}).items():
            if (place := places.get(name, places.get(name.casefold()))) is not None:
                counts[place] = count
    return votes


def _summed(votes: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Votes by class; those of one class under several names are added."""
    summed: dict[str, float] = {}
    for name, count in votes:
        summed[name] = summed.get(name, 0.0) + count
    return summed
