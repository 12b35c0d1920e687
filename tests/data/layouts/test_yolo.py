"""YOLO exports: photos with boxes in text files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import boxes
from mien.data.layouts import read
from mien.errors import DataError, MienError

if TYPE_CHECKING:
    from tests.data.conftest import Maker


NAMES = {
    "data.yaml": "train: ../train/images\nnc: 2\nnames: ['Sad', 'Happy']\n",
    "dataset.yml": "names:\n  0: Sad\n  1: Happy\n",
    "my.yaml": "names:\n- Sad\n- Happy\n",
    "classes.txt": "Sad\nHappy\n",
}


@pytest.mark.parametrize("names", NAMES)
def test_yolo(make: Maker, names: str) -> None:
    if not names.endswith(".txt"):
        pytest.importorskip("yaml")
    make.file(names, NAMES[names])
    boxes.photo(make, "train/images/a.png")
    outline = [20 / 200, 0.3, 168 / 200, 0.3, 168 / 200, 0.78, 120 / 200, 0.78, 120 / 200, 0.3]
    lines: list[list[Any]] = [
        [1, *boxes.share(20, 10)],
        [0, *outline[2:]],
        [7, *boxes.share(0, 0)],
        [1, "x", 0, 0, 0],
        [1, 3, 3, 0.1, 0.1],
    ]
    make.file("train/labels/a.txt", "\n".join(" ".join(map(str, line)) for line in lines))
    boxes.photo(make, "train/images/empty.png")
    make.file("train/labels/empty.txt", "")
    boxes.photo(make, "valid/images/b.png")
    make.file("valid/labels/b.txt", " ".join(map(str, [1, *boxes.share(20, 10)])))
    boxes.check(make, "yolo")
    faces = read(make.root)
    assert [row.reason for row in faces.source.dropped][:2] == [
        "class 7 has no name",
        "its line is not a class and the numbers of a box",
    ]
    assert "is outside its picture" in faces.source.dropped[2].reason
    assert any("1 picture has no box" in note for note in faces.source.notes)


def test_names_of_classes_that_are_none(make: Maker) -> None:
    pytest.importorskip("yaml")
    boxes.photo(make, "images/a.png")
    make.file("labels/a.txt", "0 0.5 0.5 0.1 0.1")
    for text in ("names: 3", "names: [", "[" * 3000 + "names"):
        make.file("data.yaml", text)
        with pytest.raises(DataError, match=r"data\.yaml' (has no list|is not valid YAML)"):
            read(make.root, cache=False)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(st.text(alphabet="0123456789.-e \nnaif", max_size=60), st.binary(max_size=60))
def test_boxes_of_any_text(make: Maker, text: str, names: bytes) -> None:
    if not (make.root / "images/a.png").exists():
        boxes.photo(make, "images/a.png")
    make.file("labels/a.txt", text)
    make.file("classes.txt", b"Happy\n" + names)
    try:
        read(make.root, cache=False)
    except MienError as error:
        assert "\n" not in str(error)  # noqa: PT017 # one sentence
