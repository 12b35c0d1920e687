from __future__ import annotations

import pytest

from mien import emotions


def test_the_order_is_that_of_fer2013_codes() -> None:
    assert emotions.EMOTIONS == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("anger", "angry"),
        ("Happiness", "happy"),
        (" SAD ", "sad"),
        ("3_Happiness", "happy"),
        ("06-neutral", "neutral"),
        ("contempt", "contempt"),
    ],
)
def test_aliases(name: str, canonical: str) -> None:
    assert emotions.canonical(name) == canonical


@pytest.mark.parametrize("name", ["", "cat", "7", "un happy"])
def test_unknown_names_are_none(name: str) -> None:
    assert emotions.canonical(name) is None


def test_no_alias_belongs_to_two_expressions() -> None:
    names = [alias for name, aliases in emotions.ALIASES.items() for alias in (name, *aliases)]
    assert len(names) == len(set(names))


def test_order_puts_expressions_first() -> None:
    assert emotions.in_order(["zebra", "neutral", "angry", "apple"]) == ("angry", "neutral", "apple", "zebra")
