from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from mien.data.layouts import read
from mien.data.source import ChosenCoding
from mien.emotions import EMOTIONS
from mien.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def png(make: Maker, seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(make.face(seed)).save(buffer, "PNG")
    return buffer.getvalue()


def write(path: Path, columns: dict[str, Any], names: list[str] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    if names is not None:
        features = {"label": {"names": names, "_type": "ClassLabel"}, "image": {"_type": "Image"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    parquet.write_table(table, path)
    return path


def pictures(make: Maker, count: int) -> list[dict[str, Any]]:
    return [{"bytes": png(make, seed), "path": f"face{seed}.png"} for seed in range(count)]


def test_numbers_without_names_need_a_coding(make: Maker) -> None:
    path = write(make.root / "faces.parquet", {"image": pictures(make, 3), "label": [6, 0, 3]})
    with pytest.raises(DataError, match="has the numbers 0, 3, 6 for labels, which is only a part of fer2013"):
        read(path)
    faces = read(path, coding="fer2013")
    assert faces.source.layout == "parquet"
    assert faces.classes == EMOTIONS
    assert faces.labels.tolist() == [6, 0, 3]
    assert faces.names.tolist() == ["face0.png", "face1.png", "face2.png"]
    assert faces.split_names == ("train",)
    assert faces.source.coding == ChosenCoding("fer2013", "option", {"0": "angry", "3": "happy", "6": "neutral"})
    np.testing.assert_array_equal(faces.images[1], make.face(1))


def test_class_names_of_the_schema_decide_and_no_note_is_needed(make: Maker) -> None:
    names = ["anger", "contempt", "happiness"]  # alphabetical, as the library writes image folders
    path = write(make.root / "faces.parquet", {"image": pictures(make, 5), "label": [0, 1, 2, -1, 3]}, names)
    faces = read(path)
    assert faces.classes == ("angry", "happy", "contempt")
    assert faces.labels.tolist() == [0, 2, 1, -1]
    assert faces.source.class_map == {"anger": "angry", "contempt": "contempt", "happiness": "happy"}
    assert [(row.name, row.reason) for row in faces.source.dropped] == [("face4.png", "unknown class code '3'")]
    assert faces.source.notes == ()


def test_bytes_alone_and_labels_as_names(make: Maker) -> None:
    columns = {"img_bytes": [png(make, 0), png(make, 1), None], "labels": ["Sadness", None, "joy"]}
    faces = read(write(make.root / "faces.parquet", columns))
    assert faces.classes == ("sad",)
    assert faces.labels.tolist() == [0, -1]
    assert faces.names.tolist() == ["faces/0", "faces/1"]
    assert faces.source.dropped[0].reason == "the file holds no bytes of the picture"


def test_labels_as_floats_with_empty_cells_are_still_codes(make: Maker) -> None:
    path = write(make.root / "faces.parquet", {"image": pictures(make, 3), "label": [6.0, float("nan"), 0.0]})
    faces = read(path, coding="fer2013")
    assert (faces.classes, faces.labels.tolist()) == (EMOTIONS, [6, -1, 0])


def test_shards_of_a_folder_take_their_splits_from_their_names_training_first(make: Maker) -> None:
    for name in (
        "test-00000-of-00001",
        "train-00000-of-00002",
        "train-00001-of-00002",
        "validation-00000-of-00001",
        "public_test",
    ):
        write(make.root / "data" / f"{name}.parquet", {"image": pictures(make, 1), "label": [0]})
    make.file("README.md", "a card")
    faces = read(make.root, coding="fer2013")
    assert faces.splits.tolist() == ["train", "train", "valid", "test", "public_test"]


def test_votes_split_subject_and_name_columns(make: Maker) -> None:
    columns = {
        "image": pictures(make, 3),
        "label": [0, 1, 2],
        "votes_anger": [7, 0, None],
        "votes_fear": [1, 2, 10],
        "votes_contempt": [2, 0, 0],
        "votes_nf": [0, 8, 0],
        "votes_sad": [float("nan"), 3.0, 0.0],
        "votes_happy": ["many", "few", "none"],
        "split": ["Training", "PrivateTest", "sometime"],
        "subject": [11, 12, 13],
        "name": ["a", "b", "c"],
    }
    faces = read(write(make.root / "faces.parquet", columns), coding="fer2013")
    assert faces.votes is not None
    assert faces.subjects is not None
    assert faces.votes.tolist() == [[7, 0, 1, 0, 0, 0, 0], [0, 0, 2, 0, 3, 0, 0]]
    assert faces.splits.tolist() == ["train", "private_test"]
    assert faces.subjects.tolist() == ["11", "12"]
    assert faces.names.tolist() == ["a", "b"]
    assert any("not kept: contempt, nf" in note for note in faces.source.notes)
    assert faces.source.dropped[0].reason == "unknown split 'sometime'"


def test_a_test_file_needs_no_labels(make: Maker) -> None:
    write(make.root / "train.parquet", {"image": pictures(make, 2), "label": [0, 1]})
    write(make.root / "test.parquet", {"image": pictures(make, 1)})
    assert read(make.root, coding="fer2013").labels.tolist() == [0, 1, -1]


def test_a_parquet_file_is_known_by_its_content(make: Maker) -> None:
    path = write(make.root / "faces.bin", {"image": pictures(make, 2), "label": [1, 2]})
    assert read(path, coding="fer2013").labels.tolist() == [1, 2]


def test_shards_that_name_their_classes_differently_are_refused(make: Maker) -> None:
    write(make.root / "train.parquet", {"image": pictures(make, 1), "label": [0]}, ["happy", "sad"])
    write(make.root / "test.parquet", {"image": pictures(make, 1), "label": [0]}, ["sad", "happy"])
    with pytest.raises(DataError, match="name their classes differently"):
        read(make.root)


def test_damage_inside_is_told_in_a_sentence(make: Maker) -> None:
    path = write(make.root / "faces.parquet", {"image": pictures(make, 8), "label": [*range(7), 0]})
    content = bytearray(path.read_bytes())
    content[4:2000] = b"\xff" * 1996
    path.write_bytes(content)
    with pytest.raises(DataError, match="is damaged or cut off"):
        read(path)


def test_without_pyarrow_the_error_names_the_extra(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(make.root / "faces.parquet", {"image": pictures(make, 1), "label": [0]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mien\[report\]'"):
        read(path)


@pytest.mark.parametrize("names", [None, list(EMOTIONS)])
def test_one_hot_lists_and_lists_of_votes(make: Maker, names: list[str] | None) -> None:
    lists = [[0, 0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1], [0] * 7]
    coding = None if names else "fer2013"
    faces = read(write(make.root / "one.parquet", {"image": pictures(make, 3), "label": lists}, names), coding=coding)
    assert (faces.classes, faces.labels.tolist(), faces.votes) == (EMOTIONS, [3, 6, -1], None)
    lists = [[1, 0, 0, 8, 1, 0, 0], [5, 0, 5, 0, 0, 0, 0], [0, 0, 0, 0, 0, 2, 8]]
    faces = read(write(make.root / "votes.parquet", {"image": pictures(make, 3), "label": lists}, names), coding=coding)
    assert faces.labels.tolist() == [3, 6]
    assert faces.votes is not None
    assert faces.votes.tolist() == [lists[0], lists[2]]
    assert "tied between" in faces.source.dropped[0].reason


def test_names_go_before_codes_and_columns_are_known_by_their_heads(make: Maker) -> None:
    columns = {
        "image": pictures(make, 3),
        "label": [0, 1, 0],
        "emotion_name": ["happy", "sad", "happy"],
        "Set": ["train_set", "val_set", "Test Data"],
        "person": [7, 8, 9],
    }
    faces = read(write(make.root / "faces.parquet", columns))
    assert [faces.classes[label] for label in faces.labels] == ["happy", "sad", "happy"]
    assert faces.splits.tolist() == ["train", "valid", "test"]
    assert faces.subjects is not None
    assert faces.subjects.tolist() == ["7", "8", "9"]
    assert "'label' was not used" in faces.source.notes[0]


def test_names_of_the_schema_that_are_numbers_are_codes(make: Maker) -> None:
    path = write(make.root / "faces.parquet", {"image": pictures(make, 7), "label": list(range(7))}, list("1234567"))
    faces = read(path, coding="rafdb")
    assert [faces.classes[label] for label in faces.labels][:2] == ["surprise", "fear"]


def test_a_column_of_folds_is_no_column_of_splits_and_is_told(make: Maker) -> None:
    columns = {"image": pictures(make, 3), "label": ["sad", "happy", "sad"], "fold": [0, 1, 2]}
    faces = read(write(make.root / "faces.parquet", columns))
    assert faces.split_names == ("train",)
    assert "has '0', '1', '2', which name no split" in faces.source.notes[0]


def test_fer2013_as_a_data_frame_keeps_its_coding(make: Maker) -> None:
    columns = {
        "emotion": [3, 4],
        "pixels": [make.pixels(0), make.pixels(1)],
        "Usage": ["Training", "PublicTest"],
    }
    faces = read(write(make.root / "faces.parquet", columns))
    assert [faces.classes[label] for label in faces.labels] == ["happy", "sad"]
    assert faces.splits.tolist() == ["train", "public_test"]


@pytest.mark.parametrize("head", ["pixel{}", "{}", "px_{:03d}"])
def test_a_column_for_each_pixel(make: Maker, head: str) -> None:
    shown = np.random.default_rng(0).integers(0, 256, (3, 64), dtype=np.uint8)
    order = np.random.default_rng(1).permutation(64)  # columns in any order
    columns: dict[str, Any] = {"emotion": [3, 4, 3], "Usage": ["Training", "PublicTest", "Training"]}
    columns |= {head.format(place): shown[:, place] for place in order}
    faces = read(write(make.root / "faces.parquet", columns))
    assert np.array_equal(faces.images, shown.reshape(3, 8, 8))
    assert [faces.classes[label] for label in faces.labels] == ["happy", "sad", "happy"]
    assert list(faces.splits) == ["train", "public_test", "train"]


def test_pixels_that_are_missing_cost_their_row_and_other_numbers_are_no_pixels(make: Maker) -> None:
    shown = np.linspace(0, 1, 64 * 2).reshape(2, 64)
    columns: dict[str, Any] = {f"pixel{place}": shown[:, place] for place in range(64)}
    columns["pixel9"] = [0.5, None]
    faces = read(write(make.root / "faces.parquet", columns | {"label": ["sad", "happy"]}))
    assert len(faces) == 1
    assert np.abs(faces.images[0].ravel()[10:] - 255 * shown[0, 10:]).max() <= 0.5
    landmarks = {f"landmark{place}": [0.1, 0.2] for place in range(68)}
    with pytest.raises(DataError, match="no column of pictures"):
        read(write(make.root / "landmarks.parquet", landmarks | {"label": ["sad", "happy"]}))
