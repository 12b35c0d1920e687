"""Tables as people save them: any separator, encoding and head gives the same rows."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mien.data.layouts import delimited, read
from mien.errors import DataError

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def all_rows(path: Path) -> list[list[str]]:
    dialect, _ = delimited.recognise(path)
    return list(delimited.rows(path, dialect))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_separators_and_encodings(make: Maker, separator: str, encoding: str) -> None:
    rows = [["file", "class"], ["é.png", "happy"], ["b, c; d.png", "sad"]]
    text = "\r\n".join(separator.join(f'"{cell}"' for cell in row) for row in rows)
    path = make.file("list.csv", text.encode(encoding))
    assert all_rows(path) == rows
    dialect, _ = delimited.recognise(path)
    assert dialect.is_guessed is (encoding == "cp1252")


def test_a_letter_of_windows_far_down_is_read(make: Maker) -> None:
    path = make.file("list.csv", b"file,class\n" + b"a.png,happy\n" * 120_000 + "ü.png,sad\n".encode("cp1252"))
    assert all_rows(path)[-1] == ["ü.png", "sad"]


def test_a_letter_that_the_end_of_the_file_cuts_is_no_utf_8(make: Maker) -> None:
    path = make.file("list.csv", "a.png,happy\nb.png,joyé".encode("cp1252"))
    assert all_rows(path)[-1] == ["b.png", "joyé"]


@pytest.mark.parametrize(
    ("text", "has_header"),
    [
        ("file,class\na.png,3\n", True),
        ("a.png,3\nb.png,4\n", False),
        ("1,3\n2,4\n", False),
        ("0,happy\n1,sad\n", False),
        ("0,1\n0.5,3\n", True),
        ("label,0,1,2\n3,70,80,90\n", True),
        ("id\n1\n", True),
        ("id,pixels\n0," + "7 " * 64 + "\n", True),
        ("0," + "7 " * 64 + "\n1," + "7 " * 64 + "\n", False),
    ],
)
def test_a_head_is_told_from_data(make: Maker, text: str, has_header: bool) -> None:
    dialect, _ = delimited.recognise(make.file("a.csv", text))
    assert dialect.has_header is has_header


def test_blanks_separate_in_lists_only(make: Maker) -> None:
    assert all_rows(make.file("list.txt", "a.png   3\nb.png 4\n")) == [["a.png", "3"], ["b.png", "4"]]
    assert all_rows(make.file("list.csv", "a.png 3\nb.png 4\n")) == [["a.png 3"], ["b.png 4"]]


def test_a_cell_of_several_lines_is_no_open_quote() -> None:
    text = 'file,remark\na.png,"first line\nsecond line"\nb.png,"[[1, 2]\n [3, 4]]"\n'
    rows = list(delimited.parsed(io.StringIO(text, newline=""), "a.csv"))
    assert rows[1:] == [["a.png", "first line\nsecond line"], ["b.png", "[[1, 2]\n [3, 4]]"]]


def test_an_open_quote_names_its_line() -> None:
    text = "a,b\n" + "1,2\n" * 100 + '1,"2\n' + "1,2\n" * 1000
    with pytest.raises(DataError, match="quote in line 102 that is never closed"):
        list(delimited.parsed(io.StringIO(text, newline=""), "a.csv"))


def test_what_was_guessed_is_told(make: Maker) -> None:
    row = f"happy,{make.pixels(0)},é\n"
    path = make.file("faces.csv", f"emotion,pixels,remark\n{row}".encode("cp1252"))
    assert any("read as Windows-1252" in note for note in read(path).source.notes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_separator_that_excel_writes_above_the_head_is_taken(make: Maker, encoding: str) -> None:
    path = make.file("list.csv", "sep=;\r\nfile;class;note\r\na.png;happy;1,5\r\n".encode(encoding))
    assert all_rows(path) == [["file", "class", "note"], ["a.png", "happy", "1,5"]]
