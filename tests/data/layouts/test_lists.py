"""Lists that name pictures, as people write them: the same pictures get the same classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from listed import CLASSES, lines, write_pictures
from mien.data.layouts import read

if TYPE_CHECKING:
    from tests.data.conftest import Maker


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


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_writing_a_list_gives_the_same_rows(make: Maker, way: str) -> None:
    write_pictures(make)
    WAYS[way](make)
    faces = read(make.root)
    assert [faces.classes[label] for label in faces.labels] == CLASSES
    assert faces.source.dropped == ()
    np.testing.assert_array_equal(faces.images, [make.face(number) for number in range(len(CLASSES))])


def test_a_split_column_and_a_subject_column_are_read(make: Maker) -> None:
    write_pictures(make)
    rows = zip(range(4), CLASSES, ["Training", "Test", "val_set", "elsewhere"], ["ann", "bob", "", "eve"], strict=True)
    make.table("list.csv", "image,label,split,subject", [(f"img_{n}.png", *rest) for n, *rest in rows])
    faces = read(make.root)
    assert faces.splits.tolist() == ["train", "test", "valid"]
    assert faces.subjects is not None
    assert faces.subjects.tolist() == ["ann", "bob", ""]
    assert [row.reason for row in faces.source.dropped] == ["unknown split 'elsewhere'"]


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
