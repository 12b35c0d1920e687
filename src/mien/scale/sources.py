"""Sources of photos: folders, Parquet files with encoded pictures, WebDataset tars; listed first, read later on other nodes."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from mien import images
from mien.data.layouts.parquet import IMAGE_COLUMNS
from mien.errors import DataError, ImageError
from mien.inference import stream
from mien.inference.stream import Photo
from mien.scale import places

TABLE, TAR = ".parquet", ".tar"
ROWS = 16
"""Rows of a Parquet file in memory at once."""


@dataclass(frozen=True)
class Member:
    """A unit of work.

    Attributes:
        source: a photo, a tar, or a Parquet file.
        group: index of the row group of a Parquet file.
        weight: number of photos, if known without reading them.
    """

    source: str
    group: int = 0
    weight: int | None = 1


def members(sources: Iterable[str]) -> Iterator[Member]:
    """List the units of work in a deterministic order.

    A folder stands for the pictures below it, or, without pictures, for its Parquet files and tars. A pattern stands for its
    matches. Duplicates are listed once.

    Raises:
        DataError: a source doesn't exist, can't be listed, or is a Parquet file without pictures.
    """
    sources = list(sources)
    every = (file for source in sources for file in _expand(source))
    # One place has no duplicates, and may have millions of files.
    for file in stream.unique(every) if len(sources) > 1 else every:
        ending = _ending(file)
        if ending == TABLE:
            yield from _row_groups(file)
        else:
            yield Member(file, weight=None if ending == TAR else 1)


def photos(member: Member) -> Iterator[str | Photo]:
    """The photos of a unit of work; their bytes are fetched when needed.

    Raises:
        DataError: its source can't be read, or is damaged.
    """
    ending = _ending(member.source)
    if ending == TAR:
        yield from _tar(member.source)
    elif ending == TABLE:
        yield from _rows(member)
    elif places.is_remote(member.source):
        yield Photo(member.source, lambda: _object(member.source))
    else:
        if not Path(member.source).exists() and not Path(member.source).parent.is_dir():
            raise DataError(
                f"The folder of '{member.source}' is not on every node: put the photos on storage that all nodes share, such as s3://."
            )
        yield member.source


def _ending(file: str) -> str:
    return os.path.splitext(file)[1].lower()  # noqa: PTH122 # a million photos need no Path objects


def _expand(source: str) -> Iterator[str]:
    pattern = any(sign in source for sign in stream.GLOB_SIGNS)
    there = places.kind(source)
    if there == "folder":
        yield from _folder(source)
    elif there == "file":
        yield source
    elif pattern:
        yield from _matches(source) if places.is_remote(source) else iter(stream.expand([source]))
    else:
        raise DataError(f"There is no '{source}': check the name, and that this machine has access to it.")


def _folder(folder: str) -> Iterator[str]:
    found = False
    for file in _walk(folder, images.SUFFIXES):
        found = found or _ending(file) in images.SUFFIXES  # a folder that can't be listed is none
        yield file
    if not found:
        yield from (file for file in _walk(folder, (TABLE, TAR)) if _ending(file) in (TABLE, TAR))


def _walk(folder: str, endings: Collection[str]) -> Iterator[str]:
    every = (
        (file for file in places.walk(folder) if _ending(file) in endings)
        if places.is_remote(folder)
        else stream.walk(folder, endings)
    )
    return (file for file in every if not stream.is_companion(file))


def _matches(pattern: str) -> Iterator[str]:
    """The files of a bucket that match; wildcards don't match ``/``."""
    fixed = pattern[: min(pattern.index(sign) for sign in stream.GLOB_SIGNS if sign in pattern)]
    return (file for file in places.walk(fixed.rpartition("/")[0]) if PurePosixPath("/", file).match(f"/{pattern}"))


def _row_groups(file: str) -> Iterator[Member]:
    with _table(file) as table:
        _image_column(file, table.schema_arrow)
        sizes = [table.metadata.row_group(group).num_rows for group in range(table.num_row_groups)]
    yield from (Member(file, group, size) for group, size in enumerate(sizes))


@contextmanager
def _table(file: str) -> Iterator[Any]:
    with places.opened(file) as opened:
        try:
            yield parquet.ParquetFile(opened, pre_buffer=False, buffer_size=places.CHUNK)
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and not places.is_damage(error):
                raise
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
            raise DataError(f"'{file}' is damaged or cut off ({reason}): download or copy it again.") from None


def _image_column(file: str, schema: Any) -> str:
    for name in IMAGE_COLUMNS:
        if name in schema.names:
            kind = schema.field(name).type
            if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
                kind = kind.field("bytes").type
            if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
                return name
    raise DataError(
        f"'{file}' has no column of pictures (image, of bytes or of struct{{bytes, path}}): it has {', '.join(schema.names) or 'none'}."
    )


def _rows(member: Member) -> Iterator[Photo]:
    file = member.source
    with _table(file) as table:
        column = _image_column(file, table.schema_arrow)
        columns = [column, *(["name"] if "name" in table.schema_arrow.names else [])]
        number = sum(table.metadata.row_group(group).num_rows for group in range(member.group))
        for batch in table.iter_batches(ROWS, row_groups=[member.group], columns=columns):
            for row in batch.to_pylist():
                yield _of_row(row, column, places.below(file, str(number)))
                number += 1


def _of_row(row: dict[str, Any], column: str, place: str) -> Photo:
    value, name = row[column], row.get("name")
    data, path = (value.get("bytes"), value.get("path")) if isinstance(value, dict) else (value, None)
    return _held(str(name or path or place), data, "the row has no encoded picture: write the bytes into the file.")


def _held(name: str, data: bytes | None, otherwise: str) -> Photo:
    def load() -> bytes:
        if data is None:
            raise ImageError(otherwise)
        return data

    return Photo(name, load)


def _tar(file: str) -> Iterator[Photo]:
    last = "its start"
    try:
        with (
            places.opened(file, sequential=True) as opened,
            tarfile.open(fileobj=opened, mode="r|", tarinfo=_Header) as tar,
        ):
            for entry in tar:
                if entry.isfile() and _ending(entry.name) in images.SUFFIXES and not stream.is_companion(entry.name):
                    data = None
                    if entry.size <= images.MAX_BYTES and (content := tar.extractfile(entry)) is not None:
                        data = content.read()
                    too_large = f"the picture has {entry.size:,} bytes, more than the {images.MAX_BYTES:,} allowed: make it smaller."
                    yield _held(places.below(file, entry.name), data, too_large)
                last = f"'{entry.name}'"
                tar.members.clear()  # type: ignore[attr-defined] # it would hold the name of every member
    except (tarfile.TarError, EOFError) as error:
        raise DataError(f"'{file}' is damaged or cut off after {last} ({error}): download or copy it again.") from None


class _Header(tarfile.TarInfo):
    """The header of a tar member. Python takes a damaged one for the end of the tar; here only the end mark is the end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Header:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):
                raise
            raise tarfile.ReadError(str(error)) from None


def _object(name: str) -> bytes:
    """The bytes of a photo in a bucket; only a missing photo is an error of the photo itself."""
    try:
        with places.opened(name, sequential=True) as file:
            return file.read(images.MAX_BYTES + 1)
    except DataError as error:
        if places.kind(name) is None:
            raise ImageError(f"'{name}' can't be read: it no longer exists.") from None
        raise error
