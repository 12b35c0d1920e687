"""Tables of dataclasses as CSV and Parquet, and their codebook: a row for each column, from the texts of the fields."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from mien.inference import records


@dataclass(frozen=True)
class Sheet:
    """A table: its name, the dataclass of its rows, and the rows."""

    name: str
    kind: type[Any]
    rows: Sequence[Any]


@dataclass(frozen=True)
class Column:
    """A column of a table, for the codebook."""

    table: Annotated[str, "name of the table"]
    column: Annotated[str, "name of the column"]
    type: Annotated[str, "text, whole number or number"]
    meaning: Annotated[str, "meaning, with the unit"]


NAMES = {str: "text", int: "whole number", float: "number"}


def write(sheets: Sequence[Sheet], folder: Path, *, parquet: bool = True) -> None:
    """Write each table as ``NAME.csv``, and also as ``NAME.parquet``; the codebook is ``codebook.csv``.

    Raises:
        OutputError: a file can't be written.
    """
    for sheet in sheets:
        for form in ("csv", "parquet") if parquet else ("csv",):
            _write(sheet, folder / f"{sheet.name}.{form}", form)
    book = [column for sheet in sheets for column in columns(sheet.name, sheet.kind)]
    _write(Sheet("codebook", Column, book), folder / "codebook.csv", "csv")


def columns(table: str, kind: type[Any]) -> list[Column]:
    """The columns of a dataclass whose fields are ``Annotated`` with their meaning."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return [
        Column(table, field.name, NAMES[_plain(hints[field.name])], hints[field.name].__metadata__[-1])
        for field in dataclasses.fields(kind)
    ]


def _write(sheet: Sheet, path: Path, form: str) -> None:
    hints = typing.get_type_hints(sheet.kind, include_extras=True)
    kinds = {field.name: _plain(hints[field.name]) for field in dataclasses.fields(sheet.kind)}
    with records.opened(path, form, kinds) as to:
        for row in sheet.rows:
            to.write(dataclasses.asdict(row))


def _plain(hint: Any) -> type:
    """The type of a column, without annotation and None."""
    hint = hint.__origin__ if hasattr(hint, "__metadata__") else hint
    if isinstance(hint, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    return typing.cast(type, hint)
