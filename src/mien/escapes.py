"""Escape untrusted text for output to a terminal, to JSON, or to a table for a spreadsheet.

A file name may hold invalid bytes (lone surrogates in Python), control characters that act on a terminal, or a formula that a
spreadsheet would evaluate.
"""

from __future__ import annotations

import json
import re
from typing import Any

_LINES = "\t\n"
BLOCKS = "■█▉▊▋▌▍▎▏"
"""What tables paint: signs of a class, and bars."""

_CONTROLS = re.compile("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, characters that reverse or break a line, and lone surrogates."""

_PAINTED = re.compile(rf"(\x1b\[38;2;\d{{1,3}};\d{{1,3}};\d{{1,3}}m[{BLOCKS}]+\x1b\[0m)")
"""Blocks in a colour, which can do nothing to a terminal."""

_PLAIN = {"−": "-", "–": "-", "…": "...", "±": "+/-", "×": "x", "≤": "<=", "≥": ">=", "“": '"', "”": '"'}
"""Signs of tables and sentences, and their ASCII."""

_NO_TEXT = re.compile("[\ud800-\udfff]")
_FORMULA = re.compile(r"[=+@\-\t\r]")


def visible(text: str, *, lines: bool = False) -> str:
    r"""Text for a terminal, with control characters as escapes such as ``\x1b``.

    Args:
        text: the text to show.
        lines: whether to keep line ends and tabs.
    """
    return _CONTROLS.sub(lambda found: found[0] if lines and found[0] in _LINES else _escape(found[0]), text)


def visible_text(text: str) -> str:
    """The same for lines of text with tables, whose coloured blocks stay."""
    parts = _PAINTED.split(text)  # every second one is painted
    return "".join(part if place % 2 else visible(part, lines=True) for place, part in enumerate(parts))


def encodable(text: str, encoding: str | None) -> str:
    """Text with typographic signs in ASCII where the encoding lacks them: ``−`` becomes ``-`` in Windows-1252."""
    for sign, plain in _PLAIN.items():
        if not sign.encode(encoding or "ascii", "ignore"):
            text = text.replace(sign, plain)
    return text


def readable(text: str) -> str:
    """Text with invalid bytes as replacement characters (U+FFFD), so that it can be written as UTF-8."""
    return _NO_TEXT.sub("\ufffd", text)


def kept_in_json(text: str) -> str:
    r"""JSON in which invalid bytes of a name are escapes such as ``\udcff``, which ``json.loads`` restores."""
    return _NO_TEXT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def cell(value: Any) -> Any:
    """A value for a CSV cell: text that a spreadsheet would take for a formula gets an apostrophe in front; numbers are unchanged."""
    if not isinstance(value, str):
        return value
    text = visible(readable(value))
    return f"'{text}" if len(text) > 1 and _FORMULA.match(text) and not _is_number(text) else text


def to_json(value: Any, encoding: str | None = "utf-8") -> str:
    r"""JSON on one line for a terminal, in ASCII if the stream's encoding isn't UTF-8."""
    text = readable(json.dumps(value, ensure_ascii=False))
    if (encoding or "").lower().replace("-", "") not in ("utf8", "utf8sig"):
        return json.dumps(json.loads(text))
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _escape(sign: str) -> str:
    code = ord(sign)
    if 0xDC80 <= code <= 0xDCFF:  # an invalid byte
        return f"\\x{code - 0xDC00:02x}"
    return sign.encode("unicode_escape", "backslashreplace").decode("ascii")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
