"""Plain text tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mien import escapes


def render(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table: columns of numbers are right-aligned, others left-aligned, with two blanks between.

    Args:
        heads: one title per column.
        rows: the cells; each row has one per column.
    """
    rows = [[escapes.visible(cell) for cell in row] for row in rows]
    columns = list(zip(*rows, strict=True)) or [()] * len(heads)
    widths = [max(len(cell) for cell in (head, *column)) for head, column in zip(heads, columns, strict=True)]
    numeric = [bool(column) and all(is_number(cell) for cell in column) for column in columns]

    def line(cells: Sequence[str]) -> str:
        padded = zip(cells, widths, numeric, strict=True)
        return "  ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in padded).rstrip()

    return "\n".join([line(heads), "  ".join("-" * width for width in widths), *(line(row) for row in rows)])


def matrix(names: Sequence[str], counts: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> str:
    """A confusion matrix: true class by row, predicted class by column."""
    return render(
        ["true \\ predicted", *names],
        [[name, *(f"{count:,}" for count in row)] for name, row in zip(names, counts, strict=True)],
    )


def is_number(cell: str) -> bool:
    """Whether a cell starts as a number does, or is empty or a dash."""
    return not cell or cell == "–" or cell[0].isdigit() or (cell[0] in "+-−<>" and cell[1:2].isdigit())
