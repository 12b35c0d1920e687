"""Plain text tables for the terminal: they fit 80 columns, and use more where there are more.

Where a table has no room, cells are wrapped at blanks; if that isn't enough, further columns stand in a table below. Colour
shows only on a terminal, and not if ``NO_COLOR`` is set (https://no-color.org).
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mien import escapes

if TYPE_CHECKING:
    import numpy as np

GAP = "  "

_SHADED = re.compile(f"[{escapes.BLOCKS}]+")


def room() -> int:
    """Columns of the terminal; 80 where there is none, or it doesn't tell."""
    return shutil.get_terminal_size((80, 24)).columns


def is_colourful() -> bool:
    """Whether standard output is a terminal that shows colour and has the signs, and the user wants it."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    try:
        escapes.BLOCKS.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def wrapped(text: str) -> str:
    """Sentences that are wider than the terminal, wrapped at blanks; lines of tables stay as they are."""
    lines = (
        textwrap.fill(line, room(), break_long_words=False, break_on_hyphens=False)
        if wide(line) > room() and GAP not in line
        else line
        for line in text.split("\n")
    )
    return "\n".join(lines)


def bar(share: float, length: int = 10) -> str:
    """A bar of block characters, in steps of an eighth of a character."""
    eighths = round(min(1.0, max(0.0, share)) * length * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + " ▏▎▍▌▋▊▉"[rest].strip()).ljust(length)


def render(heads: Sequence[str], rows: Sequence[Sequence[str]], colours: Sequence[str] = (), *, named: int = 0) -> str:
    """Lay out a table: columns of numbers are right-aligned, others left-aligned, with two blanks between.

    Args:
        heads: one title per column.
        rows: the cells; each row has one per column.
        colours: one ``#rrggbb`` per row, ``""`` for none, for its bars and for a sign before its name; they show on a terminal only.
        named: the column of the names.
    """
    shown = [[escapes.visible(cell) for cell in row] for row in rows]
    if colours and is_colourful():
        signed = [f"■ {row[named]}" if colour else row[named] for row, colour in zip(shown, colours, strict=True)]
        shown = [[*row[:named], sign, *row[named + 1 :]] for row, sign in zip(shown, signed, strict=True)]
    painted = list(colours) if is_colourful() else []
    columns = [[head, *(row[place] for row in shown)] for place, head in enumerate(heads)]
    return "\n\n".join(_block([columns[place] for place in places], painted) for places in _blocks(columns))


def _blocks(columns: Sequence[Sequence[str]]) -> list[list[int]]:
    """The columns of each table: all, or as many as fit behind the first one when their cells are wrapped."""
    least = [_least(column) for column in columns]
    blocks, used = [[0]], least[0]
    for place in range(1, len(columns)):
        if used + len(GAP) + least[place] > room() and len(blocks[-1]) > 1:
            blocks.append([0])
            used = least[0]
        blocks[-1].append(place)
        used += len(GAP) + least[place]
    return blocks


def _block(columns: Sequence[Sequence[str]], colours: Sequence[str]) -> str:
    widths = _fitted([max(map(wide, column)) for column in columns], [_least(column) for column in columns])
    numeric = [len(column) > 1 and all(is_number(cell) for cell in column[1:]) for column in columns]
    lines = []
    for place, row in enumerate(zip(*columns, strict=True)):
        cells = [_wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
        for part in range(max(map(len, cells))):
            texts = [cell[part] if part < len(cell) else "" for cell in cells]
            aligned = [_aligned(*one) for one in zip(texts, widths, numeric, strict=True)]
            line = GAP.join(aligned).rstrip()
            colour = colours[place - 1] if place and colours else ""
            lines.append(_painted(line, colour) if colour else line)
        if not place:
            lines.append(GAP.join("-" * width for width in widths))
    return "\n".join(lines)


def _fitted(widths: list[int], least: Sequence[int]) -> list[int]:
    """The widths, the widest narrowed until all fit or none can be narrowed further."""
    widths = list(widths)
    while sum(widths) + len(GAP) * (len(widths) - 1) > room():
        spare = [width - small for width, small in zip(widths, least, strict=True)]
        if not any(spare):
            break
        widths[max((place for place, one in enumerate(spare) if one), key=widths.__getitem__)] -= 1
    return widths


def _least(column: Sequence[str]) -> int:
    """The width of the longest word."""
    return max((wide(word) for cell in column for word in cell.split()), default=0)


def _wrapped(cell: str, width: int) -> list[str]:
    if wide(cell) <= width:
        return [cell]
    return textwrap.wrap(cell, width, break_long_words=False, break_on_hyphens=False) or [cell]


def _aligned(text: str, width: int, is_right: bool) -> str:
    blanks = " " * (width - wide(text))
    return blanks + text if is_right else text + blanks


def wide(text: str) -> int:
    """The columns that a text takes; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _painted(line: str, colour: str) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return _SHADED.sub(lambda found: f"\x1b[38;2;{red};{green};{blue}m{found[0]}\x1b[0m", line)


def matrix(names: Sequence[str], counts: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> str:
    """A confusion matrix: true class by row, predicted class by column."""
    return render(
        ["true \\ predicted", *names],
        [[name, *(f"{count:,}" for count in row)] for name, row in zip(names, counts, strict=True)],
    )


def is_number(cell: str) -> bool:
    """Whether a cell starts as a number does, or is empty or a dash."""
    return not cell or cell == "–" or cell[0].isdigit() or (cell[0] in "+-−<>" and cell[1:2].isdigit())
