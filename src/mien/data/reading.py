"""How data is read: the options that every verb that reads data takes, and every Python function with it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Integral
from pathlib import Path
from typing import Any, TypedDict

from mien.checks import check_fields
from mien.errors import ArgumentError

_CLASS_FIELDS = ("classes", "drop", "map")


@dataclass(frozen=True)
class ReadOptions:
    """How data is read; the default recognises everything by itself.

    Attributes:
        layout: the name of the layout; None recognises it.
        size: height and width of the faces in pixels; None keeps the size they have.
        votes: the FER+ table to join to ``fer2013.csv``, or None.
        coding: which number stands for which class, where labels are numbers: ``"rafdb"``, another name out of
            ``layouts.codes.NAMES``, or pairs such as ``"0=angry,1=happy"``; None finds it out or refuses.
        classes: the classes to keep, in the order that they shall have; none keeps all.
        drop: classes to leave out.
        map: pairs of a class and its new name; two classes that get the same name become one.
        find_faces: find the face in each picture and cut it out, for pictures that show more than a face.
        allow_leakage: train although the same faces stand in several of the splits that the data has.
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

    def __post_init__(self) -> None:
        check_fields(self, ArgumentError)

    @classmethod
    def of(cls, **given: Any) -> ReadOptions:
        """The options out of plain values: paths as text, sequences for tuples, a mapping for pairs; see ``ReadFields``.

        Raises:
            ArgumentError: there is no such option, or its value doesn't fit.
        """
        values = {name: value for name, value in given.items() if value is not None}
        known = [field.name for field in fields(cls)]
        if unknown := sorted(values.keys() - set(known)):
            raise ArgumentError(
                f"There is no option '{unknown[0]}' for reading data: choose one of {', '.join(known)}."
            )
        if isinstance(size := values.get("size"), Integral) and not isinstance(size, bool):
            values["size"] = int(size)
        if isinstance(votes := values.get("votes"), str | os.PathLike):
            values["votes"] = Path(votes).absolute()  # other processes may stand elsewhere
        if isinstance(pairs := values.get("coding"), Mapping):
            values["coding"] = ",".join(f"{code}={name}" for code, name in pairs.items())
        for name in ("classes", "drop"):
            names = values.get(name, ())
            values[name] = (
                (names,) if isinstance(names, str) else tuple(names) if isinstance(names, Sequence) else names
            )
        values["map"] = _pairs(values.get("map", ()))
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """What differs from the default, fit for JSON."""
        changed = {f.name: value for f in fields(self) if (value := getattr(self, f.name)) != f.default}
        if self.votes is not None:
            changed["votes"] = str(self.votes)
        if self.map:
            changed["map"] = dict(self.map)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ReadOptions:
        """What ``to_dict`` gave."""
        return cls.of(**values)

    def arguments(self) -> list[str]:
        """The options of the command line that ask for the same; of paths only the last part, as reports are for others."""
        words = [] if self.layout is None else ["--layout", self.layout]
        words += [] if self.votes is None else ["--votes", self.votes.name]
        words += [] if self.coding is None else ["--coding", self.coding]
        words += ["--find-faces"] if self.find_faces else []
        words += ["--classes", ",".join(self.classes)] if self.classes else []
        words += [word for name in self.drop for word in ("--drop", name)]
        words += [word for old, new in self.map for word in ("--map", f"{old}={new}")]
        words += ["--find-faces"] if self.find_faces else []
        return words + (["--allow-leakage"] if self.allow_leakage else [])

    def for_readers(self) -> dict[str, Any]:
        """What readers see of the options, as ``to_dict`` gives it: without what is done to the classes afterwards."""
        hidden = (*_CLASS_FIELDS, "coding", "allow_leakage")
        return {name: value for name, value in self.to_dict().items() if name not in hidden}

    def for_classes(self) -> ReadOptions:
        """Only what is done to the classes, which fits data of any layout."""
        return ReadOptions(classes=self.classes, drop=self.drop, map=self.map)


def _pairs(given: Any) -> tuple[tuple[str, str], ...]:
    """Classes and their new names, of a mapping or of pairs.

    Raises:
        ArgumentError: they are none.
    """
    pairs = tuple(given.items()) if isinstance(given, Mapping) else given
    if not isinstance(pairs, list | tuple) or not all(
        isinstance(pair, list | tuple) and len(pair) == 2 and all(isinstance(name, str) for name in pair)
        for pair in pairs
    ):
        raise ArgumentError(
            f"map={given!r} doesn't fit: it must give each class its new name, as in {{'calm': 'neutral'}}."
        )
    return tuple((old, new) for old, new in pairs)


DEFAULT = ReadOptions()
"""Everything is recognised, nothing is changed."""


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
