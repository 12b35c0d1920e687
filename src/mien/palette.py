"""The colours: of the classes, of curves, and of pages. The one source for plots, pages, the web page, pictures and the terminal.

The colours of the expressions can be told apart with deuteranopia and protanopia too (simulated after Machado, Oliveira and
Fernandes, 2009, https://doi.org/10.1109/TVCG.2009.113): two of them differ by at least 37 units of CIE76. A test computes it.
Colour is never the only sign: a name, a place or a dash stands beside it.
"""

from __future__ import annotations

import colorsys
import os
from collections.abc import Iterable, Sequence
from functools import lru_cache

EXPRESSIONS = {
    "angry": "#811f21",
    "disgust": "#55d391",
    "fear": "#441b69",
    "happy": "#f8d415",
    "sad": "#2a94ec",
    "surprise": "#dd5022",
    "neutral": "#6d7588",
    "contempt": "#2730c3",
}
"""One colour per expression, for a light ground and for pictures."""

EXPRESSIONS_DARK = {
    "angry": "#ab463b",
    "disgust": "#8beb8f",
    "fear": "#c695ff",
    "happy": "#fff310",
    "sad": "#3755f1",
    "surprise": "#e56e16",
    "neutral": "#676887",
    "contempt": "#ffc1e1",
}
"""The same for a dark ground."""

OWN = (
    "#467deb", "#a8c804", "#1f6549", "#07ccda", "#99c882", "#560dfa", "#1b5b82", "#626c00",
    "#3bae92", "#12b9fa", "#aba541", "#3e3ed3", "#528f54", "#3b8a97", "#1654a4", "#647fbc",
)  # fmt: skip
"""Colours of classes that aren't expressions, in the order of their use, each as far as possible from those before it: two of
the first seven differ by at least 37. They suit a light and a dark ground."""

CURVES = ("#2f5f8f", "#b8622b", "#5a7d3f", "#8a4f9e", "#c23b51", "#2a8c8c", "#9a7b1f", "#6a7078")
"""Colours of curves that aren't of a class; two curves differ in their dashes too."""

DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 1.5, 2)), (0, (10, 3)), (0, (1, 1)), (0, (4, 1, 1, 1, 1, 1)))
"""Line styles of matplotlib, the second sign of a curve; their number has no factor in common with that of ``CURVES``."""

PAGE = {
    "paper": ("#fbfaf6", "#15171a"),
    "card": ("#ffffff", "#1c1f23"),
    "ink": ("#1f2328", "#e5e2dc"),
    "muted": ("#5d636b", "#a3a8b0"),
    "rule": ("#dedad0", "#33373d"),
    "field": ("#8b8f96", "#757b84"),
    "first": ("#2f5f8f", "#82aede"),
    "second": ("#b8622b", "#e0935c"),
    "third": ("#5a7d3f", "#98bd78"),
    "warn": ("#f6ead2", "#332a18"),
    "warn-rule": ("#d09a3a", "#a67c33"),
}
"""Colours of a page on a light and on a dark ground, by the name of their CSS variable."""


def colours(classes: Iterable[str]) -> dict[str, str]:
    """The colour of each class as ``#rrggbb``; no two classes of a set have the same."""
    return dict(_assigned(tuple(dict.fromkeys(classes))))


def colour(name: str, classes: Sequence[str] = ()) -> str:
    """The colour of a class among ``classes``, as ``#rrggbb``; a class that isn't an expression depends on the others."""
    return EXPRESSIONS.get(name) or _assigned((*dict.fromkeys(classes or (name,)),)).get(name) or OWN[0]


@lru_cache(maxsize=64)
def _assigned(classes: tuple[str, ...]) -> dict[str, str]:
    own = sorted(name for name in classes if name not in EXPRESSIONS)
    further = (_spread(number, len(own) - len(OWN)) for number in range(len(own) - len(OWN)))
    given = dict(zip(own, (*OWN, *further), strict=False))
    return {name: EXPRESSIONS.get(name) or given[name] for name in classes}


def _spread(number: int, num: int) -> str:
    """One of ``num`` further colours, evenly around the circle of hues; neighbours differ in lightness."""
    rgb = colorsys.hls_to_rgb(number / num, (0.36, 0.46, 0.56)[number % 3], 0.62)
    return "#" + "".join(f"{round(255 * part):02x}" for part in rgb)


def on_page(value: str) -> str:
    """A class's colour as CSS that suits a light and a dark page."""
    name = next((name for name, own in EXPRESSIONS.items() if own == value), None)
    return f"light-dark({value}, {EXPRESSIONS_DARK[name]})" if name else value


def on_terminal(classes: Iterable[str]) -> dict[str, str]:
    """The colours of the classes on a terminal, whose ground is dark unless ``COLORFGBG`` says that it is light."""
    is_light = os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")
    own = colours(classes)
    return own if is_light else {name: EXPRESSIONS_DARK.get(name, value) for name, value in own.items()}


def as_css() -> str:
    """The variables of ``PAGE``."""
    variables = (f"--{name}: light-dark({light}, {dark});" for name, (light, dark) in PAGE.items())
    return f":root {{ color-scheme: light dark; {' '.join(variables)} }}"


def ink(value: str) -> str:
    """Black or white, the one with the higher contrast on a colour ``#rrggbb`` (relative luminance as in WCAG 2)."""
    shares = [int(value[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "white"
