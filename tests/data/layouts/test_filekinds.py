"""Binary files told apart by their first bytes, whatever they are called."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mien.data.layouts import filekinds


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return path


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"PAR1", "parquet"), (b"ARROW1\0\0", "arrow"), (b"\xff\xff\xff\xff\x10\0", "arrow"), (b"FEA1", "feather 1"),
        (b"\x93NUMPY\x01\0", "npy"), (b"\x89HDF\r\n\x1a\n", "hdf5"), (b"\x1f\x8b\x08", "gzip"), (b"BZh9", "bzip2"),
        (b"\xfd7zXZ\0", "xz"), (b"Rar!\x1a\x07", "rar"), (b"\xd0\xcf\x11\xe0", "xls"), (b"SQLite format 3\0", "sqlite"),
        (b"%PDF-1.7", "pdf"), (b"\0" * 257 + b"ustar\0", "tar"), (pickle.dumps([1], 4), "pickle"), (b"emotion,pixels", ""), (b"", ""),
    ],
)  # fmt: skip
def test_the_first_bytes_tell_the_kind(tmp_path: Path, head: bytes, kind: str) -> None:
    path = tmp_path / "faces.csv"
    path.write_bytes(head)
    assert filekinds.kind(path) == kind


def test_a_zip_archive_is_told_by_what_it_holds(tmp_path: Path) -> None:
    assert filekinds.kind(zipped(tmp_path / "a.bin", "xl/workbook.xml", "a.xml")) == "xlsx"
    assert filekinds.kind(zipped(tmp_path / "b.npz", "images.npy", "labels.npy")) == "npz"
    assert filekinds.kind(zipped(tmp_path / "c.zip", "images.npy")) == "zip"
    assert filekinds.kind(zipped(tmp_path / "d.npz", "images.npy", "notes.txt")) == "zip"
    cut = tmp_path / "e.xlsx"
    cut.write_bytes(b"PK\x03\x04 and no more")
    assert filekinds.kind(cut) == "xlsx"


def test_endings_tell_what_has_no_sign(tmp_path: Path) -> None:
    for name, kind in (("a.pth", "pickle"), ("b.tfrecord", "tfrecord"), ("c.mat", "matlab"), ("d.txt", "")):
        (tmp_path / name).write_bytes(b"\0\1\2")
        assert filekinds.kind(tmp_path / name) == kind


def test_advice_says_what_the_file_is_and_what_to_do(tmp_path: Path) -> None:
    array, text, packed = tmp_path / "a.npy", tmp_path / "b.npz", tmp_path / "c.dat"
    np.save(array, np.zeros(3))
    text.write_text("no array")
    packed.write_bytes(b"Rar!")
    assert filekinds.foreign(array) == ""
    assert filekinds.advice(text).startswith(f"'{text}' is no file of NumPy's arrays, though its name ends so")
    assert filekinds.foreign(packed) == filekinds.advice(packed)
    assert filekinds.advice(packed) == (
        f"'{packed}' is a RAR archive, which mien can't unpack: unpack it, or pack it again as zip."
    )
