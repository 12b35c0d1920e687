"""Arrow and Feather files, and what the datasets library saves to disk."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import feather

from mien.data.layouts import read

if TYPE_CHECKING:
    from tests.data.conftest import Maker

NAMES = ["happy", "sad", "fear"]


def png(make: Maker, seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(make.face(seed)).save(buffer, "PNG")
    return buffer.getvalue()


def table(make: Maker) -> Any:
    pictures = [{"bytes": png(make, row), "path": f"{row}.png"} for row in range(3)]
    return pa.table({"image": pictures, "label": NAMES})


def write(make: Maker, name: str, stream: bool) -> Path:
    path = make.file(name, b"")
    rows = table(make)
    with path.open("wb") as file:
        opened = pa.ipc.new_stream(file, rows.schema) if stream else pa.ipc.new_file(file, rows.schema)
        with opened as writer:
            writer.write_table(rows, max_chunksize=2)
    return path


@pytest.mark.parametrize("stream", [False, True])
def test_files_and_streams(make: Maker, stream: bool) -> None:
    faces = read(write(make, "faces.arrow", stream))
    assert [faces.classes[label] for label in faces.labels] == NAMES
    np.testing.assert_array_equal(faces.images, [make.face(row) for row in range(3)])


def test_feather(make: Maker) -> None:
    feather.write_feather(table(make), str(make.root / "faces.feather"), compression="zstd")
    assert len(read(make.root / "faces.feather")) == 3


def test_what_the_datasets_library_saves(make: Maker) -> None:
    for split in ("train", "test"):
        write(make, f"{split}/data-00000-of-00001.arrow", stream=True)
        make.file(f"{split}/state.json", "{}")
        write(make, f"{split}/cache-12ab.arrow", stream=True)
    assert read(make.root).splits.tolist() == ["train"] * 3 + ["test"] * 3
