"""Faces in the cells of Parquet columns: pixels in lists and in text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from mien.data.layouts import cells, read

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def write(path: Path, columns: dict[str, Any], names: list[str] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    if names is not None:
        features = {"label": {"names": names, "_type": "ClassLabel"}, "image": {"_type": "Image"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    parquet.write_table(table, path)
    return path


def as_pixels(make: Maker, kind: str) -> pa.Array | list[Any]:
    faces = [make.face(seed) for seed in range(3)]
    if kind == "fractions of fixed length":
        flat = np.concatenate([face.ravel() / 255 for face in faces])
        return pa.FixedSizeListArray.from_arrays(pa.array(flat), 48 * 48)
    return {
        "flat": [face.ravel().tolist() for face in faces],
        "nested": [face.tolist() for face in faces],
        "one channel last": [face[..., None].tolist() for face in faces],
        "text": [" ".join(map(str, face.ravel())) for face in faces],
    }[kind]


@pytest.mark.parametrize("kind", ["flat", "nested", "one channel last", "text", "fractions of fixed length"])
def test_pixels_in_lists_and_text(make: Maker, kind: str) -> None:
    columns = {"pixels": as_pixels(make, kind), "emotion": ["happy", "sad", "happy"]}
    faces = read(write(make.root / "faces.parquet", columns))
    np.testing.assert_array_equal(faces.images, [make.face(seed) for seed in range(3)])


def test_lists_that_are_no_faces_are_dropped_with_the_reason(make: Maker) -> None:
    pixels = [make.face(0).ravel().tolist(), [1, 2, 3], [[1, 2], [3]], [300] * 2304, None]
    path = write(make.root / "a.parquet", {"pixels": pixels[:2] + pixels[3:], "label": ["sad"] * 4})
    reasons = [row.reason for row in read(path).source.dropped]
    assert reasons == [
        "it has 3 pixels, and no face of H x H has so many",
        "pixel value 300 is outside 0..255",
        "the file holds no bytes of the picture",
    ]


def test_values_from_0_to_1_are_gray_where_most_faces_have_them() -> None:
    units = np.linspace(0, 1, 16).reshape(4, 4)
    levels = np.arange(16, dtype=np.uint8).reshape(4, 4)
    found = cells.gray([units, units, levels, b"a picture", "a reason"])
    np.testing.assert_array_equal(found[0], np.arange(0, 256, 17).reshape(4, 4))
    assert found[3:] == [b"a picture", "a reason"]
    assert cells.gray([units, levels, levels])[0] == "it has pixels from 0 to 1 among faces from 0 to 255"


def test_channels_first_and_last_are_colours_and_other_shapes_no_faces() -> None:
    colours = np.zeros((4, 5, 3), np.uint8)
    colours[..., 0] = 200
    luma = round(200 * 0.299)
    first, last, odd = cells.gray([colours.transpose(2, 0, 1), colours, np.zeros((2, 4, 4), np.uint8)])
    for face in (first, last):
        assert isinstance(face, np.ndarray)
        assert face.shape == (4, 5)
        assert np.abs(face.astype(int) - luma).max() <= 1
    assert odd == "its pixels have the shape (2, 4, 4), which is no face"


def test_a_column_gives_pictures_and_the_names_of_their_files() -> None:
    none = "the file holds no bytes of the picture"
    structs = pa.array([{"bytes": b"x", "path": "a/b.png"}, {"bytes": b"y", "path": None}, None, {"path": "c.png"}])
    assert cells.faces(structs) == [(b"x", "b.png"), (b"y", ""), (none, ""), (none, "c.png")]
    assert cells.faces(structs.slice(1, 1)) == [(b"y", "")]
    assert cells.faces(pa.array([b"x", None])) == [(b"x", ""), (none, "")]
    assert cells.faces(pa.array([b"x"], pa.large_binary())) == [(b"x", "")]
    assert cells.faces(pa.array([{"bytes": "1 2", "path": "a.png"}])) == [(none, "a.png")]
    (odd, _), (pixels, _) = cells.faces(pa.array([[[1, 2], [3]], [[1, 2], [3, 4]]]))
    assert odd == "its pixels are no rows of numbers of one length"
    np.testing.assert_array_equal(pixels, [[1, 2], [3, 4]])


def test_columns_of_bytes_are_encoded_pictures() -> None:
    columns = ([b"x"], [{"bytes": b"x", "path": ""}], [[1, 2]], ["1 2"], [{"bytes": "1 2"}], [{"height": 2}])
    assert [cells.are_encoded(pa.array(column)) for column in columns] == [True, True, False, False, False, False]
