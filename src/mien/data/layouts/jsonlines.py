"""Lines of JSON as a table, such as the ``metadata.jsonl`` of the Hugging Face datasets library: one object a line."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mien.errors import DataError
from mien.typed_json import JsonObject

MAX_LINE = 2**24
"""Longest line that is read, in characters."""

_SAMPLE_ROWS = 50


def recognise(path: Path) -> tuple[tuple[str, ...], list[list[str]]]:
    """The keys of the first objects, and the cells of those objects.

    Raises:
        DataError: it holds no objects.
    """
    first = list(itertools.islice(objects(path), _SAMPLE_ROWS))
    keys = tuple(dict.fromkeys(key for record in first for key in record))
    if not keys:
        raise DataError(f"'{path}' holds no objects of JSON: download or export it again.")
    return keys, [cells(record, keys) for record in first]


def rows(path: Path, keys: tuple[str, ...]) -> Iterator[list[str]]:
    """The cells of all objects, in the order of ``keys``."""
    return (cells(record, keys) for record in objects(path))


def objects(path: Path) -> Iterator[JsonObject]:
    """The objects of a file, one for each line that isn't blank.

    Raises:
        DataError: a line is no object of JSON, or the file no text in UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number in itertools.count(1):
                line = file.readline(MAX_LINE)
                if not line:
                    return
                if line.strip():
                    yield _object(line, path, number)
    except UnicodeError:
        raise DataError(f"'{path}' is no JSON in UTF-8: export it again.") from None
    except OSError as error:
        raise DataError(f"'{path}' can't be read: {error.strerror or error}.") from None


def cells(record: JsonObject, keys: tuple[str, ...]) -> list[str]:
    """The values of some keys as the cells of a row; what is missing is blank."""
    return [text(record.get(key)) for key in keys]


def text(value: Any) -> str:
    """A value as a cell: a list of one is that one, other lists and objects are JSON."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _object(line: str, path: Path, number: int) -> JsonObject:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise DataError(f"'{path}' has no JSON in line {number:,}: repair that line, or export it again.") from None
    if not isinstance(record, dict):
        raise DataError(f"'{path}' has no object of JSON in line {number:,}: repair that line, or export it again.")
    return record
