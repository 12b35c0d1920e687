"""Check values against annotations, for fields of dataclasses and for arguments of public functions.

Supported annotations: ``bool``, ``int``, ``float`` (finite), ``str``, ``Literal[...]``, a pair ``tuple[float, float]``, strings
``tuple[str, ...]`` or ``Sequence[str]``, a ``Sequence`` of one of these, a path, a union of these, or ``Annotated`` with ``Between`` or ``OneOf``. Other
annotations are not checked.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import math
import numbers
import os
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, ParamSpec, TypeGuard, TypeVar

from mien.errors import ArgumentError, MienError

ARRAYS = ("ndarray", "Mapping", "Callable")
"""Generic types of which only the outer class is checked."""

NEAR = 0.75
"""Similarity from which a name is suggested for another, 2 x common letters / all letters: ``filp`` for ``flip`` has 0.75."""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Between:
    """A number from ``low`` to ``high``; ``above`` excludes ``low``, ``below`` excludes ``high``."""

    low: float
    high: float
    above: bool = False
    below: bool = False

    def __str__(self) -> str:
        first = f"above {self.low:,}" if self.above else f"from {self.low:,}"
        if self.below:
            return f"{first} {'and' if self.above else 'to'} below {self.high:,}"
        return f"{first} and at most {self.high:,}" if self.above else f"{first} to {self.high:,}"

    def holds(self, value: float) -> bool:
        """Whether a number is in the range."""
        after_low = value > self.low if self.above else value >= self.low
        return bool(after_low and (value < self.high if self.below else value <= self.high))


@dataclass(frozen=True)
class Ordered:
    """Two positive numbers in ascending order; the second is at most ``high``."""

    high: float

    def __str__(self) -> str:
        return f"two numbers, 0 < smallest <= largest <= {self.high:g}, such as 0.9,1.1"


@dataclass(frozen=True)
class OneOf:
    """One of several names."""

    names: tuple[str, ...]


def in_words(kind: Any) -> str:
    """The values that an annotation accepts, as words for messages."""
    kind = _resolved(kind)
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        limits = parts[1:]
        names = next((limit.names for limit in limits if isinstance(limit, OneOf)), None)
        if names:
            return "one of " + ", ".join(names)
        pair = next((limit for limit in limits if isinstance(limit, Ordered)), None)
        if pair is not None:
            return str(pair)
        bounds = [f" {limit}" for limit in limits if isinstance(limit, Between)]
        return in_words(parts[0]) + "".join(bounds)
    if origin is Literal:
        return "one of " + ", ".join(map(str, parts))
    if origin is tuple and parts == (str, ...):
        return "a tuple of strings"
    if _is_texts(kind):
        return "a list of strings"
    if origin is Sequence:
        return f"a list (each {in_words(parts[0])})"
    if origin is tuple:
        return "two numbers with a comma between, such as 0.9,1.1"
    if _is_union(origin):
        return " or ".join(dict.fromkeys(map(in_words, parts)))
    if _is_path(kind):
        return "a path"
    known = {int: "a whole number", float: "a number", bool: "true or false", str: "a string", type(None): "None"}
    return known.get(kind) or f"a {getattr(kind, '__name__', kind)}"


def fits(value: object, kind: Any) -> bool:
    """Whether a value matches an annotation; true for annotations that this module does not support."""
    kind = _resolved(kind)
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return True
    if origin is typing.Annotated:
        return fits(value, parts[0]) and all(_within(value, limit) for limit in parts[1:])
    if origin is Literal:
        return any(type(value) is type(part) and value == part for part in parts)
    if _is_texts(kind):
        return _is_list(value) and all(isinstance(part, str) for part in value)
    if origin is Sequence:
        return _is_list(value) and all(fits(part, parts[0]) for part in value)
    if origin is tuple and parts == (float, float):
        return isinstance(value, tuple) and len(value) == 2 and all(fits(part, float) for part in value)
    if origin is tuple and parts == (str, ...):
        return isinstance(value, tuple) and all(fits(part, str) for part in value)
    if _is_union(origin):
        return any(fits(value, part) for part in parts)
    if _is_path(kind):
        return isinstance(value, os.PathLike)
    if kind is int:
        return isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if kind is float:
        return isinstance(value, numbers.Real) and not isinstance(value, bool) and is_finite(value)
    if kind in (bool, str):
        return type(value) is kind if kind is bool else isinstance(value, str)
    if kind is None or kind is type(None):
        return value is None
    if isinstance(origin, type) and origin.__module__ in ("numpy", "collections.abc") and origin.__name__ in ARRAYS:
        return isinstance(value, origin)
    is_plain_class = isinstance(kind, type) and origin is None and not getattr(kind, "_is_protocol", False)
    return isinstance(value, kind) if is_plain_class else True


def _resolved(kind: Any) -> Any:
    """What an alias of Python's ``type`` statement stands for, as numpy's ``NDArray`` is one from 2.5 on."""
    alias = typing.get_origin(kind) or kind
    return alias.__value__ if type(alias).__name__ == "TypeAliasType" else kind


def is_finite(number: Any) -> bool:
    """Whether a ``float`` can hold a number: not NaN, not infinite, and not an integer out of range."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def check_fields(instance: Any, error: Callable[[str], MienError], prefix: str = "") -> None:
    """Check every field of a dataclass against its annotation.

    Args:
        instance: of the dataclass; numbers must be Python's own, as they become JSON.
        error: makes the exception from a message.
        prefix: text before the field's name in messages.

    Raises:
        MienError: the exception that ``error`` makes, for the first invalid field.
    """
    owner: Any = type(instance)
    for name, kind in _hints(owner).items():
        value = getattr(instance, name)
        is_foreign = isinstance(value, numbers.Number) and not isinstance(value, bool | int | float)
        if is_foreign or not fits(value, kind):
            raise error(f"{prefix}{name}={_short(value, _as_setting)} doesn't fit: it must be {in_words(kind)}.")


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function so that each call checks the arguments against their annotations.

    An annotation that needs a name which only type checkers import is not checked.

    Raises:
        ArgumentError: an argument has the wrong type or is out of range, or there is no argument of this name.
    """
    signature = inspect.signature(function)
    is_open = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in signature.parameters.values())

    @functools.wraps(function)
    def checking(*args: P.args, **kwargs: P.kwargs) -> R:
        unknown = () if is_open else [name for name in kwargs if name not in signature.parameters]
        if unknown:
            raise ArgumentError(no_such(f"argument of {function.__name__}", unknown[0], signature.parameters))
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:  # too few or too many
            raise ArgumentError(
                f"The arguments of {function.__name__} don't fit: {error}; options are keywords."
            ) from None
        hints = _hints(function)
        for name, value in given.items():
            if name in hints and not fits(value, hints[name]):
                raise ArgumentError(f"{name}={_short(value)} doesn't fit: it must be {in_words(hints[name])}.")
        return function(*args, **kwargs)

    return checking


def no_such(what: str, name: str, known: Iterable[str]) -> str:
    """A sentence that says that a name is unknown, with the one that was probably meant, else with all."""
    names = {other.rpartition(".")[2]: other for other in known if other != "self"}  # "augment.flip" by "flip"
    near = difflib.get_close_matches(name.rpartition(".")[2], names, n=1, cutoff=NEAR)
    wanted = f"did you mean '{names[near[0]]}'?" if near else f"choose {', '.join(names.values())}."
    return f"There is no {what} '{name}': {wanted}"


@functools.cache
def _hints(owner: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(owner, include_extras=True)
    except NameError:
        return _known_hints(owner)


def _known_hints(function: Any) -> dict[str, Any]:
    """The annotations of a function without those that need a name which only type checkers import."""
    found: dict[str, Any] = {}
    for name, text in inspect.get_annotations(function).items():
        holder = types.SimpleNamespace(__annotations__={name: text})
        try:
            found |= typing.get_type_hints(holder, globalns=inspect.unwrap(function).__globals__, include_extras=True)
        except NameError:
            continue
    return found


def _within(value: Any, limit: object) -> bool:
    if isinstance(limit, Between):
        return limit.holds(value)
    if isinstance(limit, Ordered):
        return bool(0 < value[0] <= value[1] <= limit.high)
    return value in limit.names if isinstance(limit, OneOf) else True


def _as_setting(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _short(value: object, in_text: Callable[[object], str] = repr) -> str:
    try:
        text = in_text(value)
    except ValueError:  # a whole number of thousands of digits
        text = "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_texts(kind: Any) -> bool:
    """Whether an annotation means several strings, in a list or a tuple."""
    return typing.get_origin(kind) is Sequence and typing.get_args(kind) == (str,)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    """Whether a value is an ordered collection; a string is not counted as one."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _is_union(origin: Any) -> bool:
    return origin in (typing.Union, types.UnionType)


def _is_path(kind: Any) -> bool:
    return typing.get_origin(kind) is os.PathLike or kind is os.PathLike
