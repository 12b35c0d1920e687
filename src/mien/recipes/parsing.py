"""Conversion of dataclass fields to text, as given to ``--set``, and back."""

from __future__ import annotations

import typing
from typing import Any, Literal

from mien.checks import in_words, no_such
from mien.errors import RecipeError

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def as_text(value: object) -> str:
    """A value as text that ``parse`` accepts."""
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def parse(cls: type[Any], name: str, text: str, prefix: str) -> Any:
    """Convert text to the type of a field.

    Args:
        cls: the dataclass.
        name: the field; ``name`` and ``augment`` can't be set by text.
        text: the value.
        prefix: text before the field's name in messages.

    Raises:
        RecipeError: there is no such field, or the text doesn't fit its type.
    """
    hints = typing.get_type_hints(cls)
    if name not in hints or name in ("name", "augment"):
        known = [prefix + key for key in hints if key not in ("name", "augment")]
        raise RecipeError(no_such("setting", prefix + name, known))
    kind = hints[name]
    text = text.strip()
    try:
        return _parse_as(kind, text)
    except ValueError:
        raise RecipeError(f"{prefix}{name}={text} doesn't fit: it must be {in_words(kind)}.") from None


def _parse_as(kind: Any, text: str) -> Any:
    if kind is bool:
        return _TRUTH[text.lower()] if text.lower() in _TRUTH else _refuse(text)
    if typing.get_origin(kind) is Literal:
        return text if text in typing.get_args(kind) else _refuse(text)
    if typing.get_origin(kind) is tuple:
        low, high = (float(part) for part in text.split(","))
        return low, high
    return kind(text)


def _refuse(text: str) -> typing.NoReturn:
    raise ValueError(text)
