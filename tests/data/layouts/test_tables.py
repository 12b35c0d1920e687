from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mien.data.layouts import read
from mien.emotions import EMOTIONS
from mien.errors import DataError

if TYPE_CHECKING:
    from tests.data.conftest import Maker

USAGES = ("Training", "Training", "PublicTest", "PrivateTest")


def test_fer2013_csv_keeps_codes_splits_pixels_and_row_numbers(make: Maker) -> None:
    faces = read(make.fer2013(usages=USAGES))
    assert faces.source.layout == "fer2013-csv"
    assert faces.classes == EMOTIONS
    assert faces.labels.tolist() == [0, 1, 2, 3]
    assert faces.splits.tolist() == ["train", "train", "public_test", "private_test"]
    assert faces.names.tolist() == ["0", "1", "2", "3"]
    assert faces.source.class_map == {"0": "angry", "1": "disgust", "2": "fear", "3": "happy"}
    np.testing.assert_array_equal(faces.images, [make.face(row) for row in range(4)])


def test_icml_table_has_blanks_in_its_header_and_another_order_of_columns(make: Maker) -> None:
    make.table("icml_face_data.csv", "emotion, Usage, pixels", [(6, " PrivateTest", " " + make.pixels(5))])
    faces = read(make.root / "icml_face_data.csv")
    assert (faces.labels.tolist(), faces.splits.tolist()) == ([6], ["private_test"])
    np.testing.assert_array_equal(faces.images[0], make.face(5))


def test_icml_and_fer2013_tables_have_the_same_hash(make: Maker) -> None:
    plain = read(make.fer2013(usages=USAGES))
    rows = [(row % 7, usage, make.pixels(row)) for row, usage in enumerate(USAGES)]
    assert read(make.table("icml.csv", "emotion, Usage, pixels", rows)).hash == plain.hash


def test_challenge_folder_joins_train_and_unlabelled_test(make: Maker) -> None:
    make.table("train.csv", "emotion,pixels", [(3, make.pixels(0)), (5, make.pixels(1))])
    make.table("test.csv", "pixels", [(make.pixels(2),)])
    faces = read(make.root, coding="fer2013")
    assert faces.labels.tolist() == [3, 5, -1]
    assert faces.splits.tolist() == ["train", "train", "test"]
    assert faces.names.tolist() == ["train/0", "train/1", "test/0"]


def test_a_whole_table_is_read_alone_since_the_others_repeat_its_rows(make: Maker) -> None:
    make.fer2013("icml_face_data.csv", USAGES)
    make.fer2013("fer2013.csv", USAGES)
    make.table("train.csv", "emotion,pixels", [(3, make.pixels(0))])
    make.table("example_submission.csv", "id,emotion", [(0, 0)])
    faces = read(make.root)
    assert len(faces) == 4
    notes = " ".join(faces.source.notes)
    assert "'train.csv' was not read: 'fer2013.csv' holds its rows too" in notes
    assert "'example_submission.csv' was not read: it holds no pixels" in notes


def test_quotes_byte_order_mark_windows_lines_and_names_as_labels(make: Maker) -> None:
    text = f'emotion,pixels,Usage\r\n3.0,"{make.pixels(1)}",Training\r\nHappiness,{make.pixels(2)},Training'
    faces = read(make.file("fer.csv", "\ufeff" + text))
    assert faces.labels.tolist() == [3, 3]


def test_unusable_rows_are_dropped_with_their_reasons(make: Maker) -> None:
    good = make.pixels(0)
    path = make.table(
        "fer2013.csv",
        "emotion,pixels,Usage",
        [
            (0, good, "Training"),
            (7, good, "Training"),
            (1, good.rsplit(" ", 1)[0], "Training"),
            (1, "256 " + good.split(" ", 1)[1], "Training"),
            (1, "-1 " + good.split(" ", 1)[1], "Training"),
            (1, "x7 " + good.split(" ", 1)[1], "Training"),
            (1, "0.5 " + good.split(" ", 1)[1], "Training"),
            (1, "", "Training"),
            (1, good, "Sometime"),
            (1, good),
            (2, good, "Training"),
        ],
    )
    faces = read(path)
    assert faces.labels.tolist() == [0, 2]
    reasons = {row.name: row.reason for row in faces.source.dropped}
    assert reasons == {
        "1": "unknown class code '7'",
        "2": "it has 2,303 pixels instead of 2,304",
        "3": "pixel value 256 is outside 0..255",
        "4": "pixel value -1 is outside 0..255",
        "5": "'x7' is no whole number",
        "6": "'0.5' is no whole number",
        "7": "it has no pixels",
        "8": "unknown split 'Sometime'",
        "9": "it has 2 columns instead of 3",
    }


def test_course_tables_are_parsed_by_position(make: Maker) -> None:
    make.table("train.csv", "label,feature", [(6, make.pixels(0)), (0, make.pixels(1))])
    make.table("test.csv", "id,pixels", [(0, make.pixels(2)), (1, make.pixels(3))])
    faces = read(make.root, coding="fer2013")
    assert faces.source.layout == "course-csv"
    assert faces.classes == EMOTIONS
    assert faces.labels.tolist() == [6, 0, -1, -1]
    assert faces.splits.tolist() == ["train", "train", "test", "test"]
    assert faces.names.tolist() == ["train/0", "train/1", "0", "1"]


def test_a_course_table_with_codes_from_1_to_7_follows_the_coding_that_is_stated(make: Maker) -> None:
    path = make.table("train.csv", "label,pixels", [(code, make.pixels(code)) for code in range(1, 8)])
    faces = read(path, coding="rafdb")
    assert [faces.classes[label] for label in faces.labels[:2]] == ["surprise", "fear"]
    with pytest.raises(DataError, match=r"the coding fer2013 lacks 7 \(1 row\).*Codings that fit: rafdb"):
        read(path, coding="fer2013")


def test_course_table_with_64_pixels_without_header_and_with_the_columns_swapped(make: Maker) -> None:
    path = make.file("train.csv", f"{make.pixels(0, 64)},4\n{make.pixels(1, 64)},5\n")
    faces = read(path, coding="fer2013")
    assert faces.size == (64, 64)
    assert faces.labels.tolist() == [4, 5]


def test_tables_of_two_sizes_are_brought_to_one(make: Maker) -> None:
    make.table("train.csv", "label,pixels", [(6, make.pixels(0)), (6, make.pixels(1))])
    make.table("test.csv", "id,pixels", [(0, make.pixels(2, 64))])
    faces = read(make.root, coding="fer2013")
    assert faces.size == (48, 48)
    assert any("2 sizes" in note for note in faces.source.notes)
    assert read(make.root, size=32, coding="fer2013").size == (32, 32)


@pytest.mark.parametrize("head", ["split", "Set", "Usage", "fold", "subset"])
def test_splits_and_subjects_of_any_table(make: Maker, head: str) -> None:
    names = ["train_set", "val_set", "Test Data", "elsewhere", ""]
    rows = [("happy", make.pixels(row), name, f"S{row}") for row, name in enumerate(names)]
    faces = read(make.table("a.csv", f"label,pixels,{head},subject", rows))
    assert faces.splits.tolist() == ["train", "valid", "test", "train"]
    assert faces.subjects is not None
    assert faces.subjects.tolist() == ["S0", "S1", "S2", "S4"]
    assert [row.reason for row in faces.source.dropped] == ["unknown split 'elsewhere'"]


def test_one_hot_columns_of_pixels(make: Maker) -> None:
    rows = [(make.pixels(0), 0, 1, 0), (make.pixels(1), 1, 0, 0), (make.pixels(2), 0, 0, 0)]
    faces = read(make.table("a.csv", "pixels,angry,happy,sad", rows))
    assert [faces.classes[label] for label in faces.labels[:2]] == ["happy", "angry"]
    assert faces.labels[2] == -1


def test_one_hot_columns_beside_a_column_for_each_pixel(make: Maker) -> None:
    head = ",".join(["angry", "happy", "sad", *(f"p{place}" for place in range(64))])
    rows = [(*flags, *make.face(row, 8).ravel()) for row, flags in enumerate([(0, 1, 0), (1, 0, 0), (0, 0, 1)])]
    faces = read(make.table("a.csv", head, rows))
    assert [faces.classes[label] for label in faces.labels] == ["happy", "angry", "sad"]
    np.testing.assert_array_equal(faces.images, [make.face(row, 8) for row in range(3)])


@pytest.mark.parametrize("head", ["pixel{}", "{}", "f48_{}_gray"])
def test_a_column_for_each_pixel_goes_by_its_number(make: Maker, head: str) -> None:
    order = sorted(range(64), key=str)
    face = np.arange(64, dtype=np.uint8).reshape(8, 8)
    lines = [",".join(["label", *(head.format(place) for place in order)])]
    lines += [",".join([label, *map(str, face.reshape(-1)[order])]) for label in ("happy", "sad")]
    make.file("wide.csv", "\n".join(lines) + "\n")
    faces = read(make.root / "wide.csv")
    assert (faces.images == face).all()
    assert "In 'wide.csv' the columns of pixels were put in the order of their numbers." in faces.source.notes


def test_columns_of_rows_and_columns_stay_in_their_order(make: Maker) -> None:
    face = np.arange(64, dtype=np.uint8).reshape(8, 8)
    for name, heads in (
        ("rows", [f"r{row}c{column}" for row in range(8) for column in range(8)]),
        ("xy", [f"x{x}y{y}" for y in range(8) for x in range(8)]),
    ):
        lines = [
            ",".join(["label", *heads]),
            *(",".join([label, *map(str, face.reshape(-1))]) for label in ("happy", "sad")),
        ]
        make.file(f"{name}.csv", "\n".join(lines) + "\n")
        faces = read(make.root / f"{name}.csv")
        assert (faces.images == face).all()
        assert not [note for note in faces.source.notes if "order" in note]
