"""Predictions of any package, read from a table: a column of names, and a column for each class or one of answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from mien import emotions
from mien.data.faceset import FaceSet
from mien.data.layouts.columns import is_number, roles
from mien.data.layouts.survey import LIST_SUFFIXES, TABLE_SUFFIXES, Table, tables_in
from mien.errors import DataError
from mien.words import agreed, counted

SUFFIXES = (*TABLE_SUFFIXES, *LIST_SUFFIXES, ".json")
"""The endings of files that are read as predictions."""

SUM_TOLERANCE = 0.05
"""How far a row's sum may lie from 1: probabilities are often rounded in text. Each row is then divided by its sum."""

_PROBABILITY = re.compile(r"(?:p|prob|proba|probability|score|confidence)[ _.:(-]+(?P<name>.+?)\)?")
_ANSWER = re.compile(r"(pred(icted|iction)?|answer|output|top[ _]?1)([ _.-]*(label|class|emotion|expression|name))?s?")


@dataclass(frozen=True, eq=False)
class PredictionFile:
    """What a table of predictions says of given rows.

    Attributes:
        classes: the classes that it has columns for or answers, as the data calls them.
        answers: ``(N,)`` the answer for each row, as places in ``classes``.
        probabilities: ``(N, K)``, each row summing to 1; None where the file has answers alone.
        num_others: how many of its rows are about other names.
    """

    classes: tuple[str, ...]
    answers: NDArray[np.int64]
    probabilities: NDArray[np.float32] | None
    num_others: int


def is_prediction_file(path: str) -> bool:
    """Whether a path has the ending of a table."""
    return Path(path).suffix.lower() in SUFFIXES


def read(path: Path, faces: FaceSet) -> PredictionFile:
    """Read the predictions for rows of a data set.

    The column of names is the one whose cells name most of the rows: as the data does, by file name, or by file name without
    its ending. Columns of probabilities are headed by classes, as they are (``happy``) or as in ``p_happy``.

    Args:
        path: a table: CSV, TSV, JSON Lines, JSON, or a workbook.
        faces: the labelled rows, found by their names.

    Raises:
        DataError: the file can't be read; rows are missing or doubled; or what it says is no prediction of these classes.
    """
    names, classes = faces.names.tolist(), faces.classes
    if not path.exists():
        raise DataError(f"'{path}' doesn't exist: check the spelling of the path.")
    table = next((table for table in tables_in(path) if table.width > 1), Table(path))
    if table.problem or table.width < 2:
        reason = table.problem or f"'{path}' is no table of two columns or more."
        raise DataError(f"No predictions can be read: {reason}")
    rows = [[*cells, *[""] * (table.width - len(cells))] for cells in table.rows()]
    columns = [[row[place].strip() for row in rows] for place in range(table.width)]
    key_column, places = _matched(path, columns, names)
    by_class = _class_columns(table, columns, key_column, classes)
    if len(by_class) > 1:
        _check_columns(path, by_class, faces)
        probabilities = _probabilities(path, [columns[place] for place in by_class.values()], places, names)
        answers = probabilities.argmax(1).astype(np.int64)
        return PredictionFile(tuple(by_class), answers, probabilities, len(rows) - len(names))
    cells = [columns[_answer_column(path, table, key_column)][place] for place in places]
    named = [_named(cell, classes) for cell in cells]
    unknown = Counter(cell for cell, name in zip(cells, named, strict=True) if name is None)
    if unknown:
        shown = ", ".join(f"'{cell}'" for cell, _ in unknown.most_common(3))
        raise DataError(
            f"'{path}' answers with {shown} in {counted(unknown.total(), 'row')}, which {agreed(len(unknown), 'is no class', 'are no classes')} of the data "
            f"({', '.join(classes)}): write the names of classes."
        )
    met = emotions.in_order({name for name in named if name is not None})
    codes = np.array([met.index(name) for name in named if name is not None], np.int64)
    return PredictionFile(met, codes, None, len(rows) - len(names))


def _last_part(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name


def _stem(name: str) -> str:
    return PurePosixPath(_last_part(name)).stem


_KEYS: tuple[Callable[[str], str], ...] = (str, _last_part, _stem)
"""How a cell may name a row, in the order in which they are tried."""


def _matched(path: Path, columns: Sequence[Sequence[str]], names: Sequence[str]) -> tuple[int, list[int]]:
    """The column of names, and for each row of the data the row of the table."""
    if doubled := [name for name, count in Counter(names).items() if count > 1]:
        raise DataError(
            f"{counted(len(doubled), 'name')} of the data's rows {agreed(len(doubled), 'stands', 'stand')} for several rows, such as "
            f"'{doubled[0]}', so '{path}' can't be matched by name."
        )
    best: tuple[int, int, Callable[[str], str]] = (0, -1, str)
    for key in _KEYS:
        wanted = {key(name) for name in names}
        if len(wanted) < len(names):
            continue
        for place, cells in enumerate(columns):
            found = len(wanted & {key(cell) for cell in cells})
            if found > best[0]:
                best = found, place, key
    _, place, key = best
    if place < 0:
        raise DataError(
            f"No column of '{path}' names rows of the data, such as '{names[0]}': give a column of their names or file names."
        )
    rows_of: dict[str, list[int]] = {}
    for row, cell in enumerate(columns[place]):
        rows_of.setdefault(key(cell), []).append(row)
    lacking = [name for name in names if key(name) not in rows_of]
    if lacking:
        raise DataError(
            f"'{path}' lacks predictions for {len(lacking):,} of {counted(len(names), 'row')}, such as '{lacking[0]}'."
        )
    several = [name for name in names if len(rows_of[key(name)]) > 1]
    if several:
        raise DataError(
            f"'{path}' has several predictions for {counted(len(several), 'row')}, such as '{several[0]}': leave one for each."
        )
    return place, [rows_of[key(name)][0] for name in names]


def _named(text: str, classes: Sequence[str]) -> str | None:
    """The class that a text stands for: one of the data's, or an expression that mien knows."""
    plain = text.strip().casefold()
    own = next((name for name in classes if name.casefold() == plain), None)
    return own or emotions.canonical(text)


def _class_columns(
    table: Table, columns: Sequence[Sequence[str]], key_column: int, classes: Sequence[str]
) -> Mapping[str, int]:
    """Each class that has a column of numbers, with the column's place."""
    found: dict[str, int] = {}
    for place, head in enumerate(table.header):
        inner = _PROBABILITY.fullmatch(head)
        name = _named(head, classes) or (_named(inner["name"], classes) if inner else None)
        if place != key_column and name is not None and all(is_number(cell) for cell in columns[place] if cell):
            found.setdefault(name, place)
    return found


def _check_columns(path: Path, by_class: Collection[str], faces: FaceSet) -> None:
    """Refuse probabilities that lack a class which rows have."""
    counts = zip(faces.classes, faces.counts().tolist(), strict=True)
    lacking = [f"{name} ({counted(count, 'row')})" for name, count in counts if count and name not in by_class]
    if lacking:
        raise DataError(
            f"'{path}' has no column for {', '.join(lacking)}: it has {', '.join(by_class)}. Leave classes out with --drop CLASS, "
            "or rename them with --map CLASS=NAME."
        )


def _probabilities(
    path: Path, columns: Sequence[Sequence[str]], places: Sequence[int], names: Sequence[str]
) -> NDArray[np.float32]:
    cells = [[column[place] for column in columns] for place in places]
    blank = [name for name, row in zip(names, cells, strict=True) if not all(row)]
    if blank:
        raise DataError(
            f"'{path}' has blank probabilities for {len(blank):,} of {counted(len(names), 'row')}, such as '{blank[0]}'."
        )
    values = np.array(cells, np.float64)
    sums = values.sum(1)
    wrong = np.flatnonzero((np.abs(sums - 1) > SUM_TOLERANCE) | (values < 0).any(1) | ~np.isfinite(sums))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"The probabilities in '{path}' must be 0 or more and sum to 1 in each row, and do not in {counted(len(wrong), 'row')}: "
            f"those of '{names[row]}' sum to {sums[row]:.4g}, the lowest is {values[row].min():.4g}."
        )
    shares: NDArray[np.float32] = (values / sums[:, None]).astype(np.float32)
    return shares


def _answer_column(path: Path, table: Table, key_column: int) -> int:
    others = [place for place in range(table.width) if place != key_column]
    said = next((place for place in others if table.header and _ANSWER.fullmatch(table.header[place])), None)
    if said is None:
        found = roles(table.header or ("",) * table.width, table.sample).label
        said = found if found in others else others[0] if len(others) == 1 else None
    if said is None:
        heads = ", ".join(table.header) or "no head"
        raise DataError(
            f"'{path}' has neither a column for each class nor one of answers: it has {heads}; call them by the classes, or 'label'."
        )
    return said
