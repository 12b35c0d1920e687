"""Hypothesis against every reader of bytes from outside: whatever a file holds, faces or one sentence."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

import boxes
from mien.data.layouts import read
from mien.errors import MienError

if TYPE_CHECKING:
    from tests.data.conftest import Maker

fuzz = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)
changes = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8)


def reads_or_says_why(make: Maker, name: str, data: bytes) -> None:
    path = make.file(name, data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of packages of others about damage
            read(path, cache=False)
    except MienError as error:
        assert "\n" not in str(error)  # noqa: PT017 # one sentence


def changed(data: bytes, changes: list[tuple[float, int]], share: float) -> bytes:
    result = bytearray(data[: max(1, int(len(data) * share))])
    for place, value in changes:
        result[int(place * (len(result) - 1))] = value
    return bytes(result)


def text_table(make: Maker) -> bytes:
    return "".join(["emotion,pixels,Usage\n", *(f'3,"{make.pixels(n, 8)}",Training\n' for n in range(3))]).encode()


def workbook(make: Maker) -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    for row in [("emotion", "pixels"), *((code, make.pixels(code, 8)) for code in range(3))]:
        book.active.append(row)
    book.save(buffer)
    return buffer.getvalue()


def parquet_file(make: Maker) -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(pa.table({"pixels": [make.pixels(n, 8) for n in range(3)], "label": ["sad"] * 3}), buffer)
    return buffer.getvalue()


def arrow_file(make: Maker) -> bytes:
    rows = pa.table({"pixels": [make.pixels(n, 8) for n in range(3)], "label": ["sad"] * 3})
    buffer = io.BytesIO()
    with pa.ipc.new_stream(buffer, rows.schema) as writer:
        writer.write_table(rows)
    return buffer.getvalue()


SOUND: dict[str, Callable[[Maker], bytes]] = {
    "a.csv": text_table,
    "a.xlsx": workbook,
    "a.parquet": parquet_file,
    "a.arrow": arrow_file,
    "a.jsonl": lambda make: json.dumps({"pixels": make.pixels(1, 8), "label": "sad"}).encode() + b"\n",
}


@pytest.mark.parametrize("name", SOUND)
@fuzz
@given(changes, st.floats(0.05, 1))
@example([], 1.0)
def test_files_with_changed_bytes(make: Maker, name: str, changes: list[tuple[float, int]], share: float) -> None:
    reads_or_says_why(make, name, changed(SOUND[name](make), changes, share))


@pytest.mark.parametrize("name", ["a.csv", "a.npz", "a.npy", "a.zip", "a.tar", "a.csv.gz", "a.json", "a.txt", "a"])
@fuzz
@given(st.binary(max_size=400))
@example(b"")
@example(b"PK\x03\x04")
@example(b"\x93NUMPY\x01\x00")
@example(b"\xff\xff\xff\xff\x10\x00\x00\x00")
def test_random_bytes(make: Maker, name: str, data: bytes) -> None:
    reads_or_says_why(make, name, data)


@fuzz
@given(st.text(alphabet='0123456789,;\t|"[]. \n\rabemotionpixlsUg-é', max_size=300))
@example('emotion,pixels\n0,"')
@example("emotion,pixels\n" + "9" * 400)
def test_tables_of_any_text(make: Maker, text: str) -> None:
    reads_or_says_why(make, "a.csv", text.encode())


metadata = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["info", "features", "label", "names", "classes", "coding"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@fuzz
@given(metadata, metadata)
def test_parquet_metadata_of_any_shape(make: Maker, ours: Any, theirs: Any) -> None:
    rows = pa.table({"pixels": [make.pixels(n, 8) for n in range(3)], "label": [0, 1, 2]})
    keys = {b"mien": json.dumps(ours).encode(), b"huggingface": json.dumps(theirs).encode()}
    buffer = io.BytesIO()
    parquet.write_table(rows.replace_schema_metadata(keys), buffer)
    reads_or_says_why(make, "a.parquet", buffer.getvalue())


@pytest.mark.parametrize("text", [b"[" * 3000, b"\xff", b"5", b'{"classes": ["a"], "coding": {"name": 3}}'])
def test_parquet_metadata_that_is_hostile(make: Maker, text: bytes) -> None:
    rows = pa.table({"pixels": [make.pixels(0, 8)], "label": [0]}).replace_schema_metadata({b"mien": text})
    buffer = io.BytesIO()
    parquet.write_table(rows, buffer)
    reads_or_says_why(make, "a.parquet", buffer.getvalue())


KEYS = [
    "images",
    "annotations",
    "categories",
    "id",
    "image_id",
    "category_id",
    "bbox",
    "name",
    "file_name",
    "data",
    "image",
    "result",
    "value",
    "choices",
    "rectanglelabels",
    "x",
    "y",
    "width",
    "height",
]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 500)
    | st.floats(allow_nan=True)
    | st.sampled_from(["a.png", "Happy", ""]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=25,
)


@fuzz
@given(st.sampled_from(["coco", "label studio"]), json_values, json_values, json_values)
def test_annotations_of_any_shape(make: Maker, kind: str, first: Any, second: Any, third: Any) -> None:
    if not (make.root / "a.png").exists():
        boxes.photo(make, "a.png")
    content: Any = {"images": [first], "annotations": [second, third], "categories": [third]}
    if kind == "label studio":
        content = [{"data": {"image": "a.png", "x": first}, "annotations": second}, third]
    make.file("x.json", json.dumps(content))
    try:
        read(make.root, cache=False)
    except MienError as error:
        assert "\n" not in str(error)  # noqa: PT017 # one sentence
