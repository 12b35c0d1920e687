"""Untrusted JSON as typed dataclasses: values are checked against annotations when parsed, so that a damaged or hostile file gives
one clear message.

An annotation may be ``str``, ``int``, ``float`` (finite), ``bool``, ``None``, ``Any``, a dataclass, ``tuple[X, ...]``,
``Mapping[str, X]``, ``Literal[...]`` or a union of these. Fields with a default are optional, unknown keys are ignored. Fields whose
metadata have ``in_json=False`` are neither written nor read.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import math
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from mien.errors import MienError

T = TypeVar("T")

JsonObject = dict[str, Any]
"""A JSON object as Python has it. Only functions that read or write JSON take or return one; all else is typed."""


def parse(text: str, kind: type[T]) -> T:
    """Parse a JSON text as a value of a type.

    Raises:
        ValueError: it is not JSON, or not of that type; the message says what is wrong and where.
    """
    try:
        value: T = from_json(json.loads(text), kind)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def from_json(value: Any, kind: Any, where: str = "it") -> Any:
    """Convert plain JSON values to the type of an annotation.

    A dataclass with a method ``from_dict`` is made by that method.

    Raises:
        ValueError: the values don't match; the message says what is wrong and where.
    """
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if kind in (Any, object):
        return value
    if origin in (typing.Union, types.UnionType):
        return _from_union(value, parts, where)
    if origin is Literal:
        return value if value in parts else _refuse(where, f"one of {', '.join(map(str, parts))}")
    if origin is tuple:
        _require(isinstance(value, list), where, "a list")
        return tuple(from_json(item, parts[0], f"each of {where}") for item in value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        _require(isinstance(value, dict), where, "an object")
        return {key: from_json(item, parts[1], key) for key, item in value.items()}
    if dataclasses.is_dataclass(kind):
        return _from_object(value, kind, where)
    if kind is float and type(value) is int and abs(value) <= sys.float_info.max:
        return float(value)
    _require(type(value) is kind and not (kind is float and not math.isfinite(value)), where, _NAMES[kind])
    return value


def to_json(value: Any) -> Any:
    """Convert a dataclass and its contents to plain JSON values; a method ``to_dict`` of a dataclass has priority."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        own = getattr(value, "to_dict", None)
        return own() if own else fields_to_json(value)
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    return [to_json(item) for item in value] if isinstance(value, tuple | list) else value


def fields_to_json(value: Any) -> JsonObject:
    """Convert the fields of a dataclass to plain JSON values; for its ``to_dict``, where this changes nothing."""
    return {field.name: to_json(getattr(value, field.name)) for field in _fields(value)}


def _from_union(value: Any, parts: tuple[Any, ...], where: str) -> Any:
    if value is None and type(None) in parts:
        return None
    *others, last = [part for part in parts if part is not type(None)]
    for kind in others:
        with contextlib.suppress(ValueError):
            return from_json(value, kind, where)
    return from_json(value, last, where)


def _from_object(value: Any, kind: Any, where: str) -> Any:
    _require(isinstance(value, dict), where, "an object")
    if hasattr(kind, "from_dict"):
        try:
            return kind.from_dict(value)
        except (MienError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{where} doesn't fit: {error}") from None
    fields, hints = _fields(kind), _hints(kind)
    for field in fields:
        is_needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if is_needed and field.name not in value:
            raise ValueError(f"{where} lacks '{field.name}'")
    given = {
        field.name: from_json(value[field.name], hints[field.name], field.name)
        for field in fields
        if field.name in value
    }
    try:
        return kind(**given)
    except MienError as error:
        raise ValueError(str(error)) from None


def _fields(kind: Any) -> list[dataclasses.Field[Any]]:
    """The fields of a dataclass that JSON has."""
    return [field for field in dataclasses.fields(kind) if field.metadata.get("in_json", True)]


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _require(holds: bool, where: str, needed: str) -> None:
    if not holds:
        _refuse(where, needed)


def _refuse(where: str, needed: str) -> typing.NoReturn:
    raise ValueError(f"{where} should be {needed}")


_NAMES = {str: "a string", int: "a whole number", float: "a number", bool: "true or false", type(None): "null"}
