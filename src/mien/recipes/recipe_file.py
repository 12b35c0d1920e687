"""Recipes in TOML files: the name of a recipe, and what is changed in it.

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
from mien.recipes import fields

LARGEST = 2**16
"""Bytes of a recipe's file at most; a real one has a few hundred."""


def read(path: str | os.PathLike[str], kinds: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The name of the recipe that a file starts from, and its changes as one writes them behind ``--set``.

    Args:
        path: the file.
        kinds: the annotation of each setting, such as ``augment.flip``; a value of another kind is refused.

    Raises:
        RecipeError: the file can't be read or is no recipe, or a value is of another kind; whether the settings fit is the recipe's to say.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ValueError("it is too large")
        values = tomllib.loads(content.decode())
        name = values.pop("recipe", None)
        if not isinstance(name, str):
            raise ValueError('it needs a line such as  recipe = "tiny"  for what it starts from')
        augment = values.get("augment")
        parts = values.pop("augment") if isinstance(augment, dict) else {}
        return name, [
            *(_setting(key, value, kinds) for key, value in values.items()),
            *(_setting(f"augment.{key}", value, kinds) for key, value in parts.items()),
        ]
    except OSError as error:
        raise RecipeError(f"The recipe '{path}' can't be read: {error.strerror or error}.") from None
    except (ValueError, OverflowError, RecursionError) as error:  # TOML, UTF-8, whole numbers of thousands of digits
        raise RecipeError(f"'{path}' is no recipe: {error}.") from None


def _setting(key: str, value: object, kinds: Mapping[str, Any]) -> str:
    if "=" in key:
        raise ValueError(f"'{key}' is no setting")
    numbers = isinstance(value, list) and all(type(part) in (int, float) for part in value)
    if not numbers and not isinstance(value, bool | int | float | str):
        raise ValueError(f"{key} must be a number, a text, true or false, or a list of numbers")
    plain = tuple(value) if isinstance(value, list) else value
    text = fields.as_text(plain)
    quoted = ", without quotes" if isinstance(value, str) and kinds.get(key) in (bool, int, float) else ""
    if key in kinds and not checks.fits(tuple(map(float, plain)) if isinstance(plain, tuple) else plain, kinds[key]):
        raise ValueError(f"{key}={text} doesn't fit: it must be {checks.in_words(kinds[key])}{quoted}")
    return f"{key}={text}"


def write(path: str | os.PathLike[str], name: str, values: Mapping[str, Any], notes: Sequence[str] = ()) -> None:
    """Write a recipe's file, whole or not at all.

    Args:
        path: where to.
        name: the recipe that it starts from.
        values: what is changed: field to value; those of ``augment`` are below the key ``"augment"``.
        notes: lines that say where it comes from.

    Raises:
        OutputError: the file can't be written.
    """
    lines = [f"# {_printable(note)}".rstrip() for note in notes]
    lines += [f"recipe = {_as_toml(name)}"]
    lines += [f"{key} = {_as_toml(value)}" for key, value in values.items() if not isinstance(value, Mapping)]
    for table, parts in values.items():
        if isinstance(parts, Mapping) and parts:
            lines += ["", f"[{table}]", *(f"{key} = {_as_toml(value)}" for key, value in parts.items())]
    files.write_text(path, "\n".join(lines) + "\n")


def _as_toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_as_toml, value))}]"
    if isinstance(value, str):  # JSON's escapes are TOML's too, but for DEL, which TOML wants escaped
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def _printable(note: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in note)
