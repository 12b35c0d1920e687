"""Fields as text, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from mien.checks import Between
from mien.errors import RecipeError
from mien.recipes import parsing


@dataclass(frozen=True)
class Some:
    name: str = ""
    augment: str = ""
    steps: Annotated[int, Between(1, 9), "Steps."] = 1
    rate: Annotated[float, Between(0, 1), "Rate."] = 0.1
    is_fast: bool = False
    kind: Literal["sgd", "adamw"] = "sgd"
    span: tuple[float, float] = (0.0, 1.0)
    path: str = ""


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), (3e-05, "3e-05"), (True, "true"), (False, "false"), ((0.9, 1.1), "0.9,1.1"), ("a b", "a b")],
)
def test_values_are_written_as_one_types_them(value: object, text: str) -> None:
    assert parsing.as_text(value) == text


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("steps", " 12 ", 12), ("rate", "5e-4", 0.0005), ("rate", "1", 1.0), ("is_fast", "YES", True), ("is_fast", "0", False),
        ("kind", "adamw", "adamw"), ("span", "0.5, 2", (0.5, 2.0)), ("path", " a,b ", "a,b"),
    ],
)  # fmt: skip
def test_text_is_read_by_the_type_of_the_field(name: str, text: str, value: object) -> None:
    read: Any = parsing.parse(Some, name, text, "")
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("steps", "1.5", "x.steps=1.5 doesn't fit: it must be a whole number"),
        ("is_fast", "maybe", "x.is_fast=maybe doesn't fit: it must be true or false"),
        ("kind", "SGD", "x.kind=SGD doesn't fit: it must be one of sgd, adamw"),
        ("span", "1,2,3", "x.span=1,2,3 doesn't fit: it must be two numbers with a comma"),
        ("speed", "3", "There is no setting 'x.speed': choose x.steps, x.rate, x.is_fast, x.kind, x.span, x.path."),
        ("name", "own", "There is no setting 'x.name'"),
        ("augment", "own", "There is no setting 'x.augment'"),
    ],
)
def test_text_that_does_not_fit_says_what_would(name: str, text: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parsing.parse(Some, name, text, "x.")
    assert str(caught.value).startswith(message)
