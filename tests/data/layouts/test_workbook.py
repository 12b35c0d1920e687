"""The sheets of an Excel workbook."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

import listed
from mien.data.layouts import read, workbook
from mien.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def test_a_workbook_is_a_list(make: Maker) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    listed.write_pictures(make)
    book = openpyxl.Workbook()
    for row in [("File name", "Emotion"), *((f"img_{n}.png", name) for n, name in enumerate(listed.CLASSES))]:
        book.active.append(row)
    book.save(make.root / "list.xlsx")
    faces = read(make.root)
    assert [faces.classes[label] for label in faces.labels] == listed.CLASSES


def test_a_workbook_holds_pixels(make: Maker) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in [("emotion", "pixels"), *((code, make.pixels(code)) for code in range(7))]:
        book.active.append(row)
    book.save(make.root / "faces.xlsx")
    faces = read(make.root / "faces.xlsx", coding="fer2013")
    assert faces.labels.tolist() == list(range(7))
    np.testing.assert_array_equal(faces.images[3], make.face(3))


def test_rows_are_texts_and_each_sheet_that_has_any_is_one(make: Maker) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "first"
    for row in [("file", "code", None), (), ("a.png", 3.0, None), ("b.png", 0.5, True)]:
        book.active.append(row)
    book.create_sheet("blank")
    book.create_sheet("second").append(("x",))
    path = make.root / "a.xlsx"
    book.save(path)
    rows = [["file", "code"], ["a.png", "3"], ["b.png", "0.5", "True"]]
    assert workbook.sheets(path) == [("first", rows), ("second", [["x"]])]
    assert list(workbook.rows(path, "first")) == rows


def test_a_damaged_or_huge_workbook_is_refused(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    path = make.root / "a.xlsx"
    openpyxl.Workbook().save(path)
    with pytest.raises(DataError, match="is not a readable workbook"):
        workbook.sheets(make.file("cut.xlsx", path.read_bytes()[:-100]))
    monkeypatch.setattr(workbook, "MAX_BYTES", 100)
    with pytest.raises(DataError, match="unpacks to more than 100 bytes: save the table as CSV"):
        workbook.sheets(path)


def test_a_workbook_without_openpyxl_names_the_extra(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtraError, match="openpyxl"):
        workbook.sheets(make.file("a.xlsx", b"PK"))
