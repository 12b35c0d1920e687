"""COCO exports: photos and a JSON file of boxes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import boxes
from mien.data.layouts import read

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def coco(files: list[str]) -> dict[str, Any]:
    return {
        "images": [{"id": number, "file_name": name} for number, name in enumerate(files)],
        "categories": [{"id": 5, "name": "sadness"}, {"id": 6, "name": "happiness"}],
        "annotations": [
            {"id": 1, "image_id": 0, "category_id": 6, "bbox": [20, 10, 48, 48]},
            *([{"id": 2, "image_id": 0, "category_id": 5, "bbox": [120.0, 30.0, 48, 48]}] if len(files) > 1 else []),
        ],
    }


@pytest.mark.parametrize("given", ["folder", "annotations"])
def test_coco(make: Maker, given: str) -> None:
    boxes.photo(make, "train/a.png")
    boxes.photo(make, "valid/b.png")
    places = ("train/_annotations.coco.json", "valid/_annotations.coco.json")
    if given == "annotations":
        places = ("annotations/instances_train2017.json", "annotations/instances_val2017.json")
    make.file(places[0], json.dumps(coco(["a.png", "c.png"])))
    make.file(places[1], json.dumps(coco(["b.png"])))
    boxes.check(make, "coco")


def test_annotations_that_can_not_be_used_are_dropped_one_by_one(make: Maker) -> None:
    boxes.photo(make, "a.png")
    content = coco(["a.png"])
    content["images"].append({"id": "x", "file_name": "gone.png"})
    content["annotations"] += [
        {"image_id": 0, "category_id": 6, "bbox": [1, 2, 3]},
        {"image_id": 0, "category_id": 9, "bbox": [20, 10, 48, 48]},
        {"image_id": "x", "category_id": 6, "bbox": [20, 10, 48, 48]},
        "no object",
        {"image_id": "0", "category_id": "5", "bbox": [120, 30, 48, 48]},  # some tools write numbers as texts
    ]
    make.file("a.json", json.dumps(content))
    faces = read(make.root)
    assert [faces.classes[label] for label in faces.labels] == ["happy", "sad"]
    assert [(row.name, row.reason) for row in faces.source.dropped] == [
        ("a.png#1", "its annotation has no box of four numbers"),
        ("a.png#2", "its category has no name"),
        ("gone.png#3", "no such picture is there"),
        ("a.json#4", "its annotation has no box of four numbers"),
    ]
