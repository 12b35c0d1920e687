"""Packed FaceSets in the user's cache folder, found again by the content of what they were read from."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from mien import files
from mien.data.faceset import ChosenCoding, DroppedRow, FaceSet, Source
from mien.errors import OutputError

READER_VERSION = 3
"""Raised when a reader would understand the same files differently, so that older entries are not used."""

_CHUNK = 2**20
_OPTIONAL = ("votes", "subjects")


def folder() -> Path:
    """The cache folder: ``MIEN_CACHE`` where set, else the place that the system has for caches."""
    if given := os.environ.get("MIEN_CACHE"):
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "mien" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mien"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mien"


def fingerprint(path: Path, files: Iterable[Path] | None = None) -> str:
    """SHA-256 over the names (seen from ``path``) and contents of a file, or of all files below a folder.

    Args:
        path: what to identify.
        files: the files below it, where they are known already.

    Raises:
        OSError: a file can't be read.
    """
    if not path.is_dir():
        return _digest(path)
    below = path.rglob("*") if files is None else files
    named = sorted((file.relative_to(path).as_posix(), file) for file in below if file.is_file())
    with ThreadPoolExecutor() as pool:
        digests = list(pool.map(_digest, [file for _, file in named]))
    listing = [[name, digest] for (name, _), digest in zip(named, digests, strict=True)]
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()


def key(*parts: str | int | None) -> str:
    """The key of an entry: a hash of everything that its content depends on, and of the version of the readers."""
    return hashlib.sha256(json.dumps([READER_VERSION, *parts]).encode()).hexdigest()


def load(key: str) -> FaceSet | None:
    """The entry of a key, or None. A damaged entry is removed, so that it is read anew."""
    path = _entry(key)
    if not path.exists():
        return None
    try:
        # The file is opened here because np.load leaves one open whose end is missing.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return _unpacked({name: arrays[name] for name in arrays.files})
    except Exception:  # zip, zlib, JSON, shapes: whatever is wrong with a cache entry, reading anew is the answer
        with contextlib.suppress(OSError):
            path.unlink()
        return None


def save(key: str, faceset: FaceSet) -> None:
    """Keep a FaceSet. Where the cache can't be written, nothing is kept and nothing is wrong."""
    path = _entry(key)
    with contextlib.suppress(OSError, OutputError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.whole(path) as temporary:
            np.savez(temporary, allow_pickle=False, **_packed(faceset))


def _entry(key: str) -> Path:
    return folder() / "facesets" / f"{key}.npz"


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _packed(faceset: FaceSet) -> dict[str, Any]:
    source = faceset.source
    about = {
        "classes": faceset.classes,
        "layout": source.layout,
        "path": source.path,
        "class_map": dict(source.class_map),
        "dropped": [[row.name, row.reason] for row in source.dropped],
        "notes": source.notes,
        "coding": None if source.coding is None else source.coding.to_dict(),
    }
    arrays = {name: getattr(faceset, name) for name in ("images", "labels", "names", "splits", *_OPTIONAL)}
    text = np.frombuffer(json.dumps(about).encode(), np.uint8)
    return {"about": text, **{name: array for name, array in arrays.items() if array is not None}}


def _unpacked(arrays: dict[str, Any]) -> FaceSet:
    about = json.loads(arrays["about"].tobytes())
    source = Source(
        about["layout"],
        about["path"],
        about["class_map"],
        tuple(DroppedRow(name, reason) for name, reason in about["dropped"]),
        tuple(about["notes"]),
        coding=None if about["coding"] is None else ChosenCoding.from_dict(about["coding"]),
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
    )
