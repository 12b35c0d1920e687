"""Recipes in TOML files: the name of a recipe, and the settings that differ from it.

::

    recipe = "tiny"
    epochs = 15

    [augment]
    rotation = 12.5
    scale = [0.9, 1.1]
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mien import checks, files
from mien.errors import RecipeError
from mien.recipes import parsing
from mien.typed_json import JsonObject

LARGEST = 2**16
"""Maximum size of a recipe file, in bytes; a typical file has a few hundred."""


def read(path: str | os.PathLike[str], kinds: JsonObject) -> tuple[str, list[str]]:
    """Read the name of the base recipe and its changes, written as for ``--set``.

    Args:
        path: the file.
        kinds: the annotation of each setting, such as ``augment.flip``; a value of another type is an error.

    Raises:
        RecipeError: the file can't be read, isn't a recipe, or has a value of another type. ``Recipe`` checks the ranges.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ValueError("it is too large")
        values = tomllib.loads(content.decode())
        name = values.pop("recipe", None)
        if not isinstance(name, str):
            raise ValueError('it needs a line such as  recipe = "tiny"  that names the base recipe')
        augment = values.get("augment")
        parts = values.pop("augment") if isinstance(augment, dict) else {}
        return name, [
            *(_setting(key, value, kinds) for key, value in values.items()),
            *(_setting(f"augment.{key}", value, kinds) for key, value in parts.items()),
        ]
    except OSError as error:
        raise RecipeError(f"The recipe '{path}' can't be read: {error.strerror or error}.") from None
    except (ValueError, OverflowError, RecursionError) as error:  # TOML, UTF-8, integers of thousands of digits
        raise RecipeError(f"'{path}' is not a recipe: {error}.") from None


def _setting(key: str, value: object, kinds: JsonObject) -> str:
    if "=" in key:
        raise ValueError(f"'{key}' is not a setting")
    numbers = isinstance(value, list) and all(type(part) in (int, float) for part in value)
    if not numbers and not isinstance(value, bool | int | float | str):
        raise ValueError(f"{key} must be a number, a text, true or false, or a list of numbers")
    plain = tuple(value) if isinstance(value, list) else value
    text = parsing.as_text(plain)
    quoted = ", without quotes" if isinstance(value, str) and kinds.get(key) in (bool, int, float) else ""
    if key in kinds and not checks.fits(tuple(map(float, plain)) if isinstance(plain, tuple) else plain, kinds[key]):
        raise ValueError(f"{key}={text} doesn't fit: it must be {checks.in_words(kinds[key])}{quoted}")
    return f"{key}={text}"


def write(path: str | os.PathLike[str], name: str, values: JsonObject, notes: Sequence[str] = ()) -> None:
    """Write a recipe file; the write is atomic.

    Args:
        path: the file to write.
        name: the base recipe.
        values: the changed fields: name to value; fields of ``augment`` are in a mapping under ``"augment"``.
        notes: comment lines at the top of the file.

    Raises:
        OutputError: the file can't be written.
    """
    lines = [f"# {_printable(note)}".rstrip() for note in notes]
    lines += [f"recipe = {_as_toml(name)}"]
    lines += [f"{key} = {_as_toml(value)}" for key, value in values.items() if not isinstance(value, Mapping)]
    for table, parts in values.items():
        if isinstance(parts, Mapping) and parts:
            lines += ["", f"[{table}]", *(f"{key} = {_as_toml(value)}" for key, value in parts.items())]
    files.write_text(path, "\n".join(lines) + "\n", suffixes=(".toml",))


def _as_toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_as_toml, value))}]"
    if isinstance(value, str):  # TOML has the same escapes as JSON, but DEL must be escaped too
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def _printable(note: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in note)
