"""The numbers that public data sets use for expressions. No two of them agree, which is why none is ever guessed silently."""

from __future__ import annotations

from collections.abc import Collection

from mien import emotions
from mien.errors import DataError

FER2013 = {str(code): name for code, name in enumerate(emotions.EMOTIONS)}
"""``fer2013.csv``, and the course tables made of it."""

RAF_DB = {"1": "surprise", "2": "fear", "3": "disgust", "4": "happy", "5": "sad", "6": "angry", "7": "neutral"}
"""``list_patition_label.txt``."""

AFFECTNET = {
    "0": "neutral", "1": "happy", "2": "sad", "3": "surprise", "4": "fear", "5": "disgust", "6": "angry",
    "7": "contempt",
}  # fmt: skip
"""The column ``expression``; 8 to 10 are no expressions, see ``AFFECTNET_NONE``."""

AFFECTNET_NONE = {"8": "none", "9": "uncertain", "10": "no face"}
"""What AffectNet marks with the codes that are no expressions."""


def plain(code: str) -> str:
    """A code as written by any tool: ``" 3"``, ``"03"`` and ``"3.0"`` are ``"3"``; what is no number only loses its blanks."""
    text = code.strip()
    whole = text.removesuffix(".0")
    return str(int(whole)) if whole.isdecimal() and len(whole) < 10 else text


def coding(codes: Collection[str]) -> tuple[str, dict[str, str]] | None:
    """Tell which coding a set of numbers follows: FER2013's starts at 0 and ends at 6, RAF-DB's at 1 and 7.

    Returns:
        Its name and its map; None where 0 and 7 are both there or both missing, since then it can't be told.
    """
    met = {plain(code) for code in codes}
    if ("0" in met) == ("7" in met):
        return None
    return ("FER2013", FER2013) if "0" in met else ("RAF-DB", RAF_DB)


def meaning(values: Collection[str], where: str) -> tuple[dict[str, str] | None, str]:
    """What the labels of a list mean, judged by all of them at once.

    Returns:
        The map from code to class and a note that says so; None and an empty note where labels are names.

    Raises:
        DataError: the labels are the numbers 0 to 7, which no known coding has.
    """
    met = {plain(value) for value in values}
    numbers = {value for value in met if value.isdecimal()}
    if not numbers or any(emotions.canonical(value) for value in met - numbers):
        return None, ""
    if {"0", "7"} <= numbers:
        raise DataError(
            f"{where} has labels from 0 to 7 without names, and no known coding has both (0-6 is FER2013's,"
            " 1-7 is RAF-DB's): write the names of the classes instead."
        )
    name, code_map = coding(numbers) or ("FER2013", FER2013)
    return code_map, f"The labels are numbers; they were taken for {name}'s codes: {legend(code_map)}."


def legend(code_map: dict[str, str]) -> str:
    """A coding in words: ``0 angry, 1 disgust, …``."""
    return ", ".join(f"{code} {name}" for code, name in code_map.items())
