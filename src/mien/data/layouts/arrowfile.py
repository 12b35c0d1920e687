"""Arrow files (.arrow, Feather 2, and the streams of ``datasets.save_to_disk``), read as Parquet files are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

SUFFIXES = (".arrow", ".feather")
"""Suffixes of Arrow files."""


class ArrowFile:
    """The subset of ``pyarrow.parquet.ParquetFile`` that readers use, for a file in Arrow's file or stream format.

    Raises:
        pyarrow.ArrowException: the file is in neither format.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            self.schema_arrow = _reader(file).schema

    def iter_batches(self, batch_size: int, columns: Sequence[str]) -> Iterator[Any]:
        """The rows of some columns, in batches of at most ``batch_size``."""
        with self._path.open("rb") as file:
            reader = _reader(file)
            is_file = hasattr(reader, "num_record_batches")
            batches = map(reader.get_batch, range(reader.num_record_batches)) if is_file else reader
            for batch in batches:
                # Arrow trusts the mapped data, so offsets are validated before use.
                batch.validate(full=True)
                chosen = batch.select(list(columns))
                yield from (chosen.slice(start, batch_size) for start in range(0, len(chosen), batch_size))


def _reader(file: Any) -> Any:
    import pyarrow as pa

    is_file = file.read(6) == b"ARROW1"
    file.seek(0)
    return pa.ipc.open_file(file) if is_file else pa.ipc.open_stream(file)
