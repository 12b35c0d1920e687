"""Text tables of pixels: the CSV files of FER2013 in all their forms, joined FER+ votes, and course tables."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import emotions
from mien.data.faceset import FaceSet, canonical_split
from mien.data.layouts import codes, delimited, pixels
from mien.data.layouts.columns import Labelling, Roles, is_number, roles
from mien.data.layouts.delimited import MIN_PIXELS
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey, Table, split_of, split_rank
from mien.data.reading import ReadOptions
from mien.errors import DataError
from mien.words import counted

_ROW_NUMBERS = ("", "unnamed: 0", "row_id")  # how data frames head the column of their row numbers
_LARGEST_CODE = 10  # AffectNet's; what is larger is a pixel


@dataclass(frozen=True)
class Columns:
    """The positions of the columns of a table.

    Attributes:
        pixels: index of the first column of pixels.
        behind: number of columns after the pixels, which take all between: one cell, or one per pixel.
        roles: roles of the other columns, counted without those of pixels.
        order: the columns of pixels in the order of the numbers in their headers; empty if they are in order.
    """

    pixels: int
    behind: int
    roles: Roles
    order: tuple[int, ...] = ()

    def divide(self, cells: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
        """The cells of pixels, and the others."""
        end = len(cells) - self.behind
        own = cells[self.pixels : end]
        if len(own) == len(self.order):
            own = [own[place] for place in self.order]
        return own, [*cells[: self.pixels], *cells[end:]]

    def keeping(self, table: Table, names: Sequence[str]) -> Columns:
        """The same, with further columns by name."""
        return replace(self, roles=self.roles.keeping(self.divide(table.header)[1], names)) if names else self


@dataclass(frozen=True)
class Record:
    """One row as parsed: a face, or the reason why it has none."""

    name: str
    raw_class: str | None
    split: str
    face: NDArray[np.uint8] | None
    reason: str = ""
    given_split: str | None = None
    subject: str | None = None
    votes: dict[str, float] | None = None
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Parsed:
    """One row before it is known how the values of its table lie: flat pixels, or the reason why it has none."""

    name: str
    labelling: Labelling
    split: str
    values: pixels.Flat | str


def matches_fer2013(survey: Survey) -> bool:
    """Whether a table has the column names of FER2013: ``pixels`` beside ``emotion``, or alone."""
    return any(_is_fer2013(table) for table in survey.tables)


def matches_course(survey: Survey) -> bool:
    """Whether a table has two columns, one of them pixels."""
    return any(_columns(table) for table in survey.tables)


def read_fer2013(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read one table of FER2013, or those of a folder."""
    notes: list[str] = []
    found = _all_records(survey, notes, options.columns)
    has_usage = any(table.column("usage") is not None for table in survey.tables)
    rows = Rows("fer2013-csv", survey.path, coding=codes.SAID_BY_COLUMNS if has_usage else None)
    rows.notes += notes
    beside = survey.path.parent / "fer2013new.csv"
    if not survey.path.is_dir() and beside.exists():
        rows.notes.append(f"'{beside.name}' (FER+) is beside it: name the folder, or votes=, to join its votes.")
    return _filled(rows, found, survey, options)


def read_course(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read tables of two columns by position: a label (or an id if the row is unlabelled) and pixels."""
    notes: list[str] = []
    found = _all_records(survey, notes, options.columns)
    rows = Rows("course-csv", survey.path)
    rows.notes += notes
    return _filled(rows, found, survey, options)


def whole_table(tables: Iterable[Table]) -> tuple[Table, Columns] | None:
    """The table with all of FER2013: ``fer2013.csv``, otherwise another one with splits."""
    found = [(table, columns) for table in tables if (columns := _columns(table)) and columns.roles.split is not None]
    return min(found, key=lambda pair: pair[0].path.name != "fer2013.csv", default=None)


def records(table: Table, columns: Columns, notes: list[str], prefix: str = "") -> list[Record]:
    """All rows of a table, in order; ``prefix`` precedes the row numbers that are their names.

    Raises:
        DataError: the table is not text, or is truncated.
    """
    parsed = [_parsed(cells, prefix + str(number), table, columns) for number, cells in enumerate(table.rows())]
    faces = [row.values for row in parsed if not isinstance(row.values, str)]
    common, shapes = pixels.most_common(faces), pixels.shapes(faces)
    in_units = [face for face in faces if face.dtype != np.uint8]
    scaled = 2 * len(in_units) > len(faces)
    found = [_record(row, shapes, common, scaled) for row in parsed]
    last = parsed[-1] if parsed else None
    is_odd = last is not None and (
        found[-1].face is None
        or len(last.values) != common
        or (last.labelling.split is not None and canonical_split(last.labelling.split) is None)
    )
    if is_odd and is_cut(table.path):
        raise DataError(
            f"'{table.path}' ends in the middle of its row {len(parsed):,}: it is truncated. Download or copy it again."
        )
    reordered = (
        f"In '{table.path.name}' the columns of pixels were put in the order of their numbers." if columns.order else ""
    )
    notes += [
        note
        for note in (table.note, columns.roles.note, reordered, _about_values(shapes, faces, table, scaled))
        if note
    ]
    return found


def is_cut(path: Path) -> bool:
    """Whether a text file ends without a line end, like a truncated one."""
    if path.suffix.lower() not in (".csv", ".tsv", ".txt", ".lst", ""):
        return False
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) not in b"\r\n"


def _filled(rows: Rows, found: Sequence[Record], survey: Survey, options: ReadOptions) -> FaceSet:
    rows.columns = tuple(dict.fromkeys(head for table in survey.tables for head in _heads(table)))
    for record in found:
        if record.face is None:
            rows.drop(record.name, record.reason)
        else:
            rows.add(
                record.name,
                record.face,
                record.raw_class,
                record.split,
                given_split=record.given_split,
                subject=record.subject,
                votes=record.votes,
                groups=record.groups,
            )
    names = {record.raw_class for record in found if record.raw_class is not None}
    seven = all(emotions.canonical(name) in emotions.EMOTIONS for name in names)
    return rows.faceset(options.size, emotions.EMOTIONS if seven else None)


def _all_records(survey: Survey, notes: list[str], wanted: Sequence[str]) -> list[Record]:
    """The rows of a complete table alone, as other tables of its folder repeat them; otherwise those of all tables with pixels."""
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
        for record in records(table, columns.keeping(table, wanted), notes, f"{table.path.stem}/" if several else "")
    ]


def _heads(table: Table) -> Sequence[str]:
    """The headers that are neither those of pixels nor that of the class."""
    columns = _columns(table)
    if columns is None or not table.header:
        return ()
    heads = columns.divide(table.header)[1]
    return [head for place, head in enumerate(heads) if head and place != columns.roles.label]


def _is_fer2013(table: Table) -> bool:
    return "pixels" in table.header and ("emotion" in table.header or len(table.header) == 1)


def _columns(table: Table) -> Columns | None:
    """Where a table has its pixels, by the look of its first row, and all else, by name or by position."""
    block = _block(table)
    if block is None:
        return None
    bare = Columns(*block, Roles())
    _, header = bare.divide(table.header or ("",) * len(table.first))
    sample = [bare.divide(row)[1] for row in table.sample]
    found = roles(header, sample)
    rest = [place for place in range(len(header)) if place not in (found.path, found.label, found.split, found.subject)]
    if found.path is None and table.header:
        number = next((place for place in rest if header[place] in _ROW_NUMBERS), None)
        found, rest = replace(found, path=number), [place for place in rest if place != number]
    # A test table without names of columns has row numbers where others have labels.
    is_test = not table.header and (split_of(table.path) or "").endswith("test")
    if not found.is_labelled and rest and (len(header) == 1 or not table.header):
        found = replace(found, path=rest[0]) if is_test else replace(found, label=rest[-1])
    return replace(bare, roles=found, order=pixels.order(bare.divide(table.header)[0]))


def _block(table: Table) -> tuple[int, int] | None:
    """The first column of pixels, and how many columns follow them."""
    width = len(table.header)
    if "pixels" in table.header:
        return table.header.index("pixels"), width - 1 - table.header.index("pixels")
    one = next((place for place, cell in enumerate(table.first) if delimited.looks_like_pixels(cell)), None)
    if one is not None:
        return one, len(table.first) - 1 - one
    return _wide_block(table) if len(table.first) >= MIN_PIXELS else None


def _wide_block(table: Table) -> tuple[int, int] | None:
    """The same where each pixel has a cell of its own."""
    found = roles(table.header, table.sample[:3])
    named = {found.path, found.label, found.split, found.subject, *(place for place, _ in (*found.votes, *found.flags))}
    width = len(table.header)
    if 0 < width < len(table.first):  # commas without quotes between pixels, below a head that has one column for them
        unnamed = [place for place in range(width) if place not in named]
        return (unnamed[0], width - 1 - unnamed[0]) if len(unnamed) == 1 else None
    numeric = [is_number(cell) and place not in named for place, cell in enumerate(table.first)]
    runs = [(len(list(run)), is_run) for is_run, run in itertools.groupby(numeric)]
    longest = max((length for length, is_run in runs if is_run), default=0)
    if longest < MIN_PIXELS:
        return None
    first = sum(length for length, _ in itertools.takewhile(lambda run: run != (longest, True), runs))
    behind = len(table.first) - first - longest
    if not pixels.is_face(longest) and pixels.is_face(longest - 1):  # a label or an id beside them is a number too
        at_end = _is_code(table.first[first + longest - 1]) and not _is_code(table.first[first])
        return (first, behind + 1) if at_end else (first + 1, behind)
    return first, behind


def _is_code(cell: str) -> bool:
    return cell.isdecimal() and int(cell) <= _LARGEST_CODE


def _parsed(cells: list[str], name: str, table: Table, columns: Columns) -> _Parsed:
    faces, others = columns.divide(cells)
    labelling = columns.roles.read(others)
    expected = columns.roles.num_cells + 1
    if not faces or labelling.problem.startswith("it has "):
        reason = f"it has {len(cells)} columns instead of {max(expected, table.width)}"
        return _Parsed(name, labelling, "", reason)
    if columns.roles.path is not None:
        name = others[columns.roles.path].strip()
    split = split_of(table.path) or ("train" if columns.roles.is_labelled else "test")
    return _Parsed(name, labelling, split, labelling.problem or pixels.parse(" ".join(faces)))


def _record(row: _Parsed, shapes: dict[int, pixels.Shape], common: int, scaled: bool) -> Record:
    values = row.values
    if not isinstance(values, str):
        values = _checked(values, shapes, common, scaled)
    said = row.labelling
    if isinstance(values, str):
        return Record(row.name, said.raw_class, row.split, None, values, said.split)
    face = pixels.square(values, shapes[len(values)])
    code = None if said.raw_class is None else codes.plain(said.raw_class)
    return Record(row.name, code, row.split, face, "", said.split, said.subject, said.votes, said.groups)


def _checked(values: pixels.Flat, shapes: dict[int, pixels.Shape], common: int, scaled: bool) -> pixels.Flat | str:
    """The values as those of their table are meant, or why they are none of its faces."""
    if len(values) not in shapes:
        wanted = f"instead of {common:,}" if common else "and no face of H x H has so many"
        return f"it has {len(values):,} pixels {wanted}"
    if scaled:
        return "it has pixels from 0 to 255 among rows from 0 to 1" if values.max() > 1 else values.astype(np.float64)
    if values.dtype != np.uint8:
        return f"'{values[values != np.floor(values)][0]:g}' is no whole number"
    return values


def _about_values(shapes: dict[int, pixels.Shape], faces: Sequence[pixels.Flat], table: Table, scaled: bool) -> str:
    """A note on the conversion of values; empty if they are gray from 0 to 255."""
    colours = sum(len(face) in shapes and shapes[len(face)].channels > 1 for face in faces)
    parts = [f"{counted(colours, 'face has', 'faces have')} colours, which were turned to gray"] if colours else []
    parts += ["the values lie in 0..1 and were multiplied by 255"] if scaled else []
    return f"In '{table.path.name}' {' and '.join(parts)}." if parts else ""
