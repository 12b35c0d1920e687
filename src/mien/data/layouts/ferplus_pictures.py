"""FER+ as written by its official program: folders of pictures with a ``label.csv`` of name, box and the votes of ten annotators."""

from __future__ import annotations

import re

from mien.data.faceset import FaceSet
from mien.data.layouts.columns import is_number, majority, shared
from mien.data.layouts.pictures import Pictures
from mien.data.layouts.rows import Crop, Rows
from mien.data.layouts.survey import Survey, Table, split_rank
from mien.data.reading import ReadOptions
from mien.errors import DataError

VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
"""The columns after name and box, in order; NF is no face."""

_BOX = re.compile(r"\((\d+), *(\d+), *(\d+), *(\d+)\)")
_WIDTH = 2 + len(VOTES)


def matches(survey: Survey) -> bool:
    """Whether a table has rows such as ``fer0000000.png,"(0, 0, 48, 48)",4,0,0,1,3,2,0,0,0,0``."""
    return any(map(_is_label_table, survey.tables))


def read(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read the tables and the pictures beside them; the class of a face is the one with most votes.

    Raises:
        DataError: there is no such table, or no row is usable.
    """
    tables = sorted(filter(_is_label_table, survey.tables), key=lambda table: split_rank(table.path))
    if not tables:
        raise DataError(f"'{survey.path}' holds no table label.csv of FER+ (name, box and ten columns of votes).")
    pictures = Pictures(survey.with_pictures())
    rows = Rows("ferplus-pictures", survey.path)
    rows.notes.append("The class of each face is the one with most of its votes in FER+.")
    for table in tables:
        for cells in table.rows():
            _add(rows, pictures, table, cells)
    pictures.note_unlisted(rows)
    return rows.faceset(options.size)


def _is_label_table(table: Table) -> bool:
    cells = table.first
    return (
        not table.header and len(cells) == _WIDTH and bool(_BOX.fullmatch(cells[1])) and all(map(is_number, cells[2:]))
    )


def _add(rows: Rows, pictures: Pictures, table: Table, cells: list[str]) -> None:
    name = cells[0].strip()
    box = _BOX.fullmatch(cells[1].strip()) if len(cells) == _WIDTH else None
    if box is None or not all(map(is_number, cells[2:])):
        rows.drop(name, "its line is not a name, a box and ten numbers of votes")
        return
    votes = dict(zip(VOTES, map(float, cells[2:]), strict=True))
    raw_class, problem = majority(votes)
    found = pictures.find(name, beside=table.path.parent)
    if problem or raw_class is None:
        rows.drop(name, problem or "nobody voted for it")
    elif found is None:
        rows.drop(name, pictures.problem(name))
    else:
        left, top, right, bottom = map(float, box.groups())
        crop = Crop(found, (left, top, right, bottom), exact=True)
        rows.add(name, crop, raw_class, table.split or "train", votes=shared(votes))
