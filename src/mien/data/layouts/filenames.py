"""Pictures with classes in their file names: ``happy_001.png``, ``12-sad.jpg``, with or without folders of splits or persons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mien import emotions
from mien.data.faceset import FaceSet
from mien.data.layouts import folders, trees
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey
from mien.data.reading import ReadOptions

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_NEGATIONS = ("not", "non", "no", "un")
_MIN_LETTERS = 3  # "an" and "sa" are too often something else
_MIN_SHARE = 0.8  # of the pictures that name one expression each
_TOO_FEW = 2


def expression_in(picture: Path) -> str | None:
    """The only expression in a picture's name, as written there; None if there is none or several."""
    words = [word for word in _WORD.findall(picture.stem) if len(word) >= _MIN_LETTERS]
    found = {name: word for word in reversed(words) if (name := emotions.canonical(word))}
    is_negated = any(word.lower() in _NEGATIONS for word in _WORD.findall(picture.stem))
    return next(iter(found.values())) if len(found) == 1 and not is_negated else None


def matches(survey: Survey) -> bool:
    """Whether most pictures have one expression in their name, and there are two or more expressions."""
    if not survey.path.is_dir():
        return False
    found = [name for _, name in _named(survey) if name]
    return len(found) >= _MIN_SHARE * len(survey.pictures) and len(set(map(emotions.canonical, found))) >= _TOO_FEW


def read(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read pictures by the expressions in their names; folders set splits and persons.

    Raises:
        DataError: no picture is usable.
    """
    rows = Rows("file-names", survey.path)
    rows.notes.append("The classes are the expressions in the names of the pictures.")
    folders.note_others(rows, survey)
    # A picture in folders is treated as if a folder of its class were the innermost one.
    tree = trees.look(f"{survey.relative(picture.parent)}/{name}/x" for picture, name in _named(survey) if name)
    rows.notes += tree.notes
    for picture, name in _named(survey):
        relative = survey.relative(picture)
        if name is None:
            rows.drop(relative, "its name has no expression, or several")
        else:
            rows.add(relative, picture, name, folders.split_in(survey, relative), subject=tree.person(relative))
    return rows.faceset(options.size)


def _named(survey: Survey) -> Iterator[tuple[Path, str | None]]:
    return ((picture, expression_in(picture)) for picture in survey.pictures)
