from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mien.data.layouts import read
from mien.emotions import EMOTIONS

if TYPE_CHECKING:
    from tests.data.conftest import Maker


@pytest.mark.parametrize(("header", "ending"), [("id,label", ""), ("filename,label", ".jpg")])
def test_course_pictures_with_a_table_and_an_unlabelled_test_folder(make: Maker, header: str, ending: str) -> None:
    for number in (0, 1, 2, 10):
        make.picture(f"train/{number:05}.jpg", number, 64)
        make.picture(f"test/{number}.jpg", 50 + number, 64)
    make.picture("train/00099.jpg", 99, 64)
    make.table("train.csv", header, [("00000" + ending, 3), ("00002" + ending, 6), ("00001" + ending, 0), ("77", 1)])
    make.table("sample_submission.csv", "id,label", [(number, 0) for number in range(4)])
    faces = read(make.root, coding="fer2013")
    assert faces.source.layout == "numbered"
    assert faces.classes == EMOTIONS
    assert faces.size == (64, 64)
    assert faces.split("train").labels.tolist() == [3, 6, 0]
    assert faces.split("test").names.tolist() == [f"test/{number}.jpg" for number in (0, 1, 2, 10)]
    assert set(faces.split("test").labels.tolist()) == {-1}
    reasons = {row.name: row.reason for row in faces.source.dropped}
    assert reasons == {
        "77": "no such picture is there",
        "train/00010.jpg": "no table has a label for it",
        "train/00099.jpg": "no table has a label for it",
    }


def test_ids_are_numbers_whatever_zeros_lead_them(make: Maker) -> None:
    for number in range(3):
        make.picture(f"images/img_{number:04}.png", number)
    path = make.table("labels.csv", "id,label", [(2, "happy"), (0, "sad"), (1, "")])
    faces = read(path)
    assert faces.classes == ("happy", "sad")
    assert faces.labels.tolist() == [0, 1, -1]
    np.testing.assert_array_equal(faces.images[0], make.face(2))


def test_one_odd_label_does_not_turn_codes_into_names(make: Maker) -> None:
    for number in range(3):
        make.picture(f"{number}.png", number)
    make.table("train.csv", "id,label", [(0, 6), (1, "!"), (2, 0)])
    faces = read(make.root, coding="fer2013")
    assert (faces.classes, faces.labels.tolist()) == (EMOTIONS, [6, 0])
    assert [(row.name, row.reason) for row in faces.source.dropped] == [("1", "unknown class code '!'")]


def test_a_list_that_names_folders_never_takes_a_namesake_of_another_folder(make: Maker) -> None:
    make.picture("a/1.png", 1)
    make.picture("b/1.png", 2)
    make.table("list.csv", "path,label", [("b/1.png", "happy"), ("c/1.png", "sad"), ("root/a/1.png", "sad")])
    faces = read(make.root)
    assert faces.names.tolist() == ["b/1.png", "root/a/1.png"]
    np.testing.assert_array_equal(faces.images[0], make.face(2))
    assert [row.name for row in faces.source.dropped] == ["c/1.png"]


def test_a_folder_of_numbered_pictures_alone_is_an_unlabelled_test_set_in_numeric_order(make: Maker) -> None:
    for number in (0, 2, 10, 1):
        make.picture(f"{number}.png", number)
    faces = read(make.root)
    assert faces.names.tolist() == ["0.png", "1.png", "2.png", "10.png"]
    assert set(faces.labels.tolist()) == {-1}
    assert faces.split_names == ("test",)


@pytest.mark.parametrize("given", ["root", "list"])
def test_raf_db_reads_its_list_and_prefers_aligned_pictures(make: Maker, given: str) -> None:
    for name, seed in (("train_00001", 1), ("train_00002", 2), ("test_0001", 3)):
        make.picture(f"basic/Image/aligned/{name}_aligned.jpg", seed)
        make.picture(f"basic/Image/original/{name}.jpg", 50 + seed, 96)
    lines = ["train_00001.jpg 5", "train_00002.jpg 1", "test_0001.jpg 7", "test_0002.jpg 7", "test_0001.jpg 9", "odd"]
    path = make.file("basic/EmoLabel/list_patition_label.txt", "\n".join(lines) + "\n")
    faces = read(make.root if given == "root" else path)
    assert faces.source.layout == "raf-db"
    assert faces.size == (48, 48)
    assert [faces.classes[label] for label in faces.labels] == ["sad", "surprise", "neutral"]
    assert faces.splits.tolist() == ["train", "train", "test"]
    assert faces.source.class_map == {"1": "surprise", "5": "sad", "7": "neutral"}
    assert [row.reason for row in faces.source.dropped] == [
        "no such picture is there",
        "the line is no name and label",
        "unknown class code '9'",
    ]
    assert faces.source.notes == ("3 pictures there are in no list and were not read.",)


def test_affectnet_takes_its_splits_from_the_tables_and_drops_what_is_no_expression(make: Maker) -> None:
    header = "subDirectory_filePath,face_x,expression,valence"
    rows = [(f"12/{code}.jpg", 0, code, 0.5) for code in range(11)]
    make.table("Manually_annotated_file_lists/training.csv", header, rows)
    make.table("Manually_annotated_file_lists/validation.csv", header, [("13/0.jpg", 0, 1, 0.5), ("13/1.jpg", 0, 1, 0)])
    for code in range(11):
        make.picture(f"Manually_Annotated_Images/12/{code}.jpg", code)
    make.picture("Manually_Annotated_Images/13/0.jpg", 77)
    faces = read(make.root)
    assert faces.source.layout == "affectnet"
    assert [faces.classes[label] for label in faces.labels] == [
        "neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt", "happy",
    ]  # fmt: skip
    assert faces.splits.tolist() == ["train"] * 8 + ["valid"]
    assert [row.reason for row in faces.source.dropped] == [
        "expression 8 (none) is no class",
        "expression 9 (uncertain) is no class",
        "expression 10 (no face) is no class",
        "no such picture is there",
    ]
    one = read(make.root / "Manually_annotated_file_lists" / "validation.csv")
    assert (one.splits.tolist(), len(one)) == (["valid"], 1)
