"""Further columns of tables: kept where they are asked for, whatever kind of table has them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.data import layouts
from mien.data.faceset import FaceSet

LABELS = ("happy", "sad", "happy", "angry", "sad", "angry")
SEXES = ("f", "m", "", "f", "m", "f")
HEAD = ("emotion", "Sex", "camera")


def pixels(row: int) -> str:
    return " ".join(str((row * 40 + place) % 256) for place in range(48 * 48))


def write_csv(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def pixel_table(folder: Path) -> Path:
    rows = [(label, sex, row % 2, pixels(row)) for row, (label, sex) in enumerate(zip(LABELS, SEXES, strict=True))]
    return write_csv(folder / "faces.csv", [(*HEAD, "pixels"), *rows])


def pictures(folder: Path) -> list[str]:
    (folder / "pictures").mkdir()
    for row in range(len(LABELS)):
        values = np.array(pixels(row).split(), np.uint8).reshape(48, 48)
        Image.fromarray(values).save(folder / "pictures" / f"{row}.png")
    return [f"{row}.png" for row in range(len(LABELS))]


def listed(folder: Path) -> Path:
    rows = zip(pictures(folder), LABELS, SEXES, (0, 1) * 3, strict=True)
    write_csv(folder / "pictures" / "list.csv", [("image", *HEAD), *rows])
    return folder / "pictures"


def json_lines(folder: Path) -> Path:
    rows = zip(pictures(folder), LABELS, SEXES, (0, 1) * 3, strict=True)
    lines = [json.dumps(dict(zip(("image", *HEAD), row, strict=True))) for row in rows]
    (folder / "pictures" / "metadata.jsonl").write_text("\n".join(lines) + "\n")
    return folder / "pictures"


def parquet(folder: Path) -> Path:
    import pyarrow as pa
    from pyarrow import parquet as pq

    columns = {
        "pixels": [pixels(row) for row in range(len(LABELS))],
        "emotion": list(LABELS),
        "Sex": [sex or None for sex in SEXES],
        "camera": [0, 1] * 3,
    }
    pq.write_table(pa.table(columns), folder / "faces.parquet")
    return folder / "faces.parquet"


@pytest.mark.parametrize("made", [pixel_table, listed, json_lines, parquet])
def test_columns_are_kept_where_they_are_asked_for(made: Callable[[Path], Path], tmp_path: Path) -> None:
    path = made(tmp_path)
    plain = layouts.read(path)
    assert plain.groups == {}
    assert {column.lower() for column in plain.source.columns} >= {"sex", "camera"}
    assert "emotion" not in plain.source.columns
    for _ in range(2):  # the second time out of the cache
        found = layouts.read(path, columns=["sex", "camera"])
        assert found.groups["sex"].tolist() == list(SEXES)
        assert found.groups["camera"].tolist() == ["0", "1"] * 3
        assert found.hash == plain.hash
        assert {column.lower() for column in found.source.columns} >= {"sex", "camera"}


def test_a_column_that_is_not_there_is_left_to_who_uses_it(tmp_path: Path) -> None:
    assert layouts.read(pixel_table(tmp_path), columns=["age"]).groups == {}


def test_columns_follow_their_rows(tmp_path: Path) -> None:
    found = layouts.read(pixel_table(tmp_path), columns=["sex"], drop=["sad"])
    assert found.groups["sex"].tolist() == ["f", "", "f", "f"]
    assert found.select(np.array([3, 0])).groups["sex"].tolist() == ["f", "f"]


def test_a_column_has_a_value_for_each_face() -> None:
    from mien.errors import DataError

    faces = FaceSet.from_arrays(np.zeros((2, 8, 8), np.uint8), [0, 1], ("a", "b"))
    from dataclasses import replace

    with pytest.raises(DataError, match="2 faces but 1 values of 'sex'"):
        replace(faces, groups={"sex": np.array(["f"])})
