"""The expressions: their names, their order, their aliases and their colours. The one source of all four.

The first seven stand in the order of ``fer2013.csv`` (codes 0 to 6); contempt, which FER2013 lacks, comes last.
"""

from __future__ import annotations

from collections.abc import Iterable

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The seven classes of FER2013, in the order of its codes."""

ALL_EMOTIONS = (*EMOTIONS, "contempt")
"""The seven and contempt, which CK+, FER+ and AffectNet also have."""

ALIASES = {
    "angry": ("anger", "an", "ang"),
    "disgust": ("disgusted", "di", "dis"),
    "fear": ("fearful", "afraid", "scared", "fe", "fea"),
    "happy": ("happiness", "joy", "joyful", "smile", "ha", "hap"),
    "sad": ("sadness", "sa"),
    "surprise": ("surprised", "su", "sur", "suprise"),
    "neutral": ("neutrality", "calm", "ne", "neu"),
    "contempt": ("contemptuous", "con"),
}
"""Other spellings met in public data sets, folder names and column heads, by canonical name."""

COLOURS = {
    "angry": "#c8453b",
    "disgust": "#6f8f3d",
    "fear": "#7a5aa6",
    "happy": "#e0a526",
    "sad": "#3f73b5",
    "surprise": "#d9722e",
    "neutral": "#7d8590",
    "contempt": "#a0527d",
}
"""One colour per expression, for charts, boxes and pages."""

_CANONICAL = {alias: name for name in ALL_EMOTIONS for alias in (name, *ALIASES[name])}


def canonical(name: str) -> str | None:
    """Return mien's name for an expression, or None when the name is not known.

    Case, surrounding blanks and a leading number such as ``3_`` or ``03-`` don't count: ``"3_Happiness"`` is ``"happy"``.
    """
    return _CANONICAL.get(name.strip().lower().lstrip("0123456789").strip(" _-."))


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Sort class names in the order of ``ALL_EMOTIONS``; names that aren't expressions follow alphabetically."""
    return tuple(
        sorted(
            set(names), key=lambda name: (ALL_EMOTIONS.index(name) if name in ALL_EMOTIONS else len(ALL_EMOTIONS), name)
        )
    )


def colour(name: str) -> str:
    """Return the colour of an expression as ``#rrggbb``; classes that aren't expressions are slate."""
    return COLOURS.get(name, "#55606e")
