"""The plan of a large scoring job: the photos of each part, fixed at the start, so that every part has the same photos on any node.

Files in the folder of the results::

    _plan           a Parquet file with a row group per part and a row per photo, tar, or row group of a Parquet file
    _manifest.json  the model's hash, the options, the sources, number of parts; written last, so it marks a complete plan
    part-N.parquet  the rows of part N; written atomically, so it marks a finished part
    _summary.json   the number of rows of each status; written after all parts

Programs that read the folder as one table (pyarrow, pandas, Spark, Ray) ignore files with a leading ``_``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pyarrow as pa
from pyarrow import parquet

import mien
from mien import files, locks, temporaries
from mien.errors import DataError, OutputError
from mien.scale import places, sources
from mien.scale.sources import Member
from mien.typed_json import JsonObject

PLAN, MANIFEST, SUMMARY = "_plan", "_manifest.json", "_summary.json"
PHOTOS = 256
"""Approximate number of photos per part, which bounds the loss if a worker dies. A tar and a row group are never divided."""

SCHEMA = pa.schema([("source", pa.binary()), ("group", pa.int32())])  # a name may have invalid bytes


def part(out: str, number: int) -> str:
    """The path of a part's rows."""
    return places.below(out, f"part-{number:06}.parquet")


@contextmanager
def held(out: str) -> Iterator[None]:
    """Lock the folder against other processes inside the block; buckets have no locks.

    Raises:
        OutputError: another process is scoring into it, or it can't be created.
    """
    if places.is_remote(out):
        yield
        return
    folder = Path(out)
    files.check(folder, "folder")
    is_new = not folder.exists()
    folder.mkdir(exist_ok=True)
    with locks.locked(
        folder, f"Another process is scoring into '{out}': wait until it has ended, or choose another folder."
    ):
        try:
            yield
        finally:
            if is_new:
                with suppress(OSError):  # it is not empty
                    folder.rmdir()


def begin(out: str, named: Iterable[str], settings: JsonObject) -> int:
    """List the sources into a new plan; nothing is written if they can't be listed.

    Returns:
        The number of parts.

    Raises:
        DataError: a source can't be listed, or there is nothing to score.
        OutputError: it can't be written.
    """
    with tempfile.TemporaryFile() as plan:
        parts = _write(plan, sources.members(named))
        if not parts:
            raise DataError(
                "There are no pictures at the given places: name folders, Parquet files or tars with pictures."
            )
        plan.seek(0)
        digest = hashlib.file_digest(plan, "sha256").hexdigest()
        if not places.is_remote(out):
            Path(out).mkdir(exist_ok=True)
        plan.seek(0)
        places.put(places.below(out, PLAN), plan)
    _put_json(out, MANIFEST, {"mien": mien.__version__, "settings": settings, "parts": parts, "plan": digest})
    return parts


def take_up(out: str, settings: JsonObject) -> int:
    """The number of parts of the plan of a stopped run; 0 if there is none.

    Raises:
        OutputError: it was started with other settings.
    """
    manifest = _get_json(out, MANIFEST)
    if manifest is None:
        return 0
    if manifest.get("settings") != dict(settings):
        raise OutputError(
            f"'{out}' was started with other sources, another model or other options: use the same ones, or remove it to start again."
        )
    parts = manifest.get("parts")
    if type(parts) is not int or parts < 1:
        raise _damaged(places.below(out, MANIFEST), out)
    return parts


def check(out: str, *, resume: bool) -> bool:
    """Check the folder of the results before the work starts.

    Returns:
        Whether the run to resume is already complete.

    Raises:
        OutputError: the folder has other contents, or results that are not to be resumed.
    """
    there = places.kind(out)
    if there == "file":
        raise OutputError(f"'{out}' is a file: choose the name of a folder.")
    if there is None and not places.is_remote(out):
        files.check(Path(out), "folder")
    if there is None or _is_empty(out):
        return False
    if places.kind(places.below(out, PLAN)) is None:
        raise OutputError(f"'{out}' has files that are not results of mien: choose another folder.")
    is_complete = places.kind(places.below(out, SUMMARY)) is not None
    if not resume:
        what = "is already complete:" if is_complete else "has the results of a stopped run: resume with --resume, or"
        raise OutputError(f"'{out}' {what} remove it to start again.")
    return is_complete


def members(out: str, number: int) -> Iterator[Member]:
    """The sources of a part.

    Raises:
        DataError: the plan can't be read here.
        OutputError: it is damaged.
    """
    place = places.below(out, PLAN)
    with places.opened(place) as file:
        try:
            rows = parquet.ParquetFile(file).read_row_group(number).to_pylist()
            found = [Member(os.fsdecode(row["source"]), row["group"]) for row in rows]
        except (pa.ArrowException, OSError, ValueError, LookupError, TypeError):
            raise _damaged(place, out) from None
    return iter(found)


def finish(out: str, counts: Mapping[str, int]) -> None:
    """Write the summary, which marks the end, and remove the temporary files of killed workers."""
    _put_json(out, SUMMARY, {"mien": mien.__version__, "counts": dict(counts)})
    if not places.is_remote(out):
        temporaries.sweep(Path(out), at_once=True)


def _write(plan: IO[bytes], every: Iterable[Member]) -> int:
    parts = 0
    with parquet.ParquetWriter(plan, SCHEMA, compression="zstd", write_statistics=False) as writer:
        for parts, held in enumerate(_cut(every), start=1):  # noqa: B007 # the last number is how many there are
            rows = [{"source": os.fsencode(member.source), "group": member.group} for member in held]
            writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
    return parts


def _cut(every: Iterable[Member]) -> Iterator[list[Member]]:
    held: list[Member] = []
    weight = 0
    for member in every:
        held.append(member)
        weight += PHOTOS if member.weight is None else member.weight
        if weight >= PHOTOS:
            yield held
            held, weight = [], 0
    if held:
        yield held


def _is_empty(out: str) -> bool:
    if places.is_remote(out):
        return next(places.walk(out), None) is None
    return all(map(temporaries.is_temporary, Path(out).iterdir()))


def _put_json(out: str, name: str, value: JsonObject) -> None:
    places.put(
        places.below(out, name),
        io.BytesIO(json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "surrogateescape")),
    )


def _get_json(out: str, name: str) -> JsonObject | None:
    place = places.below(out, name)
    if places.kind(place) is None:
        return None
    with places.opened(place, sequential=True) as file:
        try:
            value = json.loads(file.read().decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError):
            raise _damaged(place, out) from None
    if not isinstance(value, dict):
        raise _damaged(place, out)
    return value


def _damaged(place: str, out: str) -> OutputError:
    return OutputError(f"'{place}' is damaged: remove '{out}' to start again.")
