"""Parts that several pages share; ``templates/parts.html.j2`` shows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ScoreCard:
    """A score at the head of a page: its name, its value and interval as shown, and its meaning."""

    name: str
    value: str
    interval: str
    meaning: str


@dataclass(frozen=True)
class Figure:
    """A drawing as inline SVG, and its caption."""

    svg: str
    caption: str


@dataclass(frozen=True)
class TableRow:
    """A row of a table: its name, its cells as shown, and the colour of its class; ``""`` if it isn't of a class."""

    name: str
    cells: tuple[str, ...]
    colour: str = ""


@dataclass(frozen=True)
class Tile:
    """A picture as a data URL with its description, title and note; the note may be empty."""

    address: str
    alt: str
    title: str
    note: str = ""


@dataclass(frozen=True)
class HeatCell:
    """A cell of a table that is shaded by its value.

    Attributes:
        text, minor: what it shows, the second one small; the second may be empty.
        shade: from -1 to 1: how strongly it is shaded, below 0 in the second colour.
        title: all of it in words, shown when the pointer is over it.
        is_marked: whether it is set in bold.
        faces: which faces it counts, as ``explore.select`` writes it; ``""`` if it has none to show.
    """

    text: str
    minor: str = ""
    shade: float = 0.0
    title: str = ""
    is_marked: bool = False
    faces: str = ""

    @property
    def step(self) -> str:
        """The CSS class of the shade: ``gain`` or ``loss``, in twenty steps."""
        number = min(20, round(20 * abs(self.shade)))
        return f"{'gain' if self.shade > 0 else 'loss'} s{number}" if number else ""


@dataclass(frozen=True)
class HeatRow:
    """A row of such a table: its name, the colour of its class or ``""``, and its cells."""

    name: str
    cells: tuple[HeatCell, ...]
    colour: str = ""
    title: str = ""


@dataclass(frozen=True)
class HeatTable:
    """A table whose cells are shaded: a label, the head of its first column, its other heads, rows, and a caption."""

    label: str
    corner: str
    heads: tuple[str, ...]
    rows: tuple[HeatRow, ...]
    caption: str
