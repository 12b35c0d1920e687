"""One document of JSON as a table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import listed
from mien.data.layouts import jsondocument, read

if TYPE_CHECKING:
    from tests.data.conftest import Maker


DOCUMENTS: dict[str, Any] = {
    "a class for each name": {f"img_{n}.png": name for n, name in enumerate(listed.CLASSES)},
    "a record for each name": {
        f"faces/img_{n}.png": {"emotion": name, "age": 30} for n, name in enumerate(listed.CLASSES)
    },
    "records": [{"path": f"faces/img_{n}.png", "emotion": name} for n, name in enumerate(listed.CLASSES)],
    "records within": {
        "version": 2,
        "samples": [{"file": f"img_{n}.png", "label": c} for n, c in enumerate(listed.CLASSES)],
    },
    "columns": {"image": [f"img_{n}.png" for n in range(len(listed.CLASSES))], "emotion": listed.CLASSES},
    "columns of a data frame": {
        "image": {str(n): f"img_{n}.png" for n in range(len(listed.CLASSES))},
        "emotion": {str(n): name for n, name in enumerate(listed.CLASSES)},
    },
    "heads and rows of a data frame": {
        "columns": ["image", "emotion"],
        "index": list(range(len(listed.CLASSES))),
        "data": [[f"img_{n}.png", name] for n, name in enumerate(listed.CLASSES)],
    },
}


@pytest.mark.parametrize("given", ["", "labels.json"])
@pytest.mark.parametrize("way", DOCUMENTS)
def test_a_document_of_json_is_a_list(make: Maker, way: str, given: str) -> None:
    listed.write_pictures(make)
    make.file("labels.json", json.dumps(DOCUMENTS[way]))
    faces = read(make.root / given)
    assert [faces.classes[label] for label in faces.labels] == listed.CLASSES
    np.testing.assert_array_equal(faces.images, [make.face(number) for number in range(len(listed.CLASSES))])


@pytest.mark.parametrize(
    "content", ["{}", "[]", "3", '{"lr": 0.1, "layers": [1, 2]}', '[["img_0.png"]]', "{", '{"a": [{}]}']
)
def test_other_json_beside_pictures_is_no_list(make: Maker, content: str) -> None:
    listed.write_pictures(make)
    make.file("config.json", content)
    faces = read(make.root)
    assert set(faces.labels.tolist()) == {-1}
    assert "1 file that is no picture was passed over: config.json." in faces.source.notes


def test_each_shape_gives_a_head_and_rows() -> None:
    rows = [["image", "label"], ["a.png", "happy"], ["b.png", "sad"]]
    columns = {"image": ["a.png", "b.png"], "label": ["happy", "sad"]}
    for content in (
        columns,
        {name: dict(enumerate(values)) for name, values in columns.items()},
        {"a.png": "happy", "b.png": "sad"},
        {"version": 1, "items": [{"image": "a.png", "label": "happy"}, {"image": "b.png", "label": "sad"}]},
    ):
        assert list(jsondocument.rows(content)) == rows


def test_records_may_lack_keys_and_other_shapes_are_no_table() -> None:
    assert list(jsondocument.rows([{"a": 1}, {"b": [2]}])) == [["a", "b"], ["1", ""], ["", "2"]]
    for content in (3, "a.png", [], {}, [1, 2], {"a": [{"x": 1}], "b": [{"x": 1}, {"x": 2}]}, {"a": 1, "b": 2}):
        assert list(jsondocument.rows(content)) == []
