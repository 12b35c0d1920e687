from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien import escapes


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("bell\x07 back\x08 delete\x7f", r"bell\x07 back\x08 delete\x7f"),
        ("\x9b2J", r"\x9b2J"),
        ("line\r\nanother\t.", r"line\r\nanother\t."),
        ("a\u202egnp.jpg", r"a\u202egnp.jpg"),
        ("caf\udce9", r"caf\xe9"),
        ("naïve 表情 👪🏽", "naïve 表情 👪🏽"),
    ],
)
def test_controls_are_shown_as_escapes(text: str, shown: str) -> None:
    assert escapes.visible(text) == shown


def test_lines_stay_where_they_are_meant() -> None:
    assert escapes.visible("a\tb\nc\rd", lines=True) == "a\tb\nc\\rd"


def test_coloured_blocks_of_tables_stay_and_no_other_control() -> None:
    painted = "\x1b[38;2;255;0;10m■\x1b[0m happy \x1b[38;2;255;0;10m█▌\x1b[0m\n"
    assert escapes.visible_text(painted) == painted
    assert escapes.visible_text(f"\x1b[2J{painted}\x1b[0m") == rf"\x1b[2J{painted}\x1b[0m"
    hostile = "\x1b[38;2;1;2;3m■\x1b]0;title\x07\x1b[0m"
    assert "\x1b" not in escapes.visible_text(hostile)
    assert "\x1b" not in escapes.visible_text("\x1b[38;2;1;2;3mhappy\x1b[0m")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=HYPERLINK(1).jpg", "'=HYPERLINK(1).jpg"),
        ("+1+cmd|'/C calc'!A0", "'+1+cmd|'/C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1+1", "\\t=1+1"),
        ("a\x1b]b", "a\\x1b]b"),
        ("caf\udce9.jpg", "caf\ufffd.jpg"),
        ("-0.5", "-0.5"),
        ("-", "-"),
        ("a=b", "a=b"),
        (-1.5, -1.5),
        (None, None),
    ],
)
def test_cells_are_no_formulas(value: object, cell: object) -> None:
    assert escapes.cell(value) == cell


@settings(derandomize=True, database=None, deadline=None)
@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_says_the_same_and_commands_no_terminal(value: object) -> None:
    for encoding in ("utf-8", "ascii", None):
        text = escapes.to_json(value, encoding)
        assert json.loads(text) == value
        assert escapes.visible(text) == text
        text.encode(encoding or "ascii")


def test_json_of_names_that_are_no_text() -> None:
    assert escapes.to_json({"photo": "\udcff\x9b"}) == '{"photo": "\ufffd\\u009b"}'
    assert escapes.to_json(["\ud800"]) == '["\ufffd"]'
    assert escapes.to_json({"photo": "\udcffé"}, "ascii") == '{"photo": "\\ufffd\\u00e9"}'


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "−0.2 (−0.7 … +0.2) ≥ “a” 看"),
        ("cp1252", "-0.2 (-0.7 … +0.2) >= “a” 看"),
        ("ascii", '-0.2 (-0.7 ... +0.2) >= "a" 看'),
        (None, '-0.2 (-0.7 ... +0.2) >= "a" 看'),
    ],
)
def test_typographic_signs_are_plain_where_the_encoding_lacks_them(encoding: str | None, shown: str) -> None:
    assert escapes.encodable("−0.2 (−0.7 … +0.2) ≥ “a” 看", encoding) == shown
    assert escapes.encodable("plain", encoding) == "plain"
