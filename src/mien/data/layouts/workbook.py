"""The sheets of an Excel workbook (.xlsx) as tables."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mien.errors import DataError, MissingExtraError

MAX_BYTES = 2**31
"""Maximum unpacked size of a workbook, in bytes."""

_SAMPLE_ROWS = 50


def sheets(path: Path) -> list[tuple[str, list[list[str]]]]:
    """The name and the first rows of each sheet that has any.

    Raises:
        DataError: it is damaged, or too large.
        MissingExtraError: openpyxl isn't installed.
    """
    with _open(path) as book:
        found = [(sheet.title, list(itertools.islice(_rows(sheet), _SAMPLE_ROWS + 1))) for sheet in book.worksheets]
    return [(title, first) for title, first in found if first]


def rows(path: Path, title: str) -> Iterator[list[str]]:
    """All rows of a sheet, without blank ones.

    Raises:
        DataError: it is damaged, or too large.
    """
    with _open(path) as book:
        yield from _rows(book[title])


def _rows(sheet: Any) -> Iterator[list[str]]:
    for row in sheet.iter_rows(values_only=True):
        cells = [_text(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield cells


def _text(value: Any) -> str:
    if value is None:
        return ""
    # Excel has no integers.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    """The workbook; all errors become one clear message."""
    try:
        import openpyxl
    except ImportError:
        raise MissingExtraError("openpyxl", "formats") from None
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                raise DataError(f"'{path}' unpacks to more than {MAX_BYTES:,} bytes: save the table as CSV.")
        with path.open("rb") as file:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            try:
                yield book
            finally:
                book.close()
    except (DataError, GeneratorExit):
        raise
    except Exception as error:  # a damaged workbook may raise errors of zip, XML, numbers or dates
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(f"'{path}' is not a readable workbook ({reason}): save it again as .xlsx or CSV.") from None
