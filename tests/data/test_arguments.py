"""Arguments of another kind or out of range: one sentence from the function that was called, not a traceback from deep inside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mien
from mien.data import duplicates, splits, store
from mien.data.faceset import FaceSet
from mien.data.reading import ReadOptions
from mien.errors import ArgumentError, MienError
from mien.synthetic import drawn


@pytest.mark.parametrize("path", [None, 5, b"faces.csv", ["faces.csv"]])
def test_what_is_no_path_is_not_read(path: Any) -> None:
    with pytest.raises(ArgumentError, match=r"path=.* doesn't fit: it must be a string or a path"):
        mien.read(path)


@pytest.mark.parametrize(
    "options",
    [
        {"layout": 5}, {"layout": ["folders"]}, {"size": "48"}, {"size": (48, 48)}, {"size": 4.5}, {"size": True}, {"votes": 5},
        {"coding": 5}, {"coding": ["a"]}, {"classes": 5}, {"classes": [1, 2]}, {"classes": {"happy", "sad"}}, {"drop": 5},
        {"drop": [None]}, {"map": 5}, {"map": "happy=joy"}, {"map": ["happy"]}, {"map": [("a",)]}, {"map": {"happy": 5}},
        {"map": [("a", "b", "c")]}, {"find_faces": "yes"}, {"allow_leakage": "no"}, {"colour": "red"}, {"cache": "x"},
        {"options": {"layout": "folders"}}, {"options": ReadOptions(), "size": 48},
    ],
)  # fmt: skip
def test_an_option_that_does_not_fit_is_named(faces_file: Path, options: dict[str, Any]) -> None:
    name = list(options)[-1]
    with pytest.raises(ArgumentError, match=name) as caught:
        mien.read(faces_file, **options)
    assert "\n" not in str(caught.value)


def test_numbers_of_numpy_are_numbers(faces_file: Path) -> None:
    assert mien.read(faces_file, size=np.int64(32)).size == (32, 32)  # type: ignore[arg-type]


CALLS: dict[str, Callable[[FaceSet], object]] = {
    "a size of one side": lambda faces: faces.resized((48,)),  # type: ignore[arg-type]
    "a size of nothing": lambda faces: faces.resized((0, 48)),
    "rows past the end": lambda faces: faces.select(np.array([10**6])),
    "a mask that is too short": lambda faces: faces.select(np.array([True])),
    "classes as one text": lambda faces: faces.to_classes("happy"),
    "a share in text": lambda faces: splits.hold_out(faces, "0.1"),  # type: ignore[arg-type]
    "a share that is no number": lambda faces: splits.hold_out(faces, float("nan")),
    "a negative seed": lambda faces: splits.divide(faces, seed=-1),
    "a split that is a number": lambda faces: splits.divide(faces, valid_split=5),  # type: ignore[arg-type]
    "no faces": lambda faces: splits.divide([1]),  # type: ignore[arg-type]
    "half a face": lambda faces: drawn.draw(1.5),  # type: ignore[arg-type]
    "faces in words": lambda faces: drawn.draw("ten"),  # type: ignore[arg-type]
    "a seed in words": lambda faces: drawn.draw(10, "one"),  # type: ignore[arg-type]
    "nothing to store": lambda faces: store.write_parquet(None, "x.parquet"),  # type: ignore[arg-type]
    "no place to store": lambda faces: store.convert(faces, 5),  # type: ignore[arg-type]
    "copies among fractions": lambda faces: duplicates.find(faces.images / 255),  # type: ignore[arg-type]
    "more than equal": lambda faces: duplicates.find(faces.images, 2.0),
}


@pytest.mark.parametrize("call", CALLS)
def test_functions_of_the_data_half_refuse_what_does_not_fit(faces: FaceSet, call: str) -> None:
    with pytest.raises(MienError) as caught:
        CALLS[call](faces)
    assert "\n" not in str(caught.value)
