"""Lists that name pictures, as people write them: the same pictures get the same classes."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mien.data.layouts import read

if TYPE_CHECKING:
    from tests.data.conftest import Maker

CLASSES = ["happy", "sad", "surprise", "happy"]


def write_pictures(make: Maker) -> None:
    for number in range(len(CLASSES)):
        make.picture(f"faces/img_{number}.png", number)


def lines(make: Maker, header: str, row: str, name: str = "list.csv", encoding: str = "utf-8") -> None:
    """A list whose rows are ``row`` with ``{n}`` the number of the picture and ``{c}`` its class."""
    text = "".join(line + "\n" for line in [header, *(row.format(n=n, c=c) for n, c in enumerate(CLASSES))] if line)
    make.file(name, text.encode(encoding))


WAYS: dict[str, Callable[[Maker], None]] = {
    "semicolons": lambda make: lines(make, "file;class", "img_{n}.png;{c}"),
    "tabs in a .tsv": lambda make: lines(make, "file\tclass", "img_{n}.png\t{c}", "list.tsv"),
    "tabs in a .txt": lambda make: lines(make, "", "img_{n}.png\t{c}", "list.txt"),
    "blanks": lambda make: lines(make, "", "faces/img_{n}.png {c}", "list.lst"),
    "windows letters": lambda make: lines(make, "file;class;Gerät", "img_{n}.png;{c};für", encoding="cp1252"),
    "utf-16": lambda make: lines(make, "file,class", "img_{n}.png,{c}", encoding="utf-16"),
    "no head": lambda make: lines(make, "", "faces/img_{n}.png,{c}"),
    "no head, class first": lambda make: lines(make, "", "{c},faces/img_{n}.png"),
    "no head, numbers": lambda make: lines(make, "", "{n},{c}"),
    "image_path and more": lambda make: lines(make, "image_path,width,emotion,remark", "faces/img_{n}.png,48,{c},fine"),
    "img_path and more": lambda make: lines(make, ",img_path,label,age", "{n},faces/img_{n}.png,{c},30"),
    "filepath and more": lambda make: lines(make, "filepath,emotion,age", "/home/me/faces/img_{n}.png,{c},30"),
    "pth and more": lambda make: lines(make, "pth,label,relFCs", "faces/img_{n}.png,{c},0.8"),
    "windows paths": lambda make: lines(make, "path,label,x", "C:\\me\\faces\\img_{n}.png,{c},1"),
    "lines of JSON": lambda make: lines(
        make, "", '{{"file_name": "img_{n}.png", "label": "{c}"}}', "faces/metadata.jsonl"
    ),
}


DOCUMENTS: dict[str, Any] = {
    "a class for each name": {f"img_{n}.png": name for n, name in enumerate(CLASSES)},
    "a record for each name": {f"faces/img_{n}.png": {"emotion": name, "age": 30} for n, name in enumerate(CLASSES)},
    "records": [{"path": f"faces/img_{n}.png", "emotion": name} for n, name in enumerate(CLASSES)],
    "records within": {"version": 2, "samples": [{"file": f"img_{n}.png", "label": c} for n, c in enumerate(CLASSES)]},
    "columns": {"image": [f"img_{n}.png" for n in range(len(CLASSES))], "emotion": CLASSES},
    "columns of a data frame": {
        "image": {str(n): f"img_{n}.png" for n in range(len(CLASSES))},
        "emotion": {str(n): name for n, name in enumerate(CLASSES)},
    },
}


@pytest.mark.parametrize("given", ["", "labels.json"])
@pytest.mark.parametrize("way", DOCUMENTS)
def test_a_document_of_json_is_a_list(make: Maker, way: str, given: str) -> None:
    write_pictures(make)
    make.file("labels.json", json.dumps(DOCUMENTS[way]))
    faces = read(make.root / given)
    assert [faces.classes[label] for label in faces.labels] == CLASSES
    np.testing.assert_array_equal(faces.images, [make.face(number) for number in range(len(CLASSES))])


@pytest.mark.parametrize(
    "content", ["{}", "[]", "3", '{"lr": 0.1, "layers": [1, 2]}', '[["img_0.png"]]', "{", '{"a": [{}]}']
)
def test_other_json_beside_pictures_is_no_list(make: Maker, content: str) -> None:
    write_pictures(make)
    make.file("config.json", content)
    faces = read(make.root)
    assert set(faces.labels.tolist()) == {-1}
    assert "1 file that is no picture was passed over: config.json." in faces.source.notes


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_writing_a_list_gives_the_same_rows(make: Maker, way: str) -> None:
    write_pictures(make)
    WAYS[way](make)
    faces = read(make.root)
    assert [faces.classes[label] for label in faces.labels] == CLASSES
    assert faces.source.dropped == ()
    np.testing.assert_array_equal(faces.images, [make.face(number) for number in range(len(CLASSES))])


def test_metadata_beside_split_folders_names_pictures_of_its_own_folder(make: Maker) -> None:
    for split, seed in (("train", 0), ("test", 10)):
        rows = [{"file_name": f"{n}.png", "label": name, "person": "p1"} for n, name in enumerate(CLASSES)]
        for number in range(len(CLASSES)):
            make.picture(f"{split}/{number}.png", seed + number)
        make.file(f"{split}/metadata.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    faces = read(make.root)
    assert faces.splits.tolist() == ["train"] * 4 + ["test"] * 4
    np.testing.assert_array_equal(faces.images[4], make.face(10))
    assert faces.subjects is not None


def test_a_split_column_and_a_subject_column_are_read(make: Maker) -> None:
    write_pictures(make)
    rows = zip(range(4), CLASSES, ["Training", "Test", "val_set", "elsewhere"], ["ann", "bob", "", "eve"], strict=True)
    make.table("list.csv", "image,label,split,subject", [(f"img_{n}.png", *rest) for n, *rest in rows])
    faces = read(make.root)
    assert faces.splits.tolist() == ["train", "test", "valid"]
    assert faces.subjects is not None
    assert faces.subjects.tolist() == ["ann", "bob", ""]
    assert [row.reason for row in faces.source.dropped] == ["unknown split 'elsewhere'"]


def test_a_workbook_is_a_list(make: Maker) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    write_pictures(make)
    book = openpyxl.Workbook()
    for row in [("File name", "Emotion"), *((f"img_{n}.png", name) for n, name in enumerate(CLASSES))]:
        book.active.append(row)
    book.save(make.root / "list.xlsx")
    faces = read(make.root)
    assert [faces.classes[label] for label in faces.labels] == CLASSES


def test_a_workbook_holds_pixels(make: Maker) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in [("emotion", "pixels"), *((code, make.pixels(code)) for code in range(7))]:
        book.active.append(row)
    book.save(make.root / "faces.xlsx")
    faces = read(make.root / "faces.xlsx", coding="fer2013")
    assert faces.labels.tolist() == list(range(7))
    np.testing.assert_array_equal(faces.images[3], make.face(3))


@pytest.mark.parametrize("start", ["../faces", "ROOT/faces"])
def test_a_list_that_was_given_may_name_pictures_elsewhere(make: Maker, start: str) -> None:
    write_pictures(make)
    lines(make, "path,emotion", f"{start.replace('ROOT', str(make.root))}/img_{{n}}.png,{{c}}", "lists/train.csv")
    make.file("lists/notes.txt", "made by hand")
    faces = read(make.root / "lists" / "train.csv")
    assert [faces.classes[label] for label in faces.labels] == CLASSES
    assert set(faces.splits.tolist()) == {"train"}


def test_a_packed_list_can_not_name_pictures_outside(make: Maker) -> None:
    write_pictures(make)
    make.picture("pack/own.png", 9)
    lines(make, "path,emotion", f"{make.root}/faces/img_{{n}}.png,{{c}}", "pack/train.csv")
    with zipfile.ZipFile(make.root / "pack.zip", "w") as archive:
        for name in ("own.png", "train.csv"):
            archive.write(make.root / "pack" / name, name)
    faces = read(make.root / "pack.zip")
    assert faces.names.tolist() == ["own.png"]
    assert {row.reason for row in faces.source.dropped} == {"no such picture is there"}


def test_every_verb_that_trains_tells_why_nothing_is_labelled(
    make: Maker, invoke: Callable[..., tuple[int, str, str]]
) -> None:
    write_pictures(make)
    make.file("faces/labels.json", "{}")
    for words in (("train",), ("study", "labels"), ("tune",)):
        code, _, err = invoke(*words, make.root / "faces", "--recipe", "demo", "--out", make.root / words[0])
        assert code == 1
        assert "note: No table labels the pictures, so all are unlabelled." in err
        assert "was passed over: labels.json" in err
        assert "No row of the data has a label: training needs labelled rows." in err
