"""What lies at a path: files, pictures, tables and lists, before any layout is chosen."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mien.data.layouts.survey import MAX_LISTS, Survey, natural, peek, split_of, split_rank, tables_in
from mien.errors import DataError

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def names(survey: Survey, files: list[Path]) -> list[str]:
    return [survey.relative(file) for file in files]


def test_hidden_files_are_walked_and_not_looked_at(make: Maker) -> None:
    for name in ("b/10.png", "b/2.JPG", ".git/x.png", "__MACOSX/b/2.png", "b/.DS_Store", "notes.txt"):
        make.file(name, "x")
    survey = Survey(make.root)
    assert names(survey, survey.visible) == ["b/2.JPG", "b/10.png", "notes.txt"]
    assert names(survey, survey.pictures) == ["b/2.JPG", "b/10.png"]
    assert len(survey.files) == 6
    assert survey.folder == make.root


def test_a_loop_of_links_ends(make: Maker) -> None:
    make.file("a/1.png", "x")
    (make.root / "a" / "again").symlink_to(make.root, target_is_directory=True)
    assert names(Survey(make.root), Survey(make.root).files) == ["a/1.png"]


def test_the_contents_are_the_regular_files_by_name(make: Maker) -> None:
    file = make.file("a/b/1.png", "x")
    os.mkfifo(make.root / "a" / "pipe.png")
    (make.root / "a" / "broken.png").symlink_to(make.root / "nowhere.png")
    (make.root / "a" / "itself.png").symlink_to(make.root / "a" / "itself.png")
    survey = Survey(make.root)
    assert survey.contents == {file: "a/b/1.png"}
    assert names(survey, survey.files) == ["a/b/1.png", "a/broken.png", "a/itself.png", "a/pipe.png"]


def test_files_by_their_endings(make: Maker) -> None:
    for name in ("b/10.csv", "b/2.TXT", ".git/x.csv", "notes.md"):
        make.file(name, "x")
    survey = Survey(make.root)
    assert names(survey, survey.ending((".csv", ".txt"))) == ["b/2.TXT", "b/10.csv"]


def test_what_can_not_be_surveyed_says_so(make: Maker) -> None:
    (make.root / "nothing").mkdir()
    make.file("blank.csv", "")
    for name, message in (("none", "doesn't exist"), ("nothing", "is an empty folder"), ("blank.csv", r"is empty \(0 bytes\)")):  # fmt: skip
        with pytest.raises(DataError, match=message):
            Survey(make.root / name)


def test_the_tables_of_a_folder_have_their_heads_in_lower_case(make: Maker) -> None:
    make.file("train.csv", "Emotion, Pixels\n3,1 2 3\n4,5 6 7\n")
    make.file("labels.txt", "a.png 3\nb.png 4\n")
    make.file("readme.txt", "all about it\n")
    make.file("m.jsonl", '{"image": "a.png", "label": "happy"}\n')
    tables = {table.path.name: table for table in Survey(make.root).tables}
    assert sorted(tables) == ["labels.txt", "m.jsonl", "train.csv"]
    train = tables["train.csv"]
    assert (train.header, train.first, train.width, train.split) == (("emotion", "pixels"), ("3", "1 2 3"), 2, "train")
    assert (train.column("label", "emotion"), train.column("usage")) == (0, None)
    assert list(train.rows()) == [["3", "1 2 3"], ["4", "5 6 7"]]
    assert (tables["labels.txt"].header, tables["labels.txt"].first) == ((), ("a.png", "3"))
    assert tables["m.jsonl"].header == ("image", "label")


def test_text_files_as_many_as_pictures_are_no_lists(make: Maker) -> None:
    for number in range(MAX_LISTS + 1):
        make.file(f"{number}.txt", "a.png 3\n")
    survey = Survey(make.root)
    assert (survey.lists, survey.tables) == ([], [])
    (make.root / "0.txt").unlink()
    assert len(Survey(make.root).lists) == MAX_LISTS


def test_documents_are_the_json_files_that_can_be_read(make: Maker) -> None:
    make.file("a.json", '{"x": 1}')
    make.file("b.json", "{")
    assert [(file.name, content) for file, content in Survey(make.root).documents] == [("a.json", {"x": 1})]
    assert tables_in(make.file("c.json", '[{"image": "a.png", "label": "sad"}]'))[0].header == ("image", "label")


def test_the_pictures_of_a_list_lie_beside_it_or_one_folder_above(make: Maker) -> None:
    make.file("faces/1.png", "x")
    path = make.file("faces/list.csv", "1.png,3\n")
    assert Survey(path).with_pictures().folder == make.root / "faces"
    above = make.file("lists/list.csv", "1.png,3\n")
    assert Survey(above).with_pictures().folder == make.root
    assert (whole := Survey(make.root)).with_pictures() is whole


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train-00000-of-00002.parquet", "train"), ("test_labels.csv", "test"), ("public-test.csv", "public_test"),
        ("valid/faces.csv", "valid"), ("x/restraining.csv", None), ("x/validation.csv", "valid"),
    ],
)  # fmt: skip
def test_the_name_of_a_file_or_of_its_folder_tells_the_split(name: str, split: str | None) -> None:
    assert split_of(Path(name)) == split


def test_files_are_sorted_by_split_and_by_number() -> None:
    files = [Path(f"x/{name}.csv") for name in ("test", "b", "valid")]
    assert [file.stem for file in sorted(files, key=split_rank)] == ["b", "valid", "test"]
    assert sorted(["10.png", "2.png", "img_10", "img_9"], key=natural) == ["img_9", "img_10", "2.png", "10.png"]


def test_what_is_there_in_words(make: Maker) -> None:
    for name in ("a.txt", "b.txt", "c.md", "d"):
        make.file(name, "x")
    assert Survey(make.root).describe() == "holds 2 .txt files, 1 .md file, 1 nameless file"
    assert Survey(make.root / "c.md").describe() == "is a .md file"


def test_what_is_no_table_comes_with_its_problem(make: Maker) -> None:
    table = peek(make.file("a.csv", b"\0\1\2" * 200))
    assert table.header == ()
    assert "is neither a table in text" in table.problem


def test_run_folders_are_no_data(make: Maker) -> None:
    for name in ("happy/1.png", "runs/one/augmented.png", "notes/2.png"):
        make.picture(name)
    for name in ("run.json", "seen_faces.npz"):
        make.file(f"runs/one/{name}", "x")
    make.file("notes/run.json", "x")
    assert names(Survey(make.root), Survey(make.root).pictures) == ["happy/1.png", "notes/2.png"]
    assert len(Survey(make.root / "runs" / "one").files) == 3  # the given folder itself is looked at
