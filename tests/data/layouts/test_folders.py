from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mien.data.layouts import read
from mien.emotions import EMOTIONS
from mien.errors import DataError

if TYPE_CHECKING:
    from tests.data.conftest import Maker

CLASS_FOLDERS = {
    "angry": "Angry", "disgust": "disgusted", "fear": "fearful", "happy": "happiness", "sad": "3_sad",
    "surprise": "suprise", "neutral": "neutral",
}  # fmt: skip


def test_folder_order_is_alphabetical_but_labels_are_in_the_order_of_the_codes(make: Maker) -> None:
    """The trap: sorted folder names put neutral before sad, the codes of fer2013.csv put it last."""
    for seed, name in enumerate(EMOTIONS):
        make.picture(f"train/{name}/im{seed}.png", seed)
    folders = read(make.root / "train")
    table = read(make.fer2013())
    assert folders.classes == table.classes == EMOTIONS
    for seed, name in enumerate(EMOTIONS):
        row = folders.names.tolist().index(f"{name}/im{seed}.png")
        assert folders.labels[row] == seed
        np.testing.assert_array_equal(folders.images[row], make.face(seed))
        np.testing.assert_array_equal(folders.images[row], table.images[seed])


def test_names_of_class_folders_vary(make: Maker) -> None:
    for seed, folder in enumerate(CLASS_FOLDERS.values()):
        for split in ("train", "validation", "test"):
            make.picture(f"set/{split}/{folder}/{seed}.png", seed)
    faces = read(make.root)
    assert faces.source.layout == "folders"
    assert faces.classes == EMOTIONS
    assert dict(faces.source.class_map) == {folder: name for name, folder in CLASS_FOLDERS.items()}
    assert faces.split_names == ("train", "valid", "test")
    assert faces.counts().tolist() == [3] * 7


def test_without_split_folders_all_is_training_and_only_the_classes_met_count(make: Maker) -> None:
    for number in (10, 9, 2):
        make.picture(f"sad/{number}.jpg", number)
        make.picture(f"happy/{number}.jpg", number)
    faces = read(make.root)
    assert faces.classes == ("happy", "sad")
    assert faces.split_names == ("train",)
    assert faces.names.tolist()[:3] == ["happy/2.jpg", "happy/9.jpg", "happy/10.jpg"]


def test_file_names_recover_the_two_test_splits_that_one_folder_merges(make: Maker) -> None:
    for name in ("test/happy/PublicTest_1.jpg", "test/happy/PrivateTest_2.jpg", "test/sad/other.jpg"):
        make.picture(name)
    make.picture("train/sad/Training_3.jpg")
    make.picture("valid/sad/Training_4.jpg")  # held out by somebody: the folder is right
    faces = read(make.root)
    assert dict(zip(faces.names.tolist(), faces.splits.tolist(), strict=True)) == {
        "test/happy/PublicTest_1.jpg": "public_test",
        "test/happy/PrivateTest_2.jpg": "private_test",
        "test/sad/other.jpg": "test",
        "train/sad/Training_3.jpg": "train",
        "valid/sad/Training_4.jpg": "valid",
    }


def test_the_split_folder_itself_can_be_given(make: Maker) -> None:
    make.picture("test/happy/PublicTest_1.jpg")
    make.picture("test/sad/2.jpg")
    assert read(make.root / "test").splits.tolist() == ["public_test", "test"]


@pytest.mark.parametrize(
    ("first", "coding", "names"),
    [
        (0, "fer2013", EMOTIONS),
        (1, "rafdb", ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")),
    ],
)
def test_numbered_class_folders_follow_the_coding_that_is_stated(
    make: Maker, first: int, coding: str, names: tuple[str, ...]
) -> None:
    for code in range(first, first + 7):
        make.picture(f"train/{code}/face{code}.png", code)
    with pytest.raises(DataError, match=f"for labels, which may be .*{coding}"):
        read(make.root)
    faces = read(make.root, coding=coding)
    assert faces.source.class_map == {str(code + first): name for code, name in enumerate(names)}
    assert [faces.classes[label] for label in faces.labels] == list(names)


def test_other_files_are_counted_and_hidden_ones_never_read(make: Maker) -> None:
    make.picture("happy/1.png", 1)
    make.picture("sad/1.png", 2)
    make.picture("sad/.ipynb_checkpoints/1-checkpoint.png", 2)
    for name in ("happy/Thumbs.db", "happy/.DS_Store", "notes.txt", "__MACOSX/happy/._1.png"):
        make.file(name, b"x")
    faces = read(make.root)
    assert len(faces) == 2
    assert faces.source.dropped == ()
    assert any(note.startswith("5 files that are no pictures were passed over") for note in faces.source.notes)


def test_pictures_that_cannot_be_read_are_dropped_one_by_one(make: Maker) -> None:
    whole = make.picture("happy/1.png", 1)
    make.picture("sad/2.png", 2)
    make.file("sad/cut.png", whole.read_bytes()[:300])
    make.file("sad/empty.png", b"")
    make.file("sad/text.jpg", "no picture")
    make.picture("stray.png", 3)
    faces = read(make.root)
    assert faces.names.tolist() == ["happy/1.png", "sad/2.png"]
    reasons = {row.name: row.reason for row in faces.source.dropped}
    assert reasons.keys() == {"sad/cut.png", "sad/empty.png", "sad/text.jpg", "stray.png"}
    assert "damaged" in reasons["sad/cut.png"]
    assert "empty (0 bytes)" in reasons["sad/empty.png"]
    assert "not a picture in a supported format" in reasons["sad/text.jpg"]
    assert reasons["stray.png"] == "it is not in a class folder"


def test_a_folder_named_unlabelled_has_no_class(make: Maker) -> None:
    make.picture("train/happy/1.png", 1)
    make.picture("train/sad/1.png", 1)
    make.picture("test/unlabelled/1.png", 2)
    make.picture("test/2.png", 3)
    faces = read(make.root)
    assert faces.split("test").labels.tolist() == [-1, -1]


def test_classes_of_ones_own_keep_their_names(make: Maker) -> None:
    make.picture("train/awake/1.png", 1)
    make.picture("train/Asleep/1.png", 2)
    faces = read(make.root)
    assert faces.classes == ("Asleep", "awake")
    assert "classes of their own: Asleep, awake" in faces.source.notes[0]


def test_ck_has_subjects_and_contempt_and_no_neutral(make: Maker) -> None:
    folders = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")
    for number, folder in enumerate(folders):
        for frame in (15, 16, 17):
            make.picture(f"CK+48/{folder}/S{number + 10:03}_004_{frame:08}.png", number * 3 + frame)
    make.picture("CK+48/happy/portrait.png", 99)
    faces = read(make.root)
    assert faces.source.layout == "ck+"
    assert faces.classes == ("angry", "disgust", "fear", "happy", "sad", "surprise", "contempt")
    assert faces.subjects is not None
    assert faces.subjects.tolist()[:4] == ["S010", "S010", "S010", "S011"]
    assert [faces.classes[label] for label in faces.labels[:4]] == ["angry"] * 3 + ["contempt"]
    assert [row.name for row in faces.source.dropped] == ["CK+48/happy/portrait.png"]


def test_jaffe_tells_subject_and_class_by_its_file_names(make: Maker) -> None:
    for name in ("KA.AN1.39.tiff", "KA.NE2.27.tiff", "YM.SU3.60.tiff", "YM.XX1.61.tiff"):
        make.picture(name, len(name), 256)
    make.file("README.txt", "about")
    faces = read(make.root)
    assert faces.source.layout == "jaffe"
    assert faces.size == (256, 256)
    assert faces.classes == ("angry", "surprise", "neutral")
    assert faces.labels.tolist() == [0, 2, 1]
    assert faces.subjects is not None
    assert faces.subjects.tolist() == ["KA", "KA", "YM"]
    assert faces.source.class_map == {"AN": "angry", "NE": "neutral", "SU": "surprise"}
    assert faces.source.dropped[0].reason == "unknown class code 'XX'"
