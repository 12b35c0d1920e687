"""The FaceSet: labelled faces as packed arrays, with a content hash."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.checks import Between, checked, fits
from mien.data.source import IN_MEMORY, Source
from mien.display import Displayed
from mien.errors import ArgumentError, DataError
from mien.words import agreed, counted

if TYPE_CHECKING:
    from mien.display import Axes
    from mien.typed_json import JsonObject

SPLITS = ("train", "valid", "test", "public_test", "private_test")
"""Names of splits in mien. Data without splits is all ``train``."""

UNLABELLED = -1
"""Label of a row with unknown class, as in the test set of a competition."""


@dataclass(frozen=True, eq=False)
class FaceSet(Displayed, kind="faceset"):
    """Labelled gray faces of one size; ``to_frame`` has a row for each face.

    Attributes:
        images: ``(N, H, W)`` ``uint8``.
        labels: ``(N,)`` ``int64``, indices into ``classes``; ``UNLABELLED`` if the class isn't known.
        classes: the class names, in the order of ``emotions.in_order``.
        names: ``(N,)`` strings, one name per row: a file name, a row number or an id.
        splits: ``(N,)`` strings out of ``SPLITS``.
        votes: ``(N, K)`` ``float32``, number of annotators who chose each class; all zero for rows without votes. Or None.
        subjects: ``(N,)`` strings, the person in the picture. Or None.
        groups: further columns by name, each ``(N,)`` strings, such as the sex; empty strings if unknown. Not part of the hash.
        source: provenance of the data.

    Raises:
        DataError: the arrays don't match.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    names: NDArray[np.str_]
    splits: NDArray[np.str_]
    votes: NDArray[np.float32] | None = None
    subjects: NDArray[np.str_] | None = None
    source: Source = IN_MEMORY
    groups: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check_kinds()
        num = len(self.images)
        if self.images.ndim != 3 or self.images.dtype != np.uint8 or 0 in self.images.shape[1:]:
            raise DataError(
                f"Faces must be uint8 of shape (N, H, W), not {self.images.dtype} of shape {self.images.shape}."
            )
        if max(self.images.shape[1:]) > images.MAX_FACE_SIDE:
            raise DataError(
                f"Faces of {self.images.shape[1]}x{self.images.shape[2]} are larger than {images.MAX_FACE_SIDE} pixels: resize them."
            )
        for what, array in (
            ("labels", self.labels),
            ("names", self.names),
            ("splits", self.splits),
            ("votes", self.votes),
            ("subjects", self.subjects),
            *((f"values of '{name}'", values) for name, values in self.groups.items()),
        ):
            if array is not None and len(array) != num:
                raise DataError(
                    f"{agreed(num, 'There is', 'There are')} {counted(num, 'face')} but {len(array):,} {what}: each face needs one."
                )
        if num and not (self.labels.min() >= UNLABELLED and self.labels.max() < len(self.classes)):
            raise DataError(
                f"Labels must be in 0..{len(self.classes) - 1} (or be {UNLABELLED} where unknown), not {self.labels.min()}..{self.labels.max()}."
            )
        unknown = sorted(set(self.splits.tolist()) - set(SPLITS))
        if unknown:
            raise DataError(f"There is no split '{unknown[0]}': name it one of {', '.join(SPLITS)}.")
        if self.votes is not None and self.votes.shape != (num, len(self.classes)):
            raise DataError(f"Votes must have shape ({num}, {len(self.classes)}), not {self.votes.shape}.")

    def _check_kinds(self) -> None:
        for what, array, kinds in (
            ("images", self.images, "u"),
            ("labels", self.labels, "iu"),
            ("names", self.names, "U"),
            ("splits", self.splits, "U"),
            ("votes", self.votes, "f"),
            ("subjects", self.subjects, "U"),
            *((f"values of '{name}'", values, "U") for name, values in self.groups.items()),
        ):
            if array is None and what in ("votes", "subjects"):
                continue
            if not isinstance(array, np.ndarray):
                raise DataError(f"The {what} must be a NumPy array, not {type(array).__name__}.")
            if what != "images" and array.dtype.kind not in kinds and array.size:
                raise DataError(f"The {what} must be {_KINDS[kinds]}, not {array.dtype}.")
        names = self.classes
        if not isinstance(names, tuple) or not all(isinstance(name, str) and name for name in names):
            raise DataError(f"The classes must be a tuple of names, not {names!r}.")
        if len(set(names)) < len(names):
            raise DataError(f"The classes must differ, but are {', '.join(names)}.")

    @classmethod
    @checked
    def from_arrays(
        cls,
        images: NDArray[np.uint8],
        labels: Sequence[int] | NDArray[np.integer[Any]],
        classes: Sequence[str],
        split: str = "train",
    ) -> FaceSet:
        """Make a FaceSet from arrays in memory: ``images`` ``(N, H, W)`` uint8 and ``labels`` ``(N,)``, all in one split.

        Raises:
            ArgumentError, DataError: an argument has the wrong type, or the arrays don't match.
        """
        num = len(images)
        codes = np.asarray(labels)
        if codes.ndim != 1 or codes.dtype.kind not in "iu":
            raise DataError(
                f"The labels must be one whole number per face, its index in the classes, not {codes.dtype} of shape {codes.shape}."
            )
        return cls(
            images,
            codes.astype(np.int64),
            tuple(classes),
            np.array([str(row) for row in range(num)], np.str_),
            np.full(num, split),
        )

    def __len__(self) -> int:
        return len(self.images)

    def to_dict(self) -> JsonObject:
        """A description for JSON: path, layout, hash, splits, class shares, dropped rows, notes; see ``data.info.describe``."""
        description: JsonObject = self._display.description(self)
        return description

    def plot_faces(self, ax: Axes | None = None, *, num: int = 8) -> Axes:
        """Draw the first ``num`` faces of each class on ``ax``, or on a new figure."""
        return self._plot("faces", ax, num=num)

    def plot_classes(self, ax: Axes | None = None) -> Axes:
        """Draw the number of rows of each class, by split."""
        return self._plot("classes", ax)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of every face, in pixels."""
        return self.images.shape[1], self.images.shape[2]

    @property
    def split_names(self) -> tuple[str, ...]:
        """The splits that have rows, in the order of ``SPLITS``."""
        present = set(self.splits.tolist())
        return tuple(name for name in SPLITS if name in present)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of images, labels, classes, splits, votes and subjects, in order, but not of names.

        The same rows have the same hash, whatever their layout and machine.
        """
        digest = hashlib.sha256(b"mien faceset 1\n")
        digest.update(json.dumps([self.images.shape, self.classes, self.splits.tolist()]).encode())
        digest.update(np.ascontiguousarray(self.images).data)
        digest.update(self.labels.astype("<i8").tobytes())
        if self.votes is not None:
            digest.update(b"votes" + self.votes.astype("<f4").tobytes())
        if self.subjects is not None:
            digest.update(b"subjects" + json.dumps(self.subjects.tolist()).encode())
        return digest.hexdigest()

    @cached_property
    def faces_hash(self) -> str:
        """SHA-256 of images, labels and classes alone, in order, which identifies the faces without their votes."""
        digest = hashlib.sha256(b"mien faces 1\n")
        digest.update(json.dumps([self.images.shape, self.classes]).encode())
        digest.update(np.ascontiguousarray(self.images).data)
        digest.update(self.labels.astype("<i8").tobytes())
        return digest.hexdigest()

    @property
    def label_names(self) -> NDArray[np.str_]:
        """``(N,)`` the class name of each row; an empty text where it is unknown."""
        names: NDArray[np.str_] = np.array([*self.classes, ""], np.str_)[self.labels]  # UNLABELLED is -1, the last
        return names

    def counts(self) -> NDArray[np.int64]:
        """``(K,)`` number of labelled rows of each class."""
        return np.bincount(self.labels[self.labels != UNLABELLED], minlength=len(self.classes)).astype(np.int64)

    def select(self, rows: NDArray[Any]) -> FaceSet:
        """The rows given by a boolean mask or by indices, in that order.

        A mask of all rows gives the set itself, and a mask of rows in one piece shares its arrays, as copies of the images of a
        large set fill the memory.

        Raises:
            DataError: there are no such rows.
        """
        if isinstance(rows, np.ndarray) and rows.dtype == np.bool_ and rows.shape == self.labels.shape:
            chosen_rows = np.flatnonzero(rows)
            if len(chosen_rows) == len(self):
                return self
            if len(chosen_rows) and chosen_rows[-1] - chosen_rows[0] == len(chosen_rows) - 1:
                return self._taken(slice(int(chosen_rows[0]), int(chosen_rows[-1]) + 1))
        return self._taken(rows)

    def _taken(self, rows: NDArray[Any] | slice) -> FaceSet:
        try:
            chosen = self.images[rows]
        except IndexError as error:
            raise DataError(f"There are no such rows among these {len(self):,} faces: {error}.") from None
        return replace(
            self,
            images=chosen,
            labels=self.labels[rows],
            names=self.names[rows],
            splits=self.splits[rows],
            votes=None if self.votes is None else self.votes[rows],
            subjects=None if self.subjects is None else self.subjects[rows],
            groups={name: values[rows] for name, values in self.groups.items()},
        )

    def split(self, name: str) -> FaceSet:
        """The rows of one split.

        Raises:
            DataError: no row has it; the message lists the splits that there are.
        """
        if name not in self.split_names:
            raise DataError(f"The data has no split '{name}': it has {', '.join(self.split_names) or 'no rows'}.")
        return self.select(self.splits == name)

    def resized(self, size: tuple[int, int]) -> FaceSet:
        """The same rows, resized to another height and width.

        Raises:
            ArgumentError: the size is invalid.
        """
        sides = size if isinstance(size, tuple) else ()
        if len(sides) != 2 or not all(fits(side, Annotated[int, Between(1, images.MAX_FACE_SIDE)]) for side in sides):
            raise ArgumentError(
                f"size={size!r} doesn't fit: it must be a height and a width from 1 to {images.MAX_FACE_SIDE:,}."
            )
        return self if self.size == size else replace(self, images=images.resize_faces(self.images, size))

    @checked
    def to_classes(self, classes: Sequence[str]) -> FaceSet:
        """The same rows, with labels (and votes) renumbered for another list of classes, matched by name.

        Raises:
            DataError: rows have a class that the list lacks; the message counts them.
        """
        if tuple(classes) == self.classes:
            return self
        counts = self.counts()
        foreign = [
            f"{name} ({counted(int(counts[index]), 'row')})"
            for index, name in enumerate(self.classes)
            if name not in classes and counts[index]
        ]
        if foreign:
            raise DataError(
                f"The data has classes that the model doesn't know: {', '.join(foreign)}. It knows {', '.join(classes)}. "
                "Leave classes out with --drop CLASS, or rename them with --map CLASS=NAME."
            )
        lookup = np.array(
            [classes.index(name) if name in classes else UNLABELLED for name in self.classes] + [UNLABELLED], np.int64
        )
        votes = None
        if self.votes is not None:
            votes = np.zeros((len(self), len(classes)), np.float32)
            for index, name in enumerate(self.classes):
                if name in classes:
                    votes[:, classes.index(name)] = self.votes[:, index]
        return replace(self, labels=lookup[self.labels], classes=tuple(classes), votes=votes)


_KINDS = {"iu": "whole numbers", "U": "texts", "f": "numbers"}

_SPLIT_WORDS = {
    "train": "train",
    "training": "train",
    "trn": "train",
    "tr": "train",
    "trainval": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "validate": "valid",
    "va": "valid",
    "vali": "valid",
    "dev": "valid",
    "devel": "valid",
    "development": "valid",
    "eval": "valid",
    "evaluation": "valid",
    "test": "test",
    "testing": "test",
    "tst": "test",
    "te": "test",
    "holdout": "test",
    "heldout": "test",
    "publictest": "public_test",
    "publictesting": "public_test",
    "privatetest": "private_test",
    "privatetesting": "private_test",
}
_BESIDE_SPLITS = re.compile(
    r"fer\+?|ferplus|fer2013|(data)?sets?|data|splits?|subset|images?|imgs?|pictures?|faces?|crops?|\d+"
)


@lru_cache(maxsize=4096)
def canonical_split(name: str) -> str | None:
    """Return mien's name for a split, or None if the name is not known.

    Additional words such as ``set``, ``data`` or ``FER2013`` are ignored: ``"Training"``, ``"train_set"``,
    ``"Train Data"`` and ``"FER2013Train"`` are ``"train"``.
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name.strip())
    words = [word for word in re.split(r"[\W_]+", spaced.lower()) if word]
    kept = [word for word in words if not _BESIDE_SPLITS.fullmatch(word)]
    plain = re.sub(r"(data|sets?|\d+)*$", "", "".join(kept))
    return _SPLIT_WORDS.get(plain)
