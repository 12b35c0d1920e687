"""Files on this machine, on shared storage, or in a bucket (``s3://``, ``gs://``), through pyarrow.

A place is a plain name. In ``s3://bucket/key`` the key is not percent-encoded. Credentials, region and endpoint are found as
usual: ``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL``, a profile, a node's role.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Literal

import pyarrow as pa
from pyarrow import fs

from mien import files
from mien.errors import DataError, MienError, OutputError

REMOTE = ("s3://", "gs://", "gcs://")
"""Prefixes of places in a bucket."""

GCS_PATIENCE = 10
"""Timeout of Google's storage in seconds; pyarrow itself would try for a quarter of an hour."""

CHUNK = 2**20
"""Block size in bytes for files that are read sequentially."""


def is_remote(name: str) -> bool:
    """Whether a place is in a bucket."""
    return name.startswith(REMOTE)


def below(folder: str, name: str) -> str:
    """The path of a name in a folder."""
    return f"{folder.rstrip('/')}/{name}"


def kind(name: str) -> Literal["file", "folder"] | None:
    """Whether the place is a file or a folder; None if it doesn't exist.

    Raises:
        DataError: the bucket can't be accessed.
    """
    if not is_remote(name):
        path = Path(name)
        return "folder" if path.is_dir() else "file" if path.exists() else None
    with translated_errors(name):
        system, path_in_it = _resolve(name)
        found = system.get_file_info(path_in_it).type
    return {fs.FileType.File: "file", fs.FileType.Directory: "folder"}.get(found)  # type: ignore[return-value]


def walk(folder: str) -> Iterator[str]:
    """The files below a folder of a bucket, in the order of ``os.walk`` with sorted names; one folder is in memory at a time.

    Raises:
        DataError: it can't be listed.
    """
    with translated_errors(folder):
        system, path = _resolve(folder)
        found = sorted(system.get_file_info(fs.FileSelector(path)), key=lambda info: info.base_name)
    yield from (below(folder, info.base_name) for info in found if info.type == fs.FileType.File)
    for info in found:
        if info.type == fs.FileType.Directory:
            yield from walk(below(folder, info.base_name))


@contextmanager
def opened(name: str, *, sequential: bool = False) -> Iterator[IO[bytes]]:
    """A file open for reading; ``sequential`` if it is read sequentially from start to end.

    Raises:
        DataError: it doesn't exist or can't be read, also inside the block.
    """
    with translated_errors(name), _open(name, sequential) as stream:
        yield stream


def put(name: str, content: IO[bytes]) -> None:
    """Write a file atomically, from the current position of ``content``.

    Raises:
        OutputError: it can't be written.
    """
    if is_remote(name):
        with translated_errors(name, OutputError):
            system, path = _resolve(name)
            with system.open_output_stream(path) as stream:  # an object appears when its stream is closed
                shutil.copyfileobj(content, stream, CHUNK)
    else:
        with files.atomic_write(name) as temporary, temporary.open("wb") as file:
            shutil.copyfileobj(content, file, CHUNK)


def is_damage(error: OSError) -> bool:
    """Whether an error of pyarrow concerns the content of a file, not access to it; pyarrow has one class for both."""
    return error.errno is None and not any(sign in str(error) for sign in ("AWS Error", "google::cloud"))


@contextmanager
def translated_errors(name: str, error: type[MienError] = DataError) -> Iterator[None]:
    """Turn errors of access to a place into one clear message."""
    try:
        yield
    except (OSError, pa.ArrowException) as reason:
        raise error(_sentence(name, reason)) from None


def _open(name: str, sequential: bool) -> IO[bytes]:
    if not is_remote(name):
        return Path(name).open("rb")
    system, path = _resolve(name)
    stream: IO[bytes] = (
        system.open_input_stream(path, buffer_size=CHUNK) if sequential else system.open_input_file(path)
    )
    return stream


@lru_cache(maxsize=16)
def _bucket(root: str) -> tuple[Any, str]:
    patience = "" if root.startswith("s3") else f"?retry_limit_seconds={GCS_PATIENCE}"
    system, path = fs.FileSystem.from_uri(root + patience)
    return system, path


def _resolve(name: str) -> tuple[Any, str]:
    """The file system of a bucket, and the path in it."""
    scheme, _, rest = name.partition("://")
    bucket, _, key = rest.partition("/")
    system, root = _bucket(f"{scheme}://{bucket}")
    return system, f"{root}/{key}".rstrip("/")


def _sentence(name: str, reason: Exception) -> str:
    text = (str(reason).strip().splitlines() or [type(reason).__name__])[0].partition(" (Request ID")[0].rstrip(".")
    if "NO_SUCH_BUCKET" in text:
        return f"'{name}': there is no such bucket; check its name, and AWS_ENDPOINT_URL if it is not on Amazon S3."
    if isinstance(reason, FileNotFoundError):
        return f"There is no '{name}': check the name."
    if any(
        sign in text
        for sign in ("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE", "HTTP status 403", "PERMISSION")
    ):
        return f"'{name}': access is denied; check the credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role) and their permissions."
    if "Retry policy exhausted" in text:
        return f"'{name}' can't be reached; check the network, and the credentials (gcloud auth application-default login)."
    if "NETWORK_CONNECTION" in text:
        return f"'{name}' can't be reached; check the network, and AWS_ENDPOINT_URL if it is not on Amazon S3."
    return f"'{name}' can't be reached or used: {getattr(reason, 'strerror', None) or text}."
