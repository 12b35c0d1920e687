from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien import typed_json
from mien.checks import Between, check_fields
from mien.errors import ArgumentError


@dataclass(frozen=True)
class Point:
    x: int
    y: float = 0.5


@dataclass(frozen=True)
class Bounded:
    share: Annotated[float, Between(0, 1)]

    def __post_init__(self) -> None:
        check_fields(self, ArgumentError)


@dataclass(frozen=True)
class Own:
    """Makes its own JSON."""

    words: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"joined": " ".join(self.words)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Own:
        if values["joined"] == "refused":
            raise ArgumentError("these words are refused")
        return cls(tuple(values["joined"].split()))


@dataclass(frozen=True)
class Everything:
    text: str
    whole: int
    number: float
    truth: bool
    nothing: None
    anything: Any
    kind: Literal["a", "b"]
    points: tuple[Point, ...]
    shares: Mapping[str, float]
    perhaps: Point | None = None
    either: int | str = 0
    own: Own = Own(())
    names: tuple[str, ...] = ()
    bounds: tuple[Bounded, ...] = ()
    table: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


WHOLE = Everything(
    text="表情",
    whole=-3,
    number=1e-9,
    truth=False,
    nothing=None,
    anything={"any": [1, None, "x"]},
    kind="b",
    points=(Point(1, 2.5), Point(-1)),
    shares={"a": 0.25},
    perhaps=Point(7),
    either="text",
    own=Own(("two", "words")),
    names=("x",),
    bounds=(Bounded(0.5),),
    table={"row": (1, 2)},
)


def plain(**changes: Any) -> dict[str, Any]:
    """``WHOLE`` as JSON, changed."""
    return {**typed_json.to_json(WHOLE), **changes}


def test_what_is_written_is_read() -> None:
    text = json.dumps(typed_json.to_json(WHOLE), allow_nan=False)
    assert typed_json.parse(text, Everything) == WHOLE


def test_plain_values_are_json() -> None:
    told = typed_json.to_json(WHOLE)
    assert told["points"] == [{"x": 1, "y": 2.5}, {"x": -1, "y": 0.5}]
    assert told["own"] == {"joined": "two words"}
    assert told["table"] == {"row": [1, 2]}
    assert typed_json.to_json([Point(1)]) == [{"x": 1, "y": 0.5}]
    assert typed_json.to_json(Point) is Point  # a class is no record


def test_fields_that_json_has_not_are_neither_written_nor_read() -> None:
    @dataclass(frozen=True)
    class Partly:
        x: int
        faces: object = field(default=None, metadata={"in_json": False})

    assert typed_json.to_json(Partly(1, faces=object())) == {"x": 1}
    assert typed_json.from_json({"x": 1, "faces": "hostile"}, Partly) == Partly(1)


def test_fields_with_a_default_may_be_absent_and_unknown_keys_are_passed_over() -> None:
    needed = ("text", "whole", "number", "truth", "nothing", "anything", "kind", "points", "shares")
    read = typed_json.from_json({key: plain()[key] for key in needed} | {"from_later": [1]}, Everything)
    assert (read.perhaps, read.either, read.names, read.table) == (None, 0, (), {})
    assert typed_json.from_json({"x": 1, "y": 2, "z": 3}, Point) == Point(1, 2.0)


def test_whole_numbers_are_numbers_and_become_them() -> None:
    read = typed_json.from_json(2, float)
    assert (read, type(read)) == (2.0, float)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": 5}, "text should be a string"),
        ({"text": None}, "text should be a string"),
        ({"whole": 1.0}, "whole should be a whole number"),
        ({"whole": True}, "whole should be a whole number"),
        ({"whole": "1"}, "whole should be a whole number"),
        ({"number": "1"}, "number should be a number"),
        ({"number": True}, "number should be a number"),
        ({"number": math.nan}, "number should be a number"),
        ({"number": math.inf}, "number should be a number"),
        ({"number": 10**400}, "number should be a number"),
        ({"truth": 1}, "truth should be true or false"),
        ({"nothing": 0}, "nothing should be null"),
        ({"kind": "c"}, "kind should be one of a, b"),
        ({"kind": ["a"]}, "kind should be one of a, b"),
        ({"points": {}}, "points should be a list"),
        ({"points": [5]}, "each of points should be an object"),
        ({"points": [{"x": 1}, {"x": None}]}, "x should be a whole number"),
        ({"points": [{"y": 1}]}, "each of points lacks 'x'"),
        ({"shares": []}, "shares should be an object"),
        ({"shares": {"angry": "much"}}, "angry should be a number"),
        ({"perhaps": []}, "perhaps should be an object"),
        ({"perhaps": {}}, "perhaps lacks 'x'"),
        ({"either": 0.5}, "either should be a string"),
        ({"own": 5}, "own should be an object"),
        ({"own": {}}, "own doesn't fit: 'joined'"),
        ({"own": {"joined": 5}}, "own doesn't fit: .*'int' object"),
        ({"own": {"joined": "refused"}}, "own doesn't fit: these words are refused"),
        ({"names": "abc"}, "names should be a list"),
        ({"names": [["abc"]]}, "each of names should be a string"),
        ({"bounds": [{"share": 2}]}, r"share=2\.0 doesn't fit: it must be a number from 0 to 1"),
        ({"table": {"row": [1, "2"]}}, "each of row should be a whole number"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        typed_json.parse(json.dumps(plain(**changes)), Everything)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ("5", "it should be an object"),
        ("null", "it should be an object"),
        ("[]", "it should be an object"),
        ("{}", "it lacks 'x'"),
        ("[" * 100_000, "it is nested too deeply"),
        ('{"x":' * 100_000, "it is nested too deeply"),
        ('{"x": ' + "9" * 5000 + "}", "Exceeds the limit"),
    ],
)
def test_texts_that_are_no_record(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        typed_json.parse(text, Point)


def test_none_is_taken_only_where_it_may_be() -> None:
    assert typed_json.from_json(None, Point | None) is None
    assert typed_json.from_json({"x": 1}, Point | None) == Point(1)
    with pytest.raises(ValueError, match="it should be an object"):
        typed_json.from_json(None, Point)


def test_a_union_takes_each_of_its_kinds() -> None:
    assert [typed_json.from_json(value, int | str | None) for value in (5, "5", None)] == [5, "5", None]


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(sorted(typed_json.to_json(WHOLE))), json_values)
def test_any_value_is_read_as_it_is_or_refused(key: str, value: Any) -> None:
    said = ""
    try:
        read = typed_json.parse(json.dumps(plain(**{key: value})), Everything)
        again = typed_json.parse(json.dumps(typed_json.to_json(read)), Everything)
        assert again == read or key == "anything"  # in which there may be NaN, which equals nothing
    except ValueError as error:
        said = str(error)
    assert "\n" not in said
