"""A cache in the user's cache folder: packed FaceSets, with keys from the content of the source files, and converted networks.

Entries hold pixels, names and subjects, so only the user can read them. The least recently used ones are removed above the limit.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from mien import files
from mien.data.faceset import FaceSet
from mien.data.source import ChosenCoding, DroppedRow, Source
from mien.errors import OutputError
from mien.locks import Lock
from mien.threads import in_threads

READER_VERSION = 7
"""Version of the readers; increased when they would read the same files differently, so that older entries are not used."""

GRAPHS = "graphs"
"""Folder of converted networks."""

_CHUNK = 2**20
_OPTIONAL = ("votes", "subjects")
_GROUP = "group"


LIMIT = 2 * 2**30
"""Maximum size of all entries in bytes; FER2013 takes 90 million."""

OFF = ("off", "0", "no", "false", "none")
"""Values of ``MIEN_CACHE`` that turn the cache off."""


@dataclass(frozen=True)
class Contents:
    """A summary of the cache.

    Attributes:
        folder: its path; None if it is off.
        entries: number of sets of faces.
        bytes: total size.
    """

    folder: Path | None
    entries: int
    bytes: int


def folder() -> Path | None:
    """The cache folder: ``MIEN_CACHE`` if set, else the system's cache folder; None if the cache is off."""
    if given := os.environ.get("MIEN_CACHE"):
        return None if given.strip().lower() in OFF else Path(given).expanduser()
    return user_cache_path("mien", appauthor=False)


def fingerprint(path: Path, contents: Mapping[Path, str] | None = None) -> str:
    """SHA-256 over the names (relative to ``path``) and contents of a file, or of all files below a folder.

    Args:
        path: the file or folder to identify.
        contents: the files below it with their names, if they are known already.

    Raises:
        OSError: a file can't be read.
    """
    if not path.is_dir():
        return _digest(path)
    if contents is None:
        contents = {file: file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}
    named = sorted((name, file) for file, name in contents.items())
    digests = in_threads(_digest, [file for _, file in named])
    listing = [[name, digest] for (name, _), digest in zip(named, digests, strict=True)]
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()


def key(*parts: str | int | None) -> str:
    """The key of an entry: a hash of everything that its content depends on, including the version of the readers."""
    return hashlib.sha256(json.dumps([READER_VERSION, *parts]).encode()).hexdigest()


def load(key: str) -> FaceSet | None:
    """The entry of a key, or None. A damaged entry is removed, so that the source is read again."""
    path = _entry(key)
    if path is None or not path.exists():
        return None
    try:
        # The file is opened here because np.load doesn't close a truncated file.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            found = _unpacked({name: arrays[name] for name in arrays.files})
    except Exception:  # zip, zlib, JSON, shapes: a damaged entry may raise any error; the source is read again
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # mark it as the last used one
    return found


def save(key: str, faceset: FaceSet) -> None:
    """Store a FaceSet; a cache that can't be written to is ignored."""
    path = _entry(key)
    if path is None:
        return
    write(path, lambda temporary: np.savez(temporary, allow_pickle=False, **_packed(faceset)))
    with contextlib.suppress(OSError, OutputError):
        _make_room(path.parent)


def contents() -> Contents:
    """Count the entries."""
    sizes = [size for _, size, _ in _entries()]
    return Contents(folder(), len(sizes), sum(sizes))


def clear() -> Contents:
    """Remove all entries; returns their count and size.

    Raises:
        OSError: an entry can't be removed.
    """
    there = contents()
    graphs = [] if there.folder is None else (there.folder / GRAPHS).glob("*.onnx")
    for path in (*(path for _, _, path in _entries()), *graphs):
        path.unlink(missing_ok=True)
    return there


def graph(key: str) -> Path | None:
    """The file of a converted network without weights, some 20 kB, which need not exist; None if the cache is off."""
    place = folder()
    return None if place is None else place / GRAPHS / f"{key}.onnx"


def write(path: Path, content: Callable[[Path], object]) -> None:
    """Let ``content`` write a file of the cache that only the user can read; a cache that can't be written to is ignored."""
    with contextlib.suppress(OSError, OutputError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)  # an older mien allowed access by others
        with files.atomic_write(path, mode=0o600) as temporary:
            content(temporary)


def _make_room(place: Path) -> None:
    """Remove the least recently used entries until the others are within ``LIMIT``; one process at a time."""
    lock = Lock.take(place)
    if lock is None:
        return
    try:
        left = contents().bytes
        for _, size, path in _entries():
            if left <= LIMIT:
                break
            path.unlink(missing_ok=True)
            left -= size
    finally:
        lock.release()


def _entries() -> list[tuple[float, int, Path]]:
    """The time of last use, the size in bytes and the path of each entry; the least recently used one first."""
    place = folder()
    found = []
    for path in [] if place is None else (place / "facesets").glob("*.npz"):
        with contextlib.suppress(OSError):  # another process has removed it
            about = path.stat()
            found.append((about.st_mtime, about.st_size, path))
    return sorted(found)


def _entry(key: str) -> Path | None:
    place = folder()
    return None if place is None else place / "facesets" / f"{key}.npz"


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _packed(faceset: FaceSet) -> dict[str, NDArray[Any]]:
    source = faceset.source
    about = {
        "classes": faceset.classes,
        "layout": source.layout,
        "path": source.path,
        "class_map": dict(source.class_map),
        "dropped": [[row.name, row.reason] for row in source.dropped],
        "notes": source.notes,
        "columns": source.columns,
        "groups": list(faceset.groups),
        "coding": None if source.coding is None else source.coding.to_dict(),
    }
    arrays = {name: getattr(faceset, name) for name in ("images", "labels", "names", "splits", *_OPTIONAL)}
    arrays |= {f"{_GROUP}{place}": values for place, values in enumerate(faceset.groups.values())}
    text = np.frombuffer(json.dumps(about).encode(), np.uint8)
    return {"about": text, **{name: array for name, array in arrays.items() if array is not None}}


def _unpacked(arrays: dict[str, NDArray[Any]]) -> FaceSet:
    about = json.loads(arrays["about"].tobytes())
    source = Source(
        about["layout"],
        about["path"],
        about["class_map"],
        tuple(DroppedRow(name, reason) for name, reason in about["dropped"]),
        tuple(about["notes"]),
        coding=None if about["coding"] is None else ChosenCoding.from_dict(about["coding"]),
        columns=tuple(about["columns"]),
    )
    return FaceSet(
        arrays["images"],
        arrays["labels"],
        tuple(about["classes"]),
        arrays["names"],
        arrays["splits"],
        arrays.get("votes"),
        arrays.get("subjects"),
        source,
        {name: arrays[f"{_GROUP}{place}"] for place, name in enumerate(about["groups"])},
    )
