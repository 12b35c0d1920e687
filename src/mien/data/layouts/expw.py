"""ExpW (Expression in the Wild): photos, and ``label.lst`` with a box and a code for each face in them."""

from __future__ import annotations

from mien.data.faceset import FaceSet
from mien.data.layouts import codes
from mien.data.layouts.columns import is_number
from mien.data.layouts.pictures import Pictures
from mien.data.layouts.rows import Crop, Rows
from mien.data.layouts.survey import Survey, Table
from mien.data.reading import ReadOptions
from mien.errors import DataError

_WIDTH = 8  # name, number of the face in it, top, left, right, bottom, confidence, code


def matches(survey: Survey) -> bool:
    """Whether a list has rows such as ``angry_actor_104.jpg 0 28 113 226 141 22.9362 0``."""
    return any(map(_is_list, survey.tables))


def read(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read the list, and crop each face to the square around its box.

    Raises:
        DataError: there is no such list, or no row is usable.
    """
    lists = [table for table in survey.tables if _is_list(table)]
    if not lists:
        raise DataError(f"'{survey.path}' holds no list of ExpW (label.lst).")
    pictures = Pictures(survey.with_pictures())
    rows = Rows("expw", survey.path, coding=codes.FER2013.of_layout)
    for table in lists:
        for cells in table.rows():
            name = f"{cells[0]}#{cells[1]}" if len(cells) > 1 else cells[0]
            found = pictures.find(cells[0])
            if len(cells) != _WIDTH or not all(map(is_number, cells[1:])):
                rows.drop(name, "its line is not a name and seven numbers")
            elif found is None:
                rows.drop(name, pictures.problem(cells[0]))
            else:
                top, left, right, bottom = map(float, cells[2:6])
                rows.add(name, Crop(found, (left, top, right, bottom)), codes.plain(cells[7]), table.split or "train")
    pictures.note_unlisted(rows)
    return rows.faceset(options.size)


def _is_list(table: Table) -> bool:
    return (
        not table.header
        and len(table.first) == _WIDTH
        and not is_number(table.first[0])
        and all(map(is_number, table.first[1:]))
    )
