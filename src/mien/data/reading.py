"""Options for reading data, for all verbs and Python functions that read it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Integral
from pathlib import Path
from typing import Any, TypedDict

from mien.checks import check_fields, no_such
from mien.errors import ArgumentError
from mien.typed_json import JsonObject

_CLASS_FIELDS = ("classes", "drop", "map")


@dataclass(frozen=True)
class ReadOptions:
    """How data is read; by default everything is detected.

    Attributes:
        layout: name of the layout; None detects it.
        size: height and width of the faces in pixels; None keeps their size.
        votes: the FER+ table to join to ``fer2013.csv``, or None.
        coding: the class of each numeric label: ``"rafdb"``, another name in ``layouts.codes.NAMES``, or pairs such as
            ``"0=angry,1=happy"``; None detects it, or raises an error.
        classes: the classes to keep, in this order; empty keeps all.
        drop: classes to leave out.
        map: pairs of a class and its new name; classes with the same new name are merged.
        find_faces: detect the face in each picture and crop it, for pictures that show more than a face.
        columns: further columns of tables to keep, by name, such as ``sex``; see ``FaceSet.groups``.
        fold: a fold of a cross-validation, such as ``"2/5@0"``: its rows are the split ``test``, all other labelled rows ``train``.
        allow_leakage: train although the same faces are in several splits.
    """

    layout: str | None = None
    size: int | None = None
    votes: Path | None = None
    coding: str | None = None
    classes: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    map: tuple[tuple[str, str], ...] = ()
    find_faces: bool = False
    allow_leakage: bool = False
    columns: tuple[str, ...] = ()
    fold: str = ""

    def __post_init__(self) -> None:
        check_fields(self, ArgumentError)

    @classmethod
    def of(cls, **given: Any) -> ReadOptions:
        """Make options from plain values: paths as strings, sequences for tuples, a mapping for pairs; see ``ReadFields``.

        Raises:
            ArgumentError: there is no such option, or its value is invalid.
        """
        values = {name: value for name, value in given.items() if value is not None}
        known = [field.name for field in fields(cls)]
        if unknown := sorted(values.keys() - set(known)):
            raise ArgumentError(no_such("option for reading data", unknown[0], known))
        if isinstance(size := values.get("size"), Integral) and not isinstance(size, bool):
            values["size"] = int(size)
        if isinstance(votes := values.get("votes"), str | os.PathLike):
            values["votes"] = Path(votes).absolute()  # other processes may have another working folder
        if isinstance(pairs := values.get("coding"), Mapping):
            values["coding"] = ",".join(f"{code}={name}" for code, name in pairs.items())
        for name in ("classes", "drop", "columns"):
            names = values.get(name, ())
            values[name] = (
                (names,) if isinstance(names, str) else tuple(names) if isinstance(names, Sequence) else names
            )
        values["map"] = _pairs(values.get("map", ()))
        return cls(**values)

    def to_dict(self) -> JsonObject:
        """The values that differ from the default, for JSON."""
        changed = {f.name: value for f in fields(self) if (value := getattr(self, f.name)) != f.default}
        if self.votes is not None:
            changed["votes"] = str(self.votes)
        if self.map:
            changed["map"] = dict(self.map)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()}

    @classmethod
    def from_dict(cls, values: JsonObject) -> ReadOptions:
        """Make options from the output of ``to_dict``."""
        return cls.of(**values)

    def arguments(self) -> list[str]:
        """The equivalent options of the command line; paths are cut to their last part, as reports are shared."""
        words = [] if self.layout is None else ["--layout", self.layout]
        words += [] if self.votes is None else ["--votes", self.votes.name]
        words += [] if self.coding is None else ["--coding", self.coding]
        words += ["--find-faces"] if self.find_faces else []
        words += ["--classes", ",".join(self.classes)] if self.classes else []
        words += [word for name in self.drop for word in ("--drop", name)]
        words += [word for old, new in self.map for word in ("--map", f"{old}={new}")]
        return words + (["--allow-leakage"] if self.allow_leakage else [])

    def for_readers(self) -> JsonObject:
        """The options that readers use, as in ``to_dict``: without the later changes to classes."""
        hidden = (*_CLASS_FIELDS, "coding", "allow_leakage", "fold")
        return {name: value for name, value in self.to_dict().items() if name not in hidden}

    def for_classes(self) -> ReadOptions:
        """Only the changes to classes, which fit data of any layout."""
        return ReadOptions(classes=self.classes, drop=self.drop, map=self.map)


def _pairs(given: Any) -> tuple[tuple[str, str], ...]:
    """Classes and their new names, from a mapping or from pairs.

    Raises:
        ArgumentError: the value is neither.
    """
    pairs = tuple(given.items()) if isinstance(given, Mapping) else given
    if not isinstance(pairs, list | tuple) or not all(
        isinstance(pair, list | tuple) and len(pair) == 2 and all(isinstance(name, str) for name in pair)
        for pair in pairs
    ):
        raise ArgumentError(
            f"map={given!r} doesn't fit: it must map classes to new names, as in {{'calm': 'neutral'}}."
        )
    return tuple((old, new) for old, new in pairs)


DEFAULT = ReadOptions()
"""The default: everything is detected, nothing is changed."""


class ReadFields(TypedDict, total=False):
    """The options as keyword arguments, ``mien.read("faces", drop=["contempt"], map={"calm": "neutral"})``."""

    layout: str | None
    size: int | None
    votes: str | os.PathLike[str] | None
    coding: str | Mapping[int, str] | None
    classes: Sequence[str]
    drop: Sequence[str]
    map: Mapping[str, str] | Sequence[tuple[str, str]]
    find_faces: bool
    allow_leakage: bool
    columns: Sequence[str]
    fold: str
