"""The texts of the pages, by language."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from typing import Any

from mien.errors import OutputError
from mien.reporting.texts.cells import true_minus
from mien.words import exact_percent, minutes, percent, points

__all__ = ["LANGUAGES", "Texts"]

LANGUAGES = {"en": "English", "zh-TW": "正體中文"}
"""Languages of the report."""

_PLURAL = re.compile(r"\{(\w+)\|([^|{}]*)\|([^|{}]*)\}")
"""In a text: ``{num|face|faces}`` is the first word where ``num`` is shown as 1, else the second."""


NAMED_FORMATS: dict[str, Callable[[float], str]] = {
    "%": exact_percent,
    "points": lambda share: true_minus(points(share)),
    "+points": lambda share: true_minus(points(share, signed=True)),
    "signed": lambda value: true_minus(f"{round(value, 3) + 0.0:+.3f}"),
    "brief": minutes,
}
"""Formats of texts beside Python's own: a share with all its decimals, shares in percentage points, a difference with three
decimals, and a number with one decimal or, below 1, one digit."""


class _Formatter(string.Formatter):
    """``str.format`` with ``NAMED_FORMATS``; ``.1%`` never rounds to 0% or 100%, and strings are shown unchanged."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """Format a value."""
        if isinstance(value, str):
            return value
        if format_spec in NAMED_FORMATS:
            return NAMED_FORMATS[format_spec](value)
        if format_spec.endswith("%"):
            return percent(value, int(format_spec[1:-1]))
        return str(super().format_field(value, format_spec))


_FORMATTER = _Formatter()


@cache
def _tables(lang: str) -> dict[str, Any]:
    """The texts of a language, which are read once; don't change them."""
    place = resources.files("mien.reporting.texts") / f"{lang}.toml"
    return tomllib.loads(place.read_text(encoding="utf-8"))


class Texts:
    """The texts of one language.

    Args:
        lang: a key of ``LANGUAGES``.

    Raises:
        OutputError: there is no such language.
    """

    def __init__(self, lang: str) -> None:
        if lang not in LANGUAGES:
            known = " or ".join(f"{key} ({name})" for key, name in LANGUAGES.items())
            raise OutputError(f"There is no text in language '{lang}': choose {known}.")
        self.lang = lang
        self.tables = _tables(lang)

    def __call__(self, key: str, **values: object) -> str:
        """The text of a dotted key, with its placeholders replaced by the values."""
        found: Any = self.tables
        for part in key.split("."):
            found = found[part]
        specs = {name: spec or "" for _, name, spec, _ in _FORMATTER.parse(str(found)) if name}

        def agreed(match: re.Match[str]) -> str:
            shown = _FORMATTER.format_field(values[match[1]], specs.get(match[1], ""))
            return match[2 if shown == "1" else 3]

        return _FORMATTER.vformat(_PLURAL.sub(agreed, str(found)), (), values)

    def heads(self, key: str) -> list[str]:
        """The heads of a table, which stand in one text with `` | `` between them."""
        return self(key).split(" | ")

    def named(self, name: str) -> str:
        """The name of an expression in this language; names of other classes are unchanged."""
        return str(self.tables["classes"].get(name, name))

    def names(self, classes: Sequence[str]) -> list[str]:
        """The names of several classes."""
        return [self.named(name) for name in classes]

    def some(self, names: Sequence[str], most: int = 3) -> str:
        """Names as a list; if there are more than ``most``, the first ones and the number of the others."""
        shown = str(self.tables["page"]["list"]).join(names[:most])
        return shown if len(names) <= most else self("page.more", names=shown, num=len(names) - most)

    def between(self, low: str, high: str) -> str:
        """A range, or one value if both ends are equal."""
        return low if low == high else self("page.range", low=low, high=high)

    def lasting(self, seconds: float) -> str:
        """A duration in seconds, or in minutes from one minute on."""
        if seconds < 60:
            return self("page.seconds", num=seconds)
        return self("page.minutes", num=seconds / 60)

    def p_value(self, value: float) -> str:
        """A p-value with its sign of equality: ``p = 0.012``, ``p < 0.001``."""
        return self("page.p_small") if value < 0.0005 else self("page.p", value=value)

    def joined(self, sentences: Sequence[str]) -> str:
        """Sentences as one paragraph."""
        return (" " if self.lang == "en" else "").join(sentences)
