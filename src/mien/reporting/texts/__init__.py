"""The texts of the pages, by language."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Sequence
from importlib import resources
from typing import Any

from mien.errors import OutputError
from mien.words import exact_percent, percent, points

__all__ = ["LANGUAGES", "Texts", "exact_percent", "percent", "points"]

LANGUAGES = {"en": "English", "zh-TW": "正體中文"}
"""Languages of the report."""

_PLURAL = re.compile(r"\{(\w+)\|([^|{}]*)\|([^|{}]*)\}")
"""In a text: ``{num|face|faces}`` is the first word where ``num`` is 1, else the second."""


class _Formatter(string.Formatter):
    """``str.format`` with other percentages: ``.1%`` never rounds to 0% or 100%, and ``%`` has as many decimals as needed."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """Format a value."""
        if format_spec == "%":
            return exact_percent(value)
        if format_spec.endswith("%"):
            return percent(value, int(format_spec[1:-1]))
        return str(super().format_field(value, format_spec))


_FORMATTER = _Formatter()


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
        place = resources.files("mien.reporting.texts") / f"{lang}.toml"
        self.tables: dict[str, Any] = tomllib.loads(place.read_text(encoding="utf-8"))

    def __call__(self, key: str, **values: object) -> str:
        """The text of a dotted key, with its placeholders replaced by the values."""
        found: Any = self.tables
        for part in key.split("."):
            found = found[part]
        text = _PLURAL.sub(lambda match: match[2 if _is_one(values[match[1]]) else 3], str(found))
        return _FORMATTER.vformat(text, (), values)

    def named(self, name: str) -> str:
        """The name of an expression in this language; names of other classes are unchanged."""
        return str(self.tables["classes"].get(name, name))

    def names(self, classes: Sequence[str]) -> list[str]:
        """The names of several classes."""
        return [self.named(name) for name in classes]

    def some(self, names: Sequence[str], most: int = 3) -> str:
        """Names as a list; if there are more than ``most``, the first ones and the number of the others."""
        shown = str(self.tables["page"]["list"]).join(names[:most])
        return shown if len(names) <= most else self("page.more", names=shown, num=f"{len(names) - most:,}")

    def between(self, low: str, high: str) -> str:
        """A range, or one value if both ends are equal."""
        return low if low == high else self("page.range", low=low, high=high)

    def lasting(self, seconds: float) -> str:
        """A duration in seconds, or in minutes from one minute on."""
        if seconds < 60:
            return self("page.seconds", num=f"{seconds:.2g}" if seconds < 10 else f"{seconds:.0f}")
        return self("page.minutes", num=f"{seconds / 60:,.1f}")

    def joined(self, sentences: Sequence[str]) -> str:
        """Sentences as one paragraph."""
        return (" " if self.lang == "en" else "").join(sentences)


def _is_one(value: object) -> bool:
    return value == 1 or str(value) == "1"
