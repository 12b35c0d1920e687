"""Photos with boxes: YOLO, COCO and Label Studio; each box becomes a face."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mien.data.layouts import read
from mien.errors import DataError, MienError

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def photo(make: Maker, name: str, seeds: tuple[int, int] = (1, 2)) -> None:
    """A photo of 200x100 with faces of 48 pixels at (20, 10) and (120, 30)."""
    pixels = np.zeros((100, 200), np.uint8)
    pixels[10:58, 20:68] = make.face(seeds[0])
    pixels[30:78, 120:168] = make.face(seeds[1])
    make.file(name, b"")
    Image.fromarray(pixels).save(make.root / name)


def share(left: float, top: float, side: float = 48) -> list[float]:
    """A box in shares of the photo: centre and sides."""
    return [(left + side / 2) / 200, (top + side / 2) / 100, side / 200, side / 100]


def check(make: Maker, layout: str, path: Path | None = None) -> None:
    faces = read(path or make.root)
    assert faces.source.layout == layout
    assert [faces.classes[label] for label in faces.labels][:2] == ["happy", "sad"]
    np.testing.assert_array_equal(faces.images[:2], [make.face(1), make.face(2)])
    assert faces.splits.tolist() == ["train", "train", "valid"]


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
    photo(make, "train/images/a.png")
    outline = [20 / 200, 0.3, 168 / 200, 0.3, 168 / 200, 0.78, 120 / 200, 0.78, 120 / 200, 0.3]
    lines: list[list[Any]] = [
        [1, *share(20, 10)],
        [0, *outline[2:]],
        [7, *share(0, 0)],
        [1, "x", 0, 0, 0],
        [1, 3, 3, 0.1, 0.1],
    ]
    make.file("train/labels/a.txt", "\n".join(" ".join(map(str, line)) for line in lines))
    photo(make, "train/images/empty.png")
    make.file("train/labels/empty.txt", "")
    photo(make, "valid/images/b.png")
    make.file("valid/labels/b.txt", " ".join(map(str, [1, *share(20, 10)])))
    check(make, "yolo")
    faces = read(make.root)
    assert [row.reason for row in faces.source.dropped][:2] == [
        "class 7 has no name",
        "its line is not a class and the numbers of a box",
    ]
    assert "lies outside of its picture" in faces.source.dropped[2].reason
    assert any("1 picture has no box" in note for note in faces.source.notes)


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
    photo(make, "train/a.png")
    photo(make, "valid/b.png")
    places = ("train/_annotations.coco.json", "valid/_annotations.coco.json")
    if given == "annotations":
        places = ("annotations/instances_train2017.json", "annotations/instances_val2017.json")
    make.file(places[0], json.dumps(coco(["a.png", "c.png"])))
    make.file(places[1], json.dumps(coco(["b.png"])))
    check(make, "coco")


def rectangle(left: float, top: float, label: str) -> dict[str, Any]:
    value = {"x": left / 2, "y": top, "width": 24, "height": 48, "rectanglelabels": [label], "rotation": 0}
    return {"type": "rectanglelabels", "from_name": "label", "value": value}


def test_label_studio_with_boxes(make: Maker) -> None:
    photo(make, "train/a.png")
    photo(make, "valid/b.png")
    results = [rectangle(20, 10, "Happy"), rectangle(120, 30, "Sad")]
    tasks = [
        {"id": 1, "data": {"image": "/data/upload/1/0a1b2c3d-a.png"}, "annotations": [{"result": results}]},
        {"id": 2, "data": {"image": "/data/local-files/?d=valid/b.png"}, "annotations": [{"result": results[:1]}]},
    ]
    make.file("project-1.json", json.dumps(tasks))
    check(make, "label-studio")
    check(make, "label-studio", make.root / "project-1.json")


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


def test_names_of_classes_that_are_none(make: Maker) -> None:
    pytest.importorskip("yaml")
    photo(make, "images/a.png")
    make.file("labels/a.txt", "0 0.5 0.5 0.1 0.1")
    for text in ("names: 3", "names: [", "[" * 3000 + "names"):
        make.file("data.yaml", text)
        with pytest.raises(DataError, match=r"data\.yaml' (has no list|is no YAML)"):
            read(make.root, cache=False)


KEYS = [
    "images",
    "annotations",
    "categories",
    "id",
    "image_id",
    "category_id",
    "bbox",
    "name",
    "file_name",
    "data",
    "image",
    "result",
    "value",
    "choices",
    "rectanglelabels",
    "x",
    "y",
    "width",
    "height",
]
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 500)
    | st.floats(allow_nan=True)
    | st.sampled_from(["a.png", "Happy", ""]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(st.sampled_from(["coco", "label studio"]), json_values, json_values, json_values)
def test_annotations_of_any_shape(make: Maker, kind: str, first: Any, second: Any, third: Any) -> None:
    if not (make.root / "a.png").exists():
        photo(make, "a.png")
    content: Any = {"images": [first], "annotations": [second, third], "categories": [third]}
    if kind == "label studio":
        content = [{"data": {"image": "a.png", "x": first}, "annotations": second}, third]
    make.file("x.json", json.dumps(content))
    try:
        read(make.root, cache=False)
    except MienError as error:
        assert "\n" not in str(error)  # noqa: PT017 # one sentence


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(st.text(alphabet="0123456789.-e \nnaif", max_size=60), st.binary(max_size=60))
def test_boxes_of_any_text(make: Maker, text: str, names: bytes) -> None:
    if not (make.root / "images/a.png").exists():
        photo(make, "images/a.png")
    make.file("labels/a.txt", text)
    make.file("classes.txt", b"Happy\n" + names)
    try:
        read(make.root, cache=False)
    except MienError as error:
        assert "\n" not in str(error)  # noqa: PT017 # one sentence
