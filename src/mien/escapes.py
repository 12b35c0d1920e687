"""Words from outside made harmless where they come out: on a terminal, in JSON, in a table for a spreadsheet.

A file's name may hold bytes that are no text (Python has them as lone surrogates), control characters that command a terminal,
or a formula that a spreadsheet would run.
"""

from __future__ import annotations

import json
import re
from typing import Any

_LINES = "\t\n"
_CONTROLS = re.compile("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What commands a terminal, reverses or breaks a line, or is no text."""

_NO_TEXT = re.compile("[\ud800-\udfff]")
_FORMULA = re.compile(r"[=+@\-\t\r]")


def visible(text: str, *, lines: bool = False) -> str:
    r"""A text for a terminal: control characters as escapes such as ``\x1b``.

    Args:
        text: what is to be shown.
        lines: whether it is laid out in lines, whose ends (and tabs) stay.
    """
    return _CONTROLS.sub(lambda found: found[0] if lines and found[0] in _LINES else _escape(found[0]), text)


def readable(text: str) -> str:
    """A text whose bytes that are no text are replacement characters (U+FFFD), as files in UTF-8 must have it."""
    return _NO_TEXT.sub("\ufffd", text)


def kept_in_json(text: str) -> str:
    r"""JSON in which bytes of a name that are no text are escapes such as ``\udcff``, which ``json.loads`` reads as they were."""
    return _NO_TEXT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def cell(value: Any) -> Any:
    """A value for a cell of CSV: a text that a spreadsheet would take for a formula gets an apostrophe before it; numbers stay."""
    if not isinstance(value, str):
        return value
    text = visible(readable(value))
    return f"'{text}" if len(text) > 1 and _FORMULA.match(text) and not _is_number(text) else text


def to_json(value: Any, encoding: str | None = "utf-8") -> str:
    r"""JSON on one line that any terminal may show, in ASCII where the stream's encoding isn't UTF-8."""
    text = readable(json.dumps(value, ensure_ascii=False))
    if (encoding or "").lower().replace("-", "") not in ("utf8", "utf8sig"):
        return json.dumps(json.loads(text))
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _escape(sign: str) -> str:
    code = ord(sign)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no text
        return f"\\x{code - 0xDC00:02x}"
    return sign.encode("unicode_escape", "backslashreplace").decode("ascii")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
