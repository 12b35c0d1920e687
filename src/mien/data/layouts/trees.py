"""Trees of folders with more levels than classes: which folders are people, and which say nothing that is known."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from mien import emotions
from mien.data.faceset import canonical_split

_PERSON = re.compile(
    r"(subject|subj|sub|person|people|participant|actor|actress|speaker|user|id|identity|male|female)"
    r"[ _.\-]*[a-z]?\d+[a-z]?|[a-z]{0,2}[ _.\-]?\d{1,6}[a-z]?",
    re.IGNORECASE,
)
_LARGEST_CODE = 10  # AffectNet's; larger numbers are no classes
_MIN_PEOPLE = 3  # fewer folders without numbers may be sources as well as people


@dataclass(frozen=True)
class Tree:
    """What the folders above and below those of the classes are.

    Attributes:
        people: the names of folders that are people, each with pictures of several classes.
        unknown: the names of folders above the classes that are neither people nor splits.
    """

    people: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()

    def person(self, name: str) -> str | None:
        """Who is on a picture, by the name that it has seen from the folder of the data."""
        return next((part for part in PurePosixPath(name).parts[:-1] if part in self.people), None)

    @property
    def notes(self) -> list[str]:
        """A sentence on people, and one on folders that say nothing that is known, where there are some."""
        told = []
        if self.people:
            told.append(f"The folders {_some(self.people)} beside the classes are read as people.")
        if self.unknown:
            told.append(
                f"The folders {_some(self.unknown)} above the classes name no split (train, valid, test);"
                " their rows are read as training rows."
            )
        return told


def look(names: Iterable[str]) -> Tree:
    """Tell what the folders of pictures are.

    Args:
        names: the pictures, as seen from the folder of the data, with forward slashes.
    """
    paths = {PurePosixPath(name).parts[:-1] for name in names}
    levels = {path: tuple(part for part in path if canonical_split(part) is None) for path in paths}
    inner = _class_is_inner(list(levels.values()))
    above, below = defaultdict(set), defaultdict(set)  # each folder beside a class, with the classes that it has
    beside_splits = set()  # those without a split, where others have one
    for path, level in levels.items():
        place = _class_place(level, inner)
        if place is None:
            continue
        if place > 0:
            above[level[place - 1]].add(level[place])
            beside_splits |= {level[place - 1]} if level == path else set()
        if place + 1 < len(level):
            below[level[place + 1]].add(level[place])
    people = {name for folders in (above, below) if _are_people(folders) for name in folders}
    others = set(above) - people
    if len(others) == 1:  # a folder around all, unless it stands beside those of splits
        others = others & beside_splits if any(level != path for path, level in levels.items()) else set()
    return Tree(frozenset(people), tuple(sorted(others)))


def _class_place(path: Sequence[str], inner: bool) -> int | None:
    """Which folder of a path is the class: the innermost expression, else the last one, or the one before it."""
    known = [place for place, part in enumerate(path) if emotions.canonical(part)]
    if known:
        return known[-1]
    return None if not path else len(path) - 1 if inner or len(path) < 2 else len(path) - 2


def _class_is_inner(levels: Sequence[Sequence[str]]) -> bool:
    """Whether, where no folder names an expression, the innermost one is the class, and not the one above it."""
    deep = [path for path in levels if len(path) >= 2]
    innermost, outer = {path[-1] for path in deep}, {path[-2] for path in deep}
    if not deep or not _are_numbered(innermost):
        return True
    return _are_numbered(outer) and (_are_codes(innermost) or not _are_codes(outer))


def _are_people(folders: dict[str, set[str]]) -> bool:
    """Whether folders on one level are people: called so, or three and more of which each has several classes."""
    if len(folders) < 2:
        return False
    if _are_numbered(folders):
        return any(len(classes) > 1 for classes in folders.values())
    return (
        len(folders) >= _MIN_PEOPLE
        and all(len(classes) > 1 for classes in folders.values())
        and not any(map(_has_number, folders))
    )


def _are_numbered(names: Iterable[str]) -> bool:
    return all(_PERSON.fullmatch(name) for name in names)


def _are_codes(names: Iterable[str]) -> bool:
    return all(name.isdecimal() and int(name) <= _LARGEST_CODE for name in names)


def _has_number(name: str) -> bool:
    """Whether a name such as ``batch1`` counts what is no person."""
    return any(letter.isdecimal() for letter in name)


def _some(names: Iterable[str]) -> str:
    known = sorted(names)
    return ", ".join(f"'{name}'" for name in known[:4]) + (f", ... ({len(known):,} in all)" if len(known) > 4 else "")
