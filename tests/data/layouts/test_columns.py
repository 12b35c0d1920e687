"""The columns of a table by their role, by head and by cells, and the names of splits."""

from __future__ import annotations

import pytest

from mien.data.layouts import columns


def roles(header: str, *rows: str) -> columns.Roles:
    return columns.roles(header.split(","), [row.split(",") for row in rows])


@pytest.mark.parametrize(
    ("header", "row", "label"),
    [
        ("path,label,emotion_name", "a/b.jpg,3,happy", 2),
        ("label,emotion,pixels", "3,Happiness,1 2 3", 1),
        ("emotion,pixels,Usage", "0,1 2 3,Training", 0),
        ("id,label", "1,3", 1),
        ("image,class", "1,pain", 1),
        ("img,cat,what", "x,3,sad", 2),  # no usual head, but the name of an expression
        ("subDirectory_filePath,face_x,expression,valence", "1/a.jpg,1,3,0.3", 2),
    ],
)
def test_a_column_of_names_goes_before_one_of_codes(header: str, row: str, label: int) -> None:
    assert roles(header, row).label == label


def test_the_numbers_beside_names_are_told() -> None:
    found = roles("path,label,emotion_name", "a.jpg,3,happy")
    assert found.note == "The classes are those of the column 'emotion_name'; 'label' was not used."


def test_text_that_does_not_go_with_the_codes_is_no_column_of_names() -> None:
    rows = ("1.png,0,adult", "2.png,1,adult", "3.png,0,child")
    assert roles("image,label,category", *rows).label == 1
    assert roles("image,label,category", "1.png,0,calm", "2.png,1,pain", "3.png,0,calm").label == 2


@pytest.mark.parametrize("head", ["split", "Set", "Usage", "fold", "subset", "data_split"])
def test_split_columns(head: str) -> None:
    assert roles(f"path,label,{head}", "a.png,happy,x").split == 2


def test_any_column_of_splits_is_one() -> None:
    assert roles("path,label,kind", "a.png,happy,train").split == 2
    assert roles("path,label,kind", "a.png,happy,photo").split is None


@pytest.mark.parametrize("head", ["subject", "person", "Subject ID", "participant_id", "identity", "actor"])
def test_subject_columns(head: str) -> None:
    found = roles(f"path,label,{head}", "a.png,happy,S01")
    assert found.read(["a.png", "happy", "S01"]).subject == "S01"


def test_one_hot_columns_and_votes() -> None:
    found = roles("file,angry,happy,sad,unknown", "x.png,0,1,0,0")
    assert found.path == 0
    assert found.is_labelled
    assert found.read(["x.png", "0", "1", "0", "0"]) == columns.Labelling("happy")
    shared = found.read(["x.png", "1", "6", "2", "1"])
    assert (shared.raw_class, shared.votes) == ("happy", {"angry": 1, "happy": 6, "sad": 2})
    assert found.read(["x.png", "0", "0", "0", "0"]) == columns.Labelling(None)
    assert found.read(["x.png", "5", "5", "0", "0"]).problem == "its votes are tied between angry and happy"
    assert found.read(["x.png", "1", "2", "1", "6"]).problem == "most of its votes are for 'unknown', which is no class"
    assert found.read(["x.png", "1"]).problem == "it has 2 columns instead of 5"


def test_a_label_goes_before_the_votes_beside_it() -> None:
    found = roles("file,emotion,angry,happy", "x.png,angry,3,7")
    assert found.read(["x.png", "angry", "3", "7"]) == columns.Labelling("angry", votes={"angry": 3, "happy": 7})


@pytest.mark.parametrize("cell", ["", " ", "NaN", "-1", "n/a"])
def test_cells_without_a_label(cell: str) -> None:
    assert columns.label_of(cell) is None


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        ("file,angry,happy", "a.png,False,True", "happy"),
        ("file,emotion_angry,emotion_happy", "a.png,0,1", "happy"),
        ("file,label_calm,label_pain", "a.png,TRUE,FALSE", "calm"),
        ("file,class: calm,class: pain", "a.png,0.0,1.0", "pain"),
    ],
)
def test_one_hot_columns_may_be_truth_values_and_have_a_word_before(header: str, row: str, name: str) -> None:
    assert roles(header, row).read(row.split(",")).raw_class == name


def test_numbers_that_are_not_one_hot_are_no_classes() -> None:
    assert roles("file,emotion_valence,emotion_arousal", "a.png,0.3,-0.2", "b.png,0,1").votes == ()
    assert roles("file,label_id,label_confidence", "a.png,3,0.8").votes == ()


@pytest.mark.parametrize(("cell", "split"), [("1", "train"), ("True", "train"), ("0", "test"), ("no", "test")])
def test_a_flag_tells_the_split(cell: str, split: str) -> None:
    assert roles("path,label,is_train", f"a.png,happy,{cell}").read(["a.png", "happy", cell]).split == split


def test_several_flags_and_a_column_of_splits() -> None:
    found = roles("path,label,is_test,is_val", "a.png,happy,0,1")
    assert [found.read(["a.png", "happy", *flags]).split for flags in ("10", "01", "00")] == ["test", "valid", "train"]
    assert roles("path,label,split,is_test", "a.png,happy,train,0").read(["a.png", "happy", "val", "1"]).split == "val"
    assert roles("path,label,is_smiling", "a.png,happy,1").flags == ()


def test_a_column_of_predictions_is_not_taken_for_the_labels() -> None:
    rows = ("0,happy", "0,angry", "3,happy", "3,happy")
    found = roles("label,prediction", *rows)
    assert (found.label, found.note) == (0, "")
    found = roles("label,expression", *rows)
    assert found.label == 1
    assert (
        found.note == "The classes are those of the column 'expression'; 'label' (which differs from it) was not used."
    )
    assert roles("label,rater1,rater2", "x,happy,sad", "x,sad,sad").label == 0
    assert roles("label,prediction", "Freude,happy", "Trauer,sad").label == 0


def test_the_one_of_several_raters_that_is_taken_is_named() -> None:
    found = roles("image,rater1,rater2", "1.png,happy,sad", "2.png,sad,sad")
    assert (found.label, found.note) == (1, "The classes are those of the column 'rater1'; 'rater2' was not used.")


@pytest.mark.parametrize(
    ("header", "flags", "split", "problem"),
    [
        ("is_train,is_test", "1,0", "train", ""),
        ("is_test,is_train", "1,0", "test", ""),
        ("is_train,is_test", "0,0", None, "it is in no split"),
        ("is_test,is_train", "0,0", None, "it is in no split"),
        ("is_test,is_train", "1,1", None, "it is in several splits (test and train)"),
        ("is_train", "0", "test", ""),
        ("is_test", "0", "train", ""),
        ("is_valid,is_test", "0,0", "train", ""),
        ("is_train,is_valid", "0,0", "test", ""),
        ("is_train", "", "", ""),
    ],
)
def test_flags_give_the_split_in_any_order(header: str, flags: str, split: str | None, problem: str) -> None:
    others = ("1" + ",0" * header.count(","), "0" + ",1" * header.count(","))
    found = roles(f"image,label,{header}", *(f"{n}.png,happy,{one}" for n, one in enumerate(others)))
    labelling = found.read(["a.png", "happy", *flags.split(",")])
    assert (labelling.split, labelling.problem) == (split, problem)
