from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

import mien
from mien import checks
from mien.checks import Between, OneOf, checked
from mien.errors import ArgumentError

GOOD: list[tuple[object, Any]] = [
    (True, bool),
    (3, int),
    (np.int64(3), int),
    (3, float),
    (0.5, float),
    (np.float32(0.5), float),
    ("a", str),
    ("fp32", Literal["fp32", "bf16"]),
    ((0.9, 1), tuple[float, float]),
    (("a", "b"), tuple[str, ...]),
    (object(), Any),
    (None, str | None),
    ("a", str | os.PathLike[str]),
    (Path("a"), str | os.PathLike[str]),
    (7, Annotated[int, Between(0, 7)]),
    ("auto", Annotated[str, OneOf(("auto", "cpu"))]),
    (np.zeros(2), NDArray[np.uint8]),
    (len, Callable[[str], int]),
    (("a", "b"), tuple[str, ...]),
    (["a"], Sequence[str]),
    (["anything"], "unknown"),
]

BAD: list[tuple[object, Any]] = [
    ("no", bool),
    (1, bool),
    (True, int),
    (3.0, int),
    ("3", int),
    (True, float),
    ("0.5", float),
    (float("nan"), float),
    (float("inf"), float),
    (10**400, float),
    ("a", tuple[str, ...]),
    (("a", 1), tuple[str, ...]),
    (b"a", str),
    (None, str),
    ("fp16", Literal["fp32", "bf16"]),
    (1, Literal[True]),
    ([0.9, 1.1], tuple[float, float]),
    ((0.9,), tuple[float, float]),
    ((0.9, "1"), tuple[float, float]),
    (3, str | None),
    (3, str | os.PathLike[str]),
    (8, Annotated[int, Between(0, 7)]),
    ("gpu", Annotated[str, OneOf(("auto", "cpu"))]),
    ([[0]], NDArray[np.uint8]),
    ("len", Callable[[str], int]),
    ("a", Sequence[str]),
    ({"a"}, Sequence[str]),
    (("a", 1), Sequence[str]),
    (None, tuple[str, ...]),
    ("a", Path),
]


@pytest.mark.parametrize(("value", "kind"), GOOD)
def test_what_an_annotation_asks_for_fits(value: object, kind: Any) -> None:
    assert checks.fits(value, kind)


@pytest.mark.parametrize(("value", "kind"), BAD)
def test_anything_else_does_not_fit(value: object, kind: Any) -> None:
    assert not checks.fits(value, kind)
    assert checks.in_words(kind)


@dataclass
class Sample:
    share: float
    num: Annotated[int, Between(1, 5)] = 1


def test_fields_are_checked_and_named() -> None:
    checks.check_fields(Sample(0.5), ArgumentError)
    with pytest.raises(ArgumentError, match=r"^num=9 doesn't fit: it must be a whole number from 1 to 5\.$"):
        checks.check_fields(Sample(0.5, 9), ArgumentError)
    with pytest.raises(ArgumentError, match=r"^x\.share=0\.5"):  # JSON knows Python's own numbers only
        checks.check_fields(Sample(np.float32(0.5)), ArgumentError, "x.")  # type: ignore[arg-type]


def test_arguments_are_checked_at_each_call_wherever_they_stand() -> None:
    @checked
    def half(value: int, *, name: Literal["a", "b"] = "a") -> float:
        return value / 2

    assert half(3, name="b") == 1.5
    assert half(value=2) == 1.0
    with pytest.raises(ArgumentError, match=r"^value='3' doesn't fit: it must be a whole number\.$"):
        half("3")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="name='c' doesn't fit: it must be one of a, b"):
        half(3, name="c")  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"threads": -1}, {"threads": "2"}, {"decision": 3}, {"threads": True}])
def test_a_models_arguments_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        mien.load("tiny", **wrong)
    tiny = mien.load("tiny")
    with pytest.raises(ArgumentError, match="batch_size=0"):
        tiny.probabilities(np.zeros((1, 48, 48), np.uint8), batch_size=0)
    with pytest.raises(ArgumentError, match="faces="):
        tiny.probabilities([[[0]]])  # type: ignore[arg-type]


def test_each_item_of_a_list_is_checked() -> None:
    @checks.checked
    def compare(models: Sequence[str | os.PathLike[str]], *, flip: bool = False) -> int:
        return len(models)

    assert compare(["a", Path("b")]) == 2
    for wrong in ("tiny", ["tiny", 5], 5):
        with pytest.raises(ArgumentError, match=r"it must be a list \(each a string or a path\)\.$"):
            compare(wrong)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="of compare don't fit: missing a required argument: 'models'; options are"):
        compare()  # type: ignore[call-arg]
    with pytest.raises(
        ArgumentError, match="of compare don't fit: too many positional arguments; options are keywords"
    ):
        compare(["a"], True)  # type: ignore[call-arg]
