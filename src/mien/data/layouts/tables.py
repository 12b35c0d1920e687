"""Tables of pixels in text: the CSV files of FER2013 in all their shapes, FER+ votes joined to them, and course tables."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import emotions
from mien.data.faceset import FaceSet, canonical_split
from mien.data.layouts import codes
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey, Table, split_of, split_rank, table_rows
from mien.data.reading import ReadOptions
from mien.errors import DataError

_ID_HEADS = ("id", "image_id", "index", "row_id", "")
_MIN_PIXELS = 64  # an 8x8 face; what is shorter is no column of pixels


@dataclass(frozen=True)
class Columns:
    """Where the cells of a table stand; a missing one is None."""

    pixels: int
    label: int | None = None
    usage: int | None = None
    id: int | None = None
    has_header: bool = True


@dataclass(frozen=True)
class Record:
    """One row as parsed: flat pixels, or the reason why it has none."""

    name: str
    raw_class: str | None
    split: str
    pixels: NDArray[np.uint8] | None
    reason: str = ""


def matches_fer2013(survey: Survey) -> bool:
    """Whether a table has the column names of FER2013: ``pixels`` beside ``emotion``, or alone."""
    return any(_is_fer2013(table) for table in survey.tables)


def matches_course(survey: Survey) -> bool:
    """Whether a table has two columns, one of them pixels."""
    return any(_columns(table) for table in survey.tables)


def read_fer2013(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read one table of FER2013, or those of a folder."""
    rows = Rows("fer2013-csv", survey.path, codes.FER2013)
    beside = survey.path.parent / "fer2013new.csv"
    if not survey.path.is_dir() and beside.exists():
        rows.notes.append(f"'{beside.name}' (FER+) lies beside it: give the folder, or votes=, to join its votes.")
    return _filled(rows, _all_records(survey, rows.notes), options)


def read_course(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read tables of two columns by position: a label (or an id where the row is unlabelled) and pixels."""
    notes: list[str] = []
    found = _all_records(survey, notes)
    met = {record.raw_class for record in found if record.raw_class is not None}
    name, code_map = codes.coding(met) or ("FER2013", codes.FER2013)
    rows = Rows("course-csv", survey.path, code_map)
    rows.notes += [f"The labels were taken for {name}'s codes: {codes.legend(code_map)}.", *notes]
    return _filled(rows, found, options)


def whole_table(tables: Iterable[Table]) -> tuple[Table, Columns] | None:
    """The table that holds all of FER2013: ``fer2013.csv``, or else another one that tells the splits of its rows."""
    found = [(table, columns) for table in tables if (columns := _columns(table)) and columns.usage is not None]
    return min(found, key=lambda pair: pair[0].path.name != "fer2013.csv", default=None)


def records(table: Table, columns: Columns, prefix: str = "") -> list[Record]:
    """All rows of a table, in order; ``prefix`` comes before the row numbers that are their names.

    Raises:
        DataError: the table is no text, or ends in the middle of a row.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # how numpy says that a text holds more than numbers
        parsed = [
            _record(cells, prefix + str(number), table, columns)
            for number, cells in enumerate(table_rows(table.path, columns.has_header))
        ]
    lengths = Counter(len(record.pixels) for record in parsed if record.pixels is not None)
    squares = [(count, length) for length, count in lengths.items() if math.isqrt(length) ** 2 == length]
    expected = max(squares)[1] if squares else 0
    checked = [_checked(record, expected) for record in parsed]
    if checked and checked[-1].reason and not _ends_with_newline(table.path):
        raise DataError(
            f"'{table.path}' ends in the middle of its row {len(checked):,}: it was cut off. Download or copy it again."
        )
    return checked


def square(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Flat pixels as a face: ``(H * H,)`` to ``(H, H)``."""
    side = math.isqrt(len(pixels))
    return pixels.reshape(side, side)


def _filled(rows: Rows, found: Iterable[Record], options: ReadOptions) -> FaceSet:
    for record in found:
        if record.pixels is None:
            rows.drop(record.name, record.reason)
        else:
            rows.add(record.name, square(record.pixels), record.raw_class, record.split)
    return rows.faceset(options.size, emotions.EMOTIONS)


def _all_records(survey: Survey, notes: list[str]) -> list[Record]:
    """The rows of a whole table alone, since the others of its folder repeat them; else those of all that hold pixels."""
    found = [(table, columns) for table in survey.tables if (columns := _columns(table))]
    if not found:
        problem = next((table.problem for table in survey.tables if table.problem), "")
        raise DataError(problem or f"'{survey.path}' holds no table with a column of pixels.")
    whole = whole_table(survey.tables)
    for table in survey.tables:
        if all(table is not other for other, _ in found):
            notes.append(f"'{table.path.name}' was not read: it holds no pixels.")
        elif whole is not None and table is not whole[0]:
            notes.append(f"'{table.path.name}' was not read: '{whole[0].path.name}' holds its rows too.")
    chosen = [whole] if whole else sorted(found, key=lambda pair: split_rank(pair[0].path))
    several = len(chosen) > 1
    return [
        record
        for table, columns in chosen
        for record in records(table, columns, f"{table.path.stem}/" if several else "")
    ]


def _is_fer2013(table: Table) -> bool:
    return "pixels" in table.header and ("emotion" in table.header or len(table.header) == 1)


def _columns(table: Table) -> Columns | None:
    """Where a table has its pixels and labels: by name in FER2013's own, else by position; None where it has none."""
    if _is_fer2013(table):
        return Columns(table.header.index("pixels"), table.column("emotion"), table.column("usage"))
    if len(table.header) != 2:
        return None
    has_header = not any(_looks_like_pixels(cell) for cell in table.header)
    sample = table.first if has_header else table.header
    pixels = next((place for place, cell in enumerate(sample) if _looks_like_pixels(cell)), None)
    if pixels is None:
        return None
    other = 1 - pixels
    is_id = table.header[other] in _ID_HEADS if has_header else (split_of(table.path) or "").endswith("test")
    return Columns(pixels, None if is_id else other, None, other if is_id else None, has_header)


def _looks_like_pixels(cell: str) -> bool:
    words = cell.split()
    return len(words) >= _MIN_PIXELS and all(word.isdecimal() for word in words[:_MIN_PIXELS])


def _record(cells: list[str], name: str, table: Table, columns: Columns) -> Record:
    places = (columns.pixels, columns.label, columns.usage, columns.id)
    needed = 1 + max(place for place in places if place is not None)
    if len(cells) < needed:
        return Record(name, None, "", None, f"it has {len(cells)} columns instead of {needed}")
    if columns.id is not None:
        name = cells[columns.id].strip()
    raw_class = None if columns.label is None else codes.plain(cells[columns.label])
    split = split_of(table.path) or ("test" if columns.label is None else "train")
    if columns.usage is not None:
        usage = cells[columns.usage]
        split = canonical_split(usage) or ""
        if not split:
            return Record(name, raw_class, "", None, f"unknown Usage '{usage}'")
    pixels = _pixels(cells[columns.pixels])
    if isinstance(pixels, str):
        return Record(name, raw_class, split, None, pixels)
    return Record(name, raw_class, split, pixels)


def _pixels(text: str) -> NDArray[np.uint8] | str:
    """The numbers in a text, or why they are no pixels. numpy's parser takes a quarter of the time of ``map(int, …)``."""
    if not text.strip():
        return "it has no pixels"
    try:
        values = np.fromstring(text, np.int64, sep=" ")
    except (DeprecationWarning, ValueError):
        word = next((word for word in text.split() if not word.lstrip("-").isdecimal()), text[:20])
        return f"'{word}' is no whole number"
    if values.min() < 0 or values.max() > 255:
        outside = values[(values < 0) | (values > 255)][0]
        return f"pixel value {outside} lies outside 0..255"
    return values.astype(np.uint8)


def _checked(record: Record, expected: int) -> Record:
    if record.pixels is None or len(record.pixels) == expected:
        return record
    wanted = f"instead of {expected:,}" if expected else "and no face of H x H has so many"
    return replace(record, pixels=None, reason=f"it has {len(record.pixels):,} pixels {wanted}")


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) in b"\r\n"
