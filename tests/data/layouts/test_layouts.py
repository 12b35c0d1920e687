"""What people really hand over: each bad input gets one sentence that says what is wrong with it."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from mien.data.layouts import LAYOUTS, read
from mien.errors import DataError, UnknownLayoutError

if TYPE_CHECKING:
    from tests.data.conftest import Maker

FER_HEADER = "emotion,pixels,Usage"


def fer_text(make: Maker, rows: int = 3) -> str:
    return FER_HEADER + "\n" + "".join(f"{row},{make.pixels(row)},Training\n" for row in range(rows))


def write_parquet(make: Maker, **columns: Any) -> Path:
    path = make.root / "faces.parquet"
    parquet.write_table(pa.table(columns), path)
    return path


def cut_parquet(make: Maker) -> Path:
    path = write_parquet(make, image=[b"x" * 1000] * 50, label=[0] * 50)
    return make.file("cut.parquet", path.read_bytes()[:-200])


def folder_of(make: Maker, **files: bytes | str) -> Path:
    for name, content in files.items():
        make.file(f"set/{name.replace('__', '.')}", content)
    return make.root / "set"


def mixed_folder(make: Maker) -> Path:
    make.picture("happy/1.png")
    make.picture("sad/1.png")
    make.fer2013()
    return make.root


def two_kinds_of_tables(make: Maker) -> Path:
    make.fer2013()
    write_parquet(make, image=[b"x"], label=[0])
    return make.root


def png(make: Maker) -> bytes:
    return make.picture("picture/a.png").read_bytes()


def numbered_classes(make: Maker, codes: range) -> Path:
    for code in codes:
        make.picture(f"set/{code}/a.png", code)
    return make.root / "set"


def pictures(make: Maker, *names: str) -> Path:
    for name in names:
        make.picture(f"set/{name}")
    return make.root / "set"


def empty_folder(make: Maker) -> Path:
    (make.root / "nothing").mkdir()
    return make.root / "nothing"


def unreadable_class_folders(make: Maker) -> Path:
    make.file("set/happy/1.png", "no picture")
    make.file("set/sad/1.png", "no picture")
    return make.root / "set"


JUNK = np.random.default_rng(0).integers(0, 256, 5000, np.uint8).tobytes()

BAD: dict[str, tuple[Callable[[Maker], Path], str]] = {
    "missing path": (lambda make: make.root / "nowhere.csv", r"nowhere\.csv' doesn't exist: check the spelling"),
    "empty file": (lambda make: make.file("a.csv", b""), r"a\.csv' is empty \(0 bytes\)"),
    "blank file": (lambda make: make.file("a.csv", "\n \n"), r"a\.csv' is empty"),
    "empty folder": (empty_folder, r"nothing' is an empty folder: name the folder"),
    "junk named csv": (lambda make: make.file("a.csv", JUNK), r"is neither a table in text .*it reads CSV, Excel"),
    "zeros named csv": (lambda make: make.file("a.csv", b"\0" * 500), r"is neither a table in text nor"),
    "junk after the mark of utf-16": (
        lambda make: make.file("a.csv", b"\xff\xfe" + JUNK),
        r"is neither a table in text",
    ),
    "a pickle": (
        lambda make: make.file("faces.pkl", pickle.dumps([1, 2])),
        r"pickle, which can run any program.*\.npz",
    ),
    "a folder of a pickle": (
        lambda make: folder_of(make, faces__pkl=pickle.dumps([1, 2]), notes__md="a"),
        r"faces\.pkl' is a Python pickle",
    ),
    "a pickle named csv": (lambda make: make.file("faces.csv", pickle.dumps([1, 2])), r"is a Python pickle"),
    "another file under the name of an array": (
        lambda make: make.file("faces.npz", JUNK),
        "is no file of NumPy's arrays, though its name ends so",
    ),
    "another file under the name of a workbook": (
        lambda make: make.file("faces.xlsx", JUNK),
        "is no Excel workbook, though its name ends so",
    ),
    "an archive beside a picture": (
        lambda make: folder_of(make, a__png=png(make), b__zip=b"PK\x03\x04" + JUNK),
        "'b.zip' was not unpacked, as there are",
    ),
    "7z": (lambda make: make.file("faces.7z", b"7z\xbc\xaf\x27\x1c" + JUNK), r"7z archive, which mien can't unpack"),
    "tfrecord": (lambda make: make.file("faces.tfrecord", b"\0\1" + JUNK), r"is a TFRecord file, .* as Parquet"),
    "matlab": (lambda make: make.file("faces.mat", b"MATLAB 5.0 MAT-file" + JUNK), r"MATLAB file.*save the arrays as"),
    "header only": (lambda make: make.file("a.csv", FER_HEADER + "\n"), r"holds no faces: .*fer2013-csv.* no rows"),
    "course header only": (lambda make: make.file("a.csv", "label,feature\n"), r"has one line \(label, feature\)"),
    "no pixels": (
        lambda make: make.file("a.csv", "emotion,Usage\n1,Training\n"),
        r"columns emotion, usage; none holds pixels",
    ),
    "prose": (lambda make: make.file("a.csv", "Dear all,\nhere it is.\n"), r"fits no known layout of faces \(parquet,"),
    "cut in the pixels": (
        lambda make: make.file("a.csv", fer_text(make)[:-1500]),
        r"ends in the middle of its row 3: it is truncated",
    ),
    "cut in the Usage": (lambda make: make.file("a.csv", fer_text(make)[:-6]), r"ends in the middle of its row 3"),
    "open quote": (
        lambda make: make.file("a.csv", FER_HEADER + f'\n0,"{make.pixels(0)},Training\n'),
        r"a quote in line 2 that is never closed, so the rows after it can't be separated: repair that line",
    ),
    "open quote that swallows rows": (
        lambda make: make.file("a.csv", FER_HEADER + f'\n0,"{make.pixels(0)},Training\n' + fer_text(make, 50)[21:]),
        r"a quote in line 2 that is never closed",
    ),
    "two open quotes": (
        lambda make: make.file(
            "a.csv", fer_text(make) + '0,"7 7,Training\n' + fer_text(make)[21:] + f'1,"\n1,{make.pixels(0)},Training\n'
        ),
        r"a quote in line 5 that is never closed",
    ),
    "open quote among quoted cells": (
        lambda make: make.file(
            "a.csv", FER_HEADER + f'\n0,"{make.pixels(0)},Training\n1,"{make.pixels(1)}",Training\n'
        ),
        r"text behind a closing quote near line 3",
    ),
    "open quote in a list": (
        lambda make: folder_of(make, a__png=b"x", list__csv='file,label\na.png,"happy\nb.png,sad\n'),
        r"list\.csv' has a quote in line 2 that is never closed",
    ),
    "codes of another set": (
        lambda make: make.file("a.csv", FER_HEADER + f"\n9,{make.pixels(0)},Training\n"),
        r"the numbers 9 for labels, but the coding of its layout, FER2013's, has 0-6",
    ),
    "no square of pixels": (
        lambda make: make.file("a.csv", FER_HEADER + "\n0,1 2 3,Training\n"),
        r"it has 3 pixels and no face of H x H has so many",
    ),
    "pixels shortened by print": (
        lambda make: make.file("a.csv", FER_HEADER + "\n0,[" + "70 " * 64 + "... 80 90],Training\n"),
        r"pixels were shortened to '\.\.\.' .*save whole arrays",
    ),
    "fractions": (
        lambda make: make.file("a.csv", FER_HEADER + "\n0," + "70.25 " * 64 + ",Training\n"),
        r"'70\.25' is no whole number",
    ),
    "votes without faces": (
        lambda make: make.file("fer2013new.csv", "Usage,Image name,neutral,NF\nTraining,a.png,1,0\n"),
        r"holds votes but no faces, and no fer2013\.csv .* beside it",
    ),
    "damaged parquet": (lambda make: make.file("a.parquet", JUNK), r"a\.parquet' is damaged or cut off"),
    "cut parquet": (cut_parquet, r"cut\.parquet' is damaged or cut off .*: download or copy it again"),
    "empty parquet": (lambda make: make.file("a.parquet", b""), r"a\.parquet' is empty \(0 bytes\)"),
    "parquet without pictures": (
        lambda make: write_parquet(make, text=["a"], label=[0]),
        r"has no column of pictures \(image, .*\): it has text, label",
    ),
    "parquet without labels": (
        lambda make: write_parquet(make, image=[b"x"], caption=["a"]),
        r"has no column of labels \(label, .*\): it has image, caption",
    ),
    "parquet without rows": (
        lambda make: write_parquet(make, image=pa.array([], pa.binary()), label=pa.array([], pa.int64())),
        r"holds no faces: it was read as parquet",
    ),
    "parquet of texts": (
        lambda make: write_parquet(make, image=["a.png"], label=[0]),
        r"the file holds no bytes of the picture",
    ),
    "parquet of labels 0 to 7": (
        lambda make: write_parquet(make, image=[png(make)] * 8, label=list(range(8))),
        r"has the numbers 0-7 for labels, which may be affectnet, ferplus, ckplus or alphabetical\. State the coding",
    ),
    "class folders 1 to 6": (
        lambda make: numbered_classes(make, range(1, 7)),
        r"has the numbers 1-6 for labels, which is only a part of fer2013, rafdb.*--coding 1=NAME,2=NAME,\.\.\.",
    ),
    "class folders 0 to 7": (
        lambda make: numbered_classes(make, range(8)),
        r"has the numbers 0-7 for labels, which may be affectnet",
    ),
    "text files": (
        lambda make: folder_of(make, a__txt="a", b__txt="b", c__md="c"),
        r"set' holds 2 \.txt files, 1 \.md file, which fits no known layout",
    ),
    "folder with one bad table": (
        lambda make: folder_of(make, faces__csv=JUNK),
        r"faces\.csv' is neither a table in text",
    ),
    "folders of no expression": (
        lambda make: pictures(make, "cats/a.png", "cats/b.png"),
        r"holds 2 \.png files, which fits no .*add --layout folders",
    ),
    "unreadable pictures": (
        unreadable_class_folders,
        r"no usable faces: every row of its folders layout was dropped",
    ),
    "several data sets": (
        mixed_folder,
        r"holds several data sets: pictures \(folders\) and tables of pixels \(fer2013-csv\)\. Name one of them",
    ),
    "tables of two kinds": (two_kinds_of_tables, r"Parquet files \(parquet\) and tables of pixels \(fer2013-csv\)"),
    "one picture": (lambda make: make.picture("face.png"), r"is one picture: name a folder"),
    "list without pictures": (
        lambda make: make.file("list.csv", "subDirectory_filePath,expression\na/b.jpg,1\n"),
        r"of its affectnet layout was dropped .*, the first \(a/b\.jpg\) because: no such picture is there",
    ),
    "submission as data": (
        lambda make: make.table("out.csv", "id,label", [(0, 3)]),
        r"columns id, label; none holds pixels, or names pictures that are there",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_data_is_told_in_one_sentence(make: Maker, case: str) -> None:
    write, message = BAD[case]
    path = write(make)
    with pytest.raises(DataError, match=message) as caught:
        read(path)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 400 + 2 * len(str(path))
    assert text.endswith((".", "'"))


def test_an_unknown_layout_name_lists_those_there_are(make: Maker) -> None:
    with pytest.raises(
        UnknownLayoutError, match=r"no layout 'fer': choose one of parquet, arrays, ferplus, fer2013-csv"
    ):
        read(make.fer2013(), layout="fer")


@pytest.mark.parametrize("layout", [layout.name for layout in LAYOUTS])
def test_a_layout_forced_on_other_data_says_what_it_lacks(make: Maker, layout: str) -> None:
    make.file("notes.txt", "no data")
    with pytest.raises(DataError, match=r"holds no (faces|table|list)"):
        read(make.root, layout=layout)


@pytest.mark.parametrize("size", [0, -1, 5000])
def test_a_size_out_of_range_is_refused(make: Maker, size: int) -> None:
    with pytest.raises(DataError, match=f"size of {size} is not possible: choose 1 to 1024"):
        read(make.fer2013(), size=size)


def test_votes_that_do_not_fit_are_refused(make: Maker) -> None:
    faces = make.fer2013()
    with pytest.raises(DataError, match=r"votes '.*none\.csv' doesn't exist"):
        read(faces, votes=make.root / "none.csv")
    with pytest.raises(DataError, match="is no table of FER\\+ votes"):
        read(faces, votes=faces)
    course = make.table("course.csv", "label,feature", [(0, make.pixels(0))])
    with pytest.raises(DataError, match=r"of layout 'course-csv'\. Leave votes out"):
        read(course, votes=faces)


@pytest.mark.parametrize("name", ["faces.csv", "faces.parquet", "set"])
def test_a_place_that_may_not_be_read_says_so(make: Maker, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    make.fer2013("faces.csv")
    make.file("faces.parquet", "PAR1")
    make.fer2013("set/faces.csv")
    real = os.scandir

    def refuse(path: Any, *_: Any, **__: Any) -> Any:
        if str(make.root) in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(parquet, "ParquetFile", refuse)
    with pytest.raises(DataError, match="Permission denied"):
        read(make.root / name)
