"""One document of JSON as a table: records in a list, columns as data frames write them, or the classes of pictures by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from mien import images
from mien.data.layouts import jsonlines
from mien.typed_json import JsonObject

KEY = "image"
"""The head of the column of what the keys of an object name."""


def records(content: Any) -> list[JsonObject]:
    """The rows of a document, each with its columns by name; none where it has another shape.

    It may be a list of records, an object whose only list holds records, an object of columns of one length (``{"image": [...],
    "label": [...]}``, or with row numbers as keys), an object of heads and rows (``{"columns": [...], "data": [[...]]}``), or an
    object that gives pictures their class or their record (``{"1.png": "happy"}``).
    """
    if isinstance(content, list):
        return content if content and all(isinstance(row, dict) for row in content) else []
    if not isinstance(content, dict) or not content:
        return []
    if all(_is_picture(key) for key in content):
        return [
            {KEY: key, **(value if isinstance(value, dict) else {"label": value})} for key, value in content.items()
        ]
    if set(content) >= {"columns", "data"} and _is_frame(content["columns"], content["data"]):
        return [dict(zip(map(str, content["columns"]), row, strict=True)) for row in content["data"]]
    columns = [list(value.values()) if isinstance(value, dict) else value for value in content.values()]
    if len(columns) > 1 and all(isinstance(column, list) and len(column) == len(columns[0]) for column in columns):
        return [dict(zip(content, row, strict=True)) for row in zip(*columns, strict=True)]
    lists = [value for value in content.values() if isinstance(value, list) and value]
    return records(lists[0]) if len(lists) == 1 else []


def rows(content: Any) -> Iterator[list[str]]:
    """The head and the cells of the rows of a document; none where it is no table."""
    found = records(content)
    keys = tuple(dict.fromkeys(str(key) for row in found for key in row))
    if keys:
        yield list(keys)
        yield from (jsonlines.cells(row, keys) for row in found)


def _is_frame(heads: Any, rows: Any) -> bool:
    lists = isinstance(heads, list) and isinstance(rows, list) and all(isinstance(row, list) for row in rows)
    return lists and all(len(row) == len(heads) for row in rows)


def _is_picture(name: str) -> bool:
    return len(name) < 4096 and PurePosixPath(name).suffix.lower() in images.SUFFIXES
