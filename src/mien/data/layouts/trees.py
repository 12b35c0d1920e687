"""Folder trees with more levels than classes: which folders are persons, and which are unknown."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath

from mien import emotions
from mien.data.faceset import canonical_split

_CALLED_PERSON = re.compile(
    r"(subject|subj|sub|person|people|participant|actor|actress|speaker|user|id|identity|male|female)[ _.\-]*[a-z]?\d+[a-z]?",
    re.IGNORECASE,
)
_PERSON = re.compile(rf"{_CALLED_PERSON.pattern}|[a-z]{{0,2}}[ _.\-]?\d{{1,6}}[a-z]?", re.IGNORECASE)
# Batch1, session 02.
_SERIES = re.compile(r"(?!class|emotion|expression|label|category)(\D*?)[ _.\-]*\d+", re.IGNORECASE)
_STATES = (
    "amused anxious anxiety attentive awake awe blink bored boredom calm closed concentrated concentrating confused confusion content"
    " distracted drowsy embarrassed engaged engagement excited excitement frown frustrated frustration focused interested irritated"
    " laugh laughing love negative nervous open other pain painful positive pride proud relaxed serious shame shy sleepy sleeping smile"
    " smiling stress stressed talking tense thinking tired yawn yawning"
)
"""Words for what faces show, beside the expressions: they tell a folder of a class from one that is called after a person."""

_LARGEST_CODE = 10  # AffectNet's; larger numbers are no classes
_MIN_PEOPLE = 3  # fewer folders without numbers may be sources as well as people

Folders = tuple[str, ...]
"""The folders of a picture, outermost first."""


@dataclass(frozen=True)
class Tree:
    """The meaning of the folders above and below those of the classes.

    Attributes:
        people: names of folders that are persons, each with pictures of several classes.
        unknown: names of folders above the classes that are neither persons nor splits.
        classes: the class of each path of folders, if one of them is a class.
    """

    people: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()
    classes: Mapping[Folders, str] = field(default_factory=dict, compare=False)

    def class_of(self, name: str) -> str | None:
        """The class of a picture, by its name relative to the folder of the data."""
        return self.classes.get(folders_of(name))

    def person(self, name: str) -> str | None:
        """The person in a picture, by its name relative to the folder of the data."""
        return next((part for part in folders_of(name) if part in self.people), None)

    @property
    def notes(self) -> list[str]:
        """Notes on persons and on unknown folders, if there are some."""
        lines = []
        if self.people:
            lines.append(f"The folders {_some(self.people)} beside the classes are read as people.")
        if self.unknown:
            lines.append(
                f"The folders {_some(self.unknown)} above the classes name no split (train, valid, test);"
                " their rows are read as training rows."
            )
        return lines


def folders_of(name: str) -> Folders:
    """The folders in the name of a picture, which has forward slashes."""
    return _parts(name.rpartition("/")[0])


@lru_cache(maxsize=4096)  # many pictures are in few folders
def _parts(folder: str) -> Folders:
    return PurePosixPath(folder).parts


def look(names: Iterable[str]) -> Tree:
    """Determine the meaning of the folders of pictures.

    Args:
        names: the pictures, relative to the folder of the data, with forward slashes.
    """
    paths = set(map(folders_of, names))
    levels = {path: tuple(part for part in path if canonical_split(part) is None) for path in paths}
    by_depth: dict[int, list[Folders]] = defaultdict(list)
    for path, level in levels.items():
        by_depth[len(level)] += [path] if level else []
    classes: dict[Folders, str] = {}
    beside: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))  # by distance from the class
    beside_splits = set()  # those right above a class without a split, where others have one
    for depth, members in by_depth.items():
        columns = list(zip(*(levels[path] for path in members), strict=True))
        place = _class_place(columns)
        for path in members:
            level = levels[path]
            classes[path] = level[place]
            for other in range(depth):
                if other != place and (abs(other - place) == 1 or len(set(columns[other])) > 1):
                    beside[other - place][level[other]].add(level[place])
            beside_splits |= {level[place - 1]} if place > 0 and level == path else set()
    people = {name for folders in beside.values() if _are_people(folders) for name in folders}
    others = {name for distance, folders in beside.items() if distance < 0 for name in folders} - people
    if len(others) == 1:  # a folder around all, unless it stands beside those of splits
        others = others & beside_splits if any(level != path for path, level in levels.items()) else set()
    return Tree(frozenset(people), tuple(sorted(others)), classes)


def are_called_people(names: Iterable[str]) -> bool:
    """Whether all names are those of persons: ``subject01``, ``Actor_2``."""
    return all(_CALLED_PERSON.fullmatch(name) for name in names)


def _class_place(columns: Sequence[Sequence[str]]) -> int:
    """The level of folders that is that of the classes, for paths of the same depth.

    It is the level whose names are expressions, otherwise the one whose names are words and not numbered persons or batches,
    otherwise the innermost one of small numbers, otherwise the innermost one.
    """
    names = [set(column) for column in columns]
    known = [sum(emotions.canonical(name) is not None for name in level) for level in names]
    expressions = [
        place
        for place, level in enumerate(names)
        if 2 * known[place] >= len(level) and (known[place] > 1 or (known[place] == 1 == len(level)))
    ]
    if expressions:
        return max(expressions, key=lambda place: (known[place], place))
    varied = [place for place, level in enumerate(names) if len(level) > 1]
    words = [place for place in varied if not _are_numbered(names[place]) and not _are_series(names[place])]
    if words:
        return max(words, key=lambda place: (sum(map(_is_state, names[place])), place))
    codes = [place for place in varied if _are_codes(names[place])]
    return codes[-1] if codes else len(columns) - 1


def _is_state(name: str) -> bool:
    """Whether a name says what a face shows: an expression or another state, perhaps numbered, or negated as in ``not_smiling``."""
    return emotions.canonical(name) is not None or any(
        word in _STATES.split() for word in re.split(r"[\W\d_]+", name.lower())
    )


def _are_series(names: Collection[str]) -> bool:
    """Whether names differ in a number alone, such as ``batch1`` and ``batch2``."""
    stems = [match[1].lower() if (match := _SERIES.fullmatch(name)) else None for name in names]
    return None not in stems and len(set(stems)) == 1


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
