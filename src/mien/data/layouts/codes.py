"""Numeric codes of expressions in public data sets. They all differ, so a coding is never assumed without a note."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from mien import emotions
from mien.data.source import ChosenCoding
from mien.errors import DataError


@dataclass(frozen=True)
class Coding:
    """A coding: which number is which expression.

    Attributes:
        name: name for ``--coding``.
        title: name in messages.
        classes: the class of each code.
        optional: codes that data in this coding often lacks.
        none: codes without an expression, with their meaning; rows with them are dropped.
    """

    name: str
    title: str
    classes: Mapping[str, str]
    optional: frozenset[str] = frozenset()
    none: Mapping[str, str] = field(default_factory=dict)

    def covers(self, codes: Collection[str]) -> bool:
        """Whether it has all these codes."""
        return set(codes) <= self.classes.keys() | self.none.keys()

    def fits(self, codes: Collection[str]) -> bool:
        """Whether it has exactly these codes."""
        return self.covers(codes) and self.classes.keys() - self.optional <= set(codes)

    @property
    def of_layout(self) -> ChosenCoding:
        """The choice for a layout with this coding."""
        return ChosenCoding(self.name, "layout", self.classes)

    @property
    def legend(self) -> str:
        """The coding as text: ``0 angry, 1 disgust, …``."""
        return ", ".join(f"{code} {name}" for code, name in self.classes.items())

    @property
    def span(self) -> str:
        """The range of its codes: ``0-6``."""
        codes = list(map(int, self.classes))
        return f"{min(codes)}-{max(codes)}"


_MIN_EXPRESSIONS = 5
_WORDS = {name[:2]: name for name in emotions.ALL_EMOTIONS}


def _numbered(order: str, first: int = 0) -> dict[str, str]:
    return {str(first + place): _WORDS[word] for place, word in enumerate(order.split())}


_AN_TO_SU = "an di fe ha ne sa su"
_AN_TO_SU_8 = "an co di fe ha ne sa su"

FER2013 = Coding("fer2013", "FER2013", _numbered("an di fe ha sa su ne"))
"""``fer2013.csv``, and course tables made from it."""

RAF_DB = Coding("rafdb", "RAF-DB", _numbered("su fe di ha sa an ne", 1))
"""``list_patition_label.txt``."""

AFFECTNET = Coding(
    "affectnet",
    "AffectNet",
    _numbered("ne ha sa su fe di an co"),
    frozenset("7"),
    {"8": "none", "9": "uncertain", "10": "no face"},
)
"""The column ``expression``."""

FERPLUS = Coding(
    "ferplus", "FER+", _numbered("ne ha su sa an di fe co"), frozenset("7"), {"8": "unknown", "9": "no face"}
)
"""The order of the columns of ``fer2013new.csv``."""

CK_PLUS = Coding("ckplus", "CK+", _numbered("ne an co di fe ha sa su"), frozenset("0"))
"""The files ``Emotion/*_emotion.txt`` of the original CK+."""

CODINGS = (
    FER2013,
    RAF_DB,
    AFFECTNET,
    FERPLUS,
    CK_PLUS,
    Coding("alphabetical", "alphabetical order", _numbered(_AN_TO_SU)),
    Coding("alphabetical", "alphabetical order with contempt", _numbered(_AN_TO_SU_8)),
    Coding("alphabetical", "alphabetical order from 1", _numbered(_AN_TO_SU, 1)),
    Coding("alphabetical", "alphabetical order with contempt from 1", _numbered(_AN_TO_SU_8, 1)),
    Coding("fer2013-from-1", "FER2013 from 1", _numbered("an di fe ha sa su ne", 1)),
    Coding("rafdb-from-0", "RAF-DB from 0", _numbered("su fe di ha sa an ne")),
    Coding("affectnet-from-1", "AffectNet from 1", _numbered("ne ha sa su fe di an co", 1), frozenset("8")),
    Coding("ferplus-from-1", "FER+ from 1", _numbered("ne ha su sa an di fe co", 1), frozenset("8")),
    Coding("ck48", "CK+48's folders in alphabetical order", _numbered("an co di fe ha sa su")),
    Coding("neutral-first", "neutral and then alphabetical order", _numbered("ne an di fe ha sa su")),
    Coding("neutral-first-from-1", "neutral and then alphabetical order from 1", _numbered("ne an di fe ha sa su", 1)),
)
"""The codings of public data sets and of common derivatives."""

OWN = "own"
"""Name of a coding whose codes the user named one by one."""

NAMES = tuple(dict.fromkeys(coding.name for coding in CODINGS))
"""Values of ``--coding``, beside pairs such as ``0=angry,1=happy``."""


def plain(code: str) -> str:
    """Normalise a code: ``" 3"``, ``"03"``, ``"3.0"`` and ``"3,0"`` are ``"3"``; other text is only stripped."""
    text = code.strip()
    whole = text.removesuffix(".0").removesuffix(",0")
    return str(int(whole)) if whole.isdecimal() and len(whole) < 10 else text


def fitting(codes: Collection[str]) -> list[Coding]:
    """The codings that have exactly these codes."""
    return [coding for coding in CODINGS if coding.fits(codes)]


def stated(text: str, codes: Collection[str]) -> Coding:
    """The coding given by ``--coding``, by name or by pairs such as ``0=neutral,1=smile``.

    Args:
        text: value of the option.
        codes: codes of the data, which select between the alphabetical orders of seven and of eight names.

    Raises:
        DataError: there is no such coding.
    """
    if "=" in text:
        return _of_pairs(text)
    wanted = re.sub(r"[^a-z0-9]", "", text.lower().replace("+", "plus"))
    named = [coding for coding in CODINGS if coding.name.replace("-", "") == wanted]
    if not named:
        raise DataError(
            f"There is no coding '{text}': choose one of {', '.join(NAMES)}, or name each code, as in 0=angry,1=happy."
        )
    return next((coding for coding in named if coding.fits(codes)), named[0])


SAID_BY_COLUMNS = replace(FER2013.of_layout, by="columns")
"""The coding implied by the columns ``emotion`` and ``Usage``: FER2013's, unless the faces contradict it.

Sets of FER2013's rows with other labels, such as those of FER+, often keep these column names and ``PublicTest``.
"""


def in_words(codes: Collection[str]) -> str:
    """Codes as text: ``1-7`` if none is missing, else ``0, 2, 3``."""
    numbers = sorted(map(int, codes))
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]}-{numbers[-1]}"
    return ", ".join(map(str, numbers))


def _of_pairs(text: str) -> Coding:
    classes: dict[str, str] = {}
    for part in filter(str.strip, text.split(",")):
        code, _, name = (piece.strip() for piece in part.partition("="))
        if not code.isdecimal() or not name:
            raise DataError(f"'{part.strip()}' names no code: write the coding as in 0=angry,1=happy.")
        if plain(code) in classes:
            raise DataError(f"The coding names the code {plain(code)} twice: name it once.")
        classes[plain(code)] = name
    known = [emotions.canonical(name) for name in classes.values()]
    # Two names may be other classes, such as neutral and smile; names that cover most of the seven are the expressions.
    if None not in known and len(set(known)) == len(known) and len(known) >= _MIN_EXPRESSIONS:
        classes = {code: str(name) for code, name in zip(classes, known, strict=True)}
    return Coding(OWN, "the one given", classes)
