"""Many photos in one file: Parquet and tars."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet


def write_table(path: Path, rows: list[dict[str, Any]], groups: int = 1) -> Path:
    parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=max(1, len(rows) // groups))
    return path


def write_tar(path: Path, entries: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, data in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path
