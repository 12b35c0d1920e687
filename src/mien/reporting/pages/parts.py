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
