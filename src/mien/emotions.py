"""The expressions: their names, their order and their aliases. The one source of all three; ``palette`` has their colours.

The first seven stand in the order of ``fer2013.csv`` (codes 0 to 6); contempt, which FER2013 lacks, comes last.
"""

from __future__ import annotations

from collections.abc import Iterable

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The seven classes of FER2013, in the order of its codes."""

ALL_EMOTIONS = (*EMOTIONS, "contempt")
"""The seven and contempt, which CK+, FER+ and AffectNet also have."""

FEW = 5
"""With so many of the expressions among its classes, a set is one of expressions even if it has classes of its own too."""

ALIASES = {
    "angry": ("anger", "an", "ang"),
    "disgust": ("disgusted", "di", "dis"),
    "fear": ("fearful", "afraid", "scared", "fe", "fea"),
    "happy": ("happiness", "joy", "joyful", "ha", "hap"),
    "sad": ("sadness", "sa"),
    "surprise": ("surprised", "su", "sur", "suprise"),
    "neutral": ("neutrality", "ne", "neu"),
    "contempt": ("contemptuous", "con"),
}
"""Other spellings met in public data sets, folder names and column heads, by canonical name."""

_CANONICAL = {alias: name for name in ALL_EMOTIONS for alias in (name, *ALIASES[name])}


def canonical(name: str) -> str | None:
    """Return mien's name for an expression, or None when the name is not known.

    Case, surrounding blanks and a leading number such as ``3_`` or ``03-`` don't count: ``"3_Happiness"`` is ``"happy"``.
    """
    return _CANONICAL.get(name.strip().lower().lstrip("0123456789").strip(" _-."))


def naming(names: Iterable[str]) -> dict[str, str]:
    """What the classes of a set of faces are called, judged by all of its class names together.

    A set of expressions as in FER2013, all of whose names are known or at least five of its classes and most of its names, gets
    mien's names: ``"Happiness"`` is ``"happy"``. Any other set keeps its own: ``joy`` beside ``boredom`` and ``pain`` stays ``joy``.
    Names that differ in nothing but case are one.

    Returns:
        Each name as given, with what it is called.
    """
    given = sorted(set(names))
    words = [name for name in given if not name.strip().isdecimal()]  # numbers are named otherwise
    known = [name for name in words if canonical(name)]
    is_fer = len(known) == len(words) or (len({*map(canonical, known)}) >= FEW and 2 * len(known) > len(words))
    first: dict[str, str] = {}
    for name in given:
        first.setdefault(name.strip().casefold(), name.strip())
    own = {name: first[name.strip().casefold()] for name in given}
    return {name: canonical(name) or own[name] for name in given} if is_fer else own


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Sort class names in the order of ``ALL_EMOTIONS``; names that aren't expressions follow alphabetically."""
    return tuple(
        sorted(
            set(names), key=lambda name: (ALL_EMOTIONS.index(name) if name in ALL_EMOTIONS else len(ALL_EMOTIONS), name)
        )
    )
