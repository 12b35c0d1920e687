"""Label Studio's exports: choices and boxes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boxes
from mien.data.layouts import read

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def rectangle(left: float, top: float, label: str) -> dict[str, Any]:
    value = {"x": left / 2, "y": top, "width": 24, "height": 48, "rectanglelabels": [label], "rotation": 0}
    return {"type": "rectanglelabels", "from_name": "label", "value": value}


def test_label_studio_with_boxes(make: Maker) -> None:
    boxes.photo(make, "train/a.png")
    boxes.photo(make, "valid/b.png")
    results = [rectangle(20, 10, "Happy"), rectangle(120, 30, "Sad")]
    tasks = [
        {"id": 1, "data": {"image": "/data/upload/1/0a1b2c3d-a.png"}, "annotations": [{"result": results}]},
        {"id": 2, "data": {"image": "/data/local-files/?d=valid/b.png"}, "annotations": [{"result": results[:1]}]},
    ]
    make.file("project-1.json", json.dumps(tasks))
    boxes.check(make, "label-studio")
    boxes.check(make, "label-studio", make.root / "project-1.json")


def test_label_studio_with_choices_of_several_annotators(make: Maker) -> None:
    for number in range(4):
        make.picture(f"{number}.png", number)

    def task(number: int, *choices: str) -> dict[str, Any]:
        given = [{"result": [{"type": "choices", "value": {"choices": [choice]}}]} for choice in choices]
        return {"data": {"img": f"https://host/x/{number}.png", "age": 3}, "annotations": given}

    tasks = [task(0, "Happy", "Happy", "Sad"), task(1, "Sad"), task(2, "Sad", "Happy"), task(3)]
    make.file("export.json", json.dumps(tasks))
    faces = read(make.root)
    assert [faces.classes[label] for label in faces.labels] == ["happy", "sad"]
    assert [row.reason for row in faces.source.dropped] == [
        "its votes are tied between Sad and Happy",
        "nobody annotated it",
    ]
    make.file(
        "export.json", json.dumps([{"image": f"/a/{n}.png", "choice": c} for n, c in enumerate(["Sad", "Happy"])])
    )
    faces = read(make.root)
    assert [faces.classes[label] for label in faces.labels] == ["sad", "happy"]
