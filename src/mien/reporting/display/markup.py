"""HTML of results in notebooks: small tables and pictures without scripts, readable on light and dark backgrounds.

Colours of text and background are those of the notebook; rules and tints are half transparent. Every text is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mien import escapes, tables

RULE = "rgba(128,128,128,.45)"
"""Colour of rules."""

TINT = "79,134,184"
"""Red, green and blue of bars and tinted cells."""

MOST_ROWS = 20
"""Most rows of a table in a notebook; the data frame has all."""


def text(value: object) -> str:
    """A value as escaped text; invisible characters are shown by their codes."""
    return escape(escapes.visible(str(value)))


def block(*parts: str) -> str:
    """Parts below each other."""
    return f'<div style="font-size:.92em;line-height:1.45">{"".join(parts)}</div>'


def title(value: object) -> str:
    """A heading."""
    return f'<div style="font-weight:600;margin:.2em 0">{text(value)}</div>'


def line(value: object) -> str:
    """A line of text."""
    return f'<div style="margin:.2em 0">{text(value)}</div>'


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts; columns of numbers are right-aligned, and rows after ``MOST_ROWS`` are counted."""
    columns = list(zip(*rows, strict=True)) or [()] * len(heads)
    sides = ["right" if column and all(map(tables.is_number, column)) else "left" for column in columns]
    top = _row("th", [text(head) for head in heads], [f"text-align:{side}" for side in sides])
    body = [
        _row("td", [text(cell) for cell in row], [f"text-align:{side}" for side in sides]) for row in rows[:MOST_ROWS]
    ]
    more = line(f"+ {len(rows) - MOST_ROWS:,}") if len(rows) > MOST_ROWS else ""
    return _table(top, body) + more


def matrix(corner: str, names: Sequence[str], cells: Sequence[Sequence[str]], shares: Sequence[Sequence[float]]) -> str:
    """A square table whose cells are tinted by their shares, 0 to 1."""
    ends = ["text-align:left", *["text-align:right"] * len(names)]
    top = _row("th", [text(corner), *map(text, names)], ends)
    body = [
        _row("td", [text(name), *map(text, row)], ["text-align:left", *map(_tinted, tints)])
        for name, row, tints in zip(names, cells, shares, strict=True)
    ]
    return _table(top, body)


def bars(names: Sequence[str], shares: Sequence[float], cells: Sequence[str]) -> str:
    """A bar for each name, as long as its share of 1, with a text behind."""
    body = []
    for name, share, cell in zip(names, shares, cells, strict=True):
        bar = f'<div style="width:{100 * min(max(share, 0), 1):.1f}px;height:.7em;background:rgb({TINT})"></div>'
        body.append(
            _row("td", [text(name), bar, text(cell)], ["text-align:left", "min-width:104px", "text-align:right"])
        )
    return _table("", body)


def picture(url: str, caption: str) -> str:
    """A picture with its caption, to stand in a row of such."""
    shown = text(caption)
    return (
        '<figure style="display:inline-block;margin:.2em .5em .2em 0;text-align:center;vertical-align:top">'
        f'<img src="{escape(url)}" alt="{shown}" style="max-width:96px"><figcaption>{shown}</figcaption></figure>'
    )


def preformatted(value: str) -> str:
    """A text of several lines in a fixed-width font."""
    return f'<pre style="background:none;color:inherit;white-space:pre-wrap">{escape(escapes.visible(value, lines=True))}</pre>'


def _tinted(share: float) -> str:
    return f"text-align:right;background:rgba({TINT},{0.75 * min(max(share, 0), 1):.3f})"


def _table(top: str, body: Sequence[str]) -> str:
    head = f"<thead>{top}</thead>" if top else ""
    return f'<table style="border-collapse:collapse;margin:.4em 0">{head}<tbody>{"".join(body)}</tbody></table>'


def _row(tag: str, cells: Sequence[str], styles: Sequence[str]) -> str:
    rule = f";border-bottom:1px solid {RULE}" if tag == "th" else ""
    made = (
        f'<{tag} style="padding:.1em .6em;{style}{rule}">{cell}</{tag}>'
        for cell, style in zip(cells, styles, strict=True)
    )
    return f"<tr>{''.join(made)}</tr>"
