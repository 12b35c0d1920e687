from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pyarrow import parquet

from mien import images, temporaries
from mien.data import store
from mien.data.faceset import FaceSet
from mien.data.layouts import read
from mien.data.layouts.rows import Rows
from mien.errors import OutputError
from mien.synthetic import drawn

if TYPE_CHECKING:
    from tests.data.conftest import Maker


@pytest.fixture
def faces(make: Maker) -> FaceSet:
    """Six faces of three classes, two splits (the later one first), two of one name and one unlabelled."""
    pixels = np.stack([make.face(seed, 24) for seed in range(6)])
    plain = FaceSet.from_arrays(pixels, [2, 0, 1, 2, -1, 0], ("angry", "happy", "neutral"))
    return replace(
        plain,
        names=np.array(["a/face.jpg", "b/face.jpg", "..\\x: y?.png", "3", "id 4", "fer0000005.webp"]),
        splits=np.array(["test", "train", "train", "test", "test", "train"]),
    )


def test_parquet_gives_back_the_same_rows(faces: FaceSet, tmp_path: Path) -> None:
    back = read(store.write_parquet(faces, tmp_path / "out.parquet"))
    assert back.hash == faces.hash
    assert back.names.tolist() == faces.names.tolist()
    assert back.votes is None
    assert back.subjects is None
    assert back.source.notes == ()


def test_parquet_keeps_votes_subjects_and_classes_of_any_name_and_order(faces: FaceSet, tmp_path: Path) -> None:
    full = replace(
        faces,
        classes=("zzz", "Happiness", "anger"),
        votes=(np.arange(18).reshape(6, 3) / 4).astype(np.float32),
        subjects=np.array(["S1", "S2", "", "S1", "S3", "S2"]),
    )
    back = read(store.write_parquet(full, tmp_path / "out.parquet"))
    assert back.hash == full.hash
    assert back.classes == full.classes


def test_the_parquet_schema_is_that_of_the_datasets_library(faces: FaceSet, tmp_path: Path) -> None:
    table = parquet.read_table(store.write_parquet(faces, tmp_path / "out.parquet"))
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"}
    assert features["label"] == {"names": ["angry", "happy", "neutral"], "_type": "ClassLabel"}
    assert features["split"] == {"dtype": "string", "_type": "Value"}
    first = table["image"][0].as_py()
    assert first["path"] == "face.png"
    np.testing.assert_array_equal(images.decode(first["bytes"], "L"), faces.images[0])


def test_folders_read_back_with_the_same_labels_and_pixels(faces: FaceSet, tmp_path: Path) -> None:
    back = read(store.write_folders(faces, tmp_path / "out"))
    assert back.names.tolist() == [
        "test/neutral/3.png",
        "test/neutral/face.png",
        "test/unlabelled/id_4.png",
        "train/angry/face.png",
        "train/angry/fer0000005.png",
        "train/happy/x_y_.png",
    ]
    assert back.labels.tolist() == [2, 2, -1, 0, 0, 1]
    assert back.splits.tolist() == ["test"] * 3 + ["train"] * 3
    np.testing.assert_array_equal(back.images, faces.images[[3, 0, 4, 1, 5, 2]])


def test_equal_names_are_numbered_also_where_only_case_differs(faces: FaceSet, tmp_path: Path) -> None:
    same = replace(faces, labels=np.zeros(6, np.int64), splits=np.full(6, "train"), names=np.array(list("aAaaAa")))
    store.write_folders(same, tmp_path / "out")
    names = sorted(file.name for file in (tmp_path / "out" / "train" / "angry").iterdir())
    assert names == sorted(["a.png", "A-2.png", "a-3.png", "a-4.png", "A-5.png", "a-6.png"])


def test_held_out_rows_keep_their_split_whatever_their_file_names_say(faces: FaceSet, tmp_path: Path) -> None:
    held = replace(faces, names=np.array([f"Training_{row}.jpg" for row in range(6)]), splits=np.full(6, "valid"))
    assert read(store.write_folders(held, tmp_path / "out")).split_names == ("valid",)


@pytest.mark.parametrize("name", ["out.parquet", "out"])
def test_what_exists_is_replaced_only_when_allowed(faces: FaceSet, tmp_path: Path, name: str) -> None:
    out = store.convert(faces, tmp_path / name)
    before = read(out).hash
    with pytest.raises(OutputError, match="already exists: choose another path"):
        store.convert(faces.split("train"), out)
    assert read(out).hash == before
    store.convert(faces.split("train"), out, overwrite=True)
    assert len(read(out)) == 3
    assert sorted(file.name for file in tmp_path.iterdir()) == [name]


@pytest.mark.parametrize("name", ["out.parquet", "out"])
@pytest.mark.parametrize("there", [False, True])
def test_a_failed_write_leaves_what_was_there(
    faces: FaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, there: bool
) -> None:
    before = read(store.convert(faces, tmp_path / name)).hash if there else None

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parquet.ParquetWriter, "write_table", full)
    monkeypatch.setattr(store, "_write_png", full)
    with pytest.raises(OutputError, match="can't be written: No space left on device"):
        store.convert(faces, tmp_path / name, overwrite=True)
    assert [file.name for file in tmp_path.iterdir()] == ([name] if there else [])
    assert before is None or read(tmp_path / name).hash == before


def test_a_folder_that_cannot_be_replaced_is_put_back(
    faces: FaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = store.write_folders(faces, tmp_path / "out")
    rename = Path.rename

    def fails_for_the_new_one(self: Path, target: Path) -> Path:
        if Path(target) == out and self.name == out.name:
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(temporaries, "_exchanged", lambda one, other: False)  # as on systems that can't
    monkeypatch.setattr(Path, "rename", fails_for_the_new_one)
    with pytest.raises(OutputError, match="Permission denied"):
        store.write_folders(faces, out, overwrite=True)
    assert len(read(out)) == 6


def test_a_folder_with_other_things_in_it_is_not_replaced(faces: FaceSet, tmp_path: Path) -> None:
    out = store.write_folders(faces, tmp_path / "out")
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(
        OutputError, match=r"holds 'thesis.txt', which is not part of a converted data set and would be lost"
    ):
        store.write_folders(faces, out, overwrite=True)
    assert (out / "thesis.txt").read_text() == "years of work"


def test_places_that_cannot_be(faces: FaceSet, tmp_path: Path) -> None:
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "file").write_text("in the way")
    for out, message in (
        ("out.csv", "ends in .csv: use .parquet, or no suffix"),
        ("missing/out.parquet", "missing' does not exist; create it first"),
        ("missing/out", "missing' does not exist; create it first"),
        ("file/out", "file' does not exist"),
        ("folder.parquet", "is a folder: choose the name of a file"),
        ("file", "is a file: choose the name of a folder"),
    ):
        with pytest.raises(OutputError, match=message):
            store.convert(faces, tmp_path / out, overwrite=True)


def test_classes_that_folders_cannot_tell_apart_are_refused(faces: FaceSet, tmp_path: Path) -> None:
    alike = replace(faces, classes=("a b", "a?b", "c"))
    with pytest.raises(OutputError, match=r"too similar for folders: write a \.parquet file"):
        store.write_folders(alike, tmp_path / "out")


def test_names_that_are_no_text_are_written_as_text(tmp_path: Path) -> None:
    faces = drawn.draw(8, seed=0)
    odd = replace(faces, names=np.array(["\udcff", *"abcdefg"]), subjects=np.array(["\udcfe"] * 8))
    store.write_parquet(odd, tmp_path / "odd.parquet")
    found = read(tmp_path / "odd.parquet")
    assert found.names.tolist() == ["\ufffd", *"abcdefg"]


def test_a_file_whose_name_is_no_text_is_written_and_read(tmp_path: Path) -> None:
    faces = drawn.draw(8, seed=0)
    assert read(store.write_parquet(faces, tmp_path / "odd\udcff.parquet")).hash == faces.hash


def test_parquet_is_written_and_read_in_parts_of_4096_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.arange(5000 * 16, dtype=np.uint32).astype(np.uint8).reshape(5000, 4, 4)
    faces = FaceSet.from_arrays(pixels, np.arange(5000) % 2, ("happy", "sad"))
    path = store.write_parquet(faces, tmp_path / "out.parquet")
    groups = parquet.ParquetFile(path).metadata
    assert [groups.row_group(number).num_rows for number in range(groups.num_row_groups)] == [4096, 904]
    waiting: list[int] = []
    decode = Rows.decode

    def counting(self: Rows) -> None:
        waiting.append(len(self._waiting))
        decode(self)

    monkeypatch.setattr(Rows, "decode", counting)
    assert read(path, cache=False).hash == faces.hash
    assert waiting == [4096, 904, 0, 0]
