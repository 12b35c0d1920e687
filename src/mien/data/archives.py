"""Unpack zip and tar archives, and files packed with gzip, bzip2 or xz, into a temporary folder, within limits."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from mien.errors import DataError, MienError
from mien.words import agreed, counted

MAX_FILES = 2_000_000
"""Maximum number of files in an archive."""

MAX_BYTES = 2**38
"""Maximum unpacked size, in bytes."""

MAX_RATIO = 100
"""Maximum ratio of unpacked to packed size, above ``FREE_BYTES``."""

FREE_BYTES = 2**28
"""Unpacked size in bytes up to which ``MAX_RATIO`` is not applied: tables of zeros compress very well."""

_ENDINGS = re.compile(r"(\.(tar|zip|tgz|tbz2?|txz|gz|bz2|xz))+$", re.IGNORECASE)
SUFFIXES = (".zip", ".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".gz", ".bz2", ".xz")
"""Suffixes of archives."""

_STREAMS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_CHUNK = 2**20


@dataclass
class _Budget:
    """Count the unpacked files and bytes of an archive, and enforce the limits."""

    archive: Path
    folder: Path
    files: int = 0
    bytes: int = 0
    passed_over: int = 0
    packed: int = field(init=False)

    def __post_init__(self) -> None:
        self.packed = self.archive.stat().st_size

    def add_file(self) -> None:
        self.files += 1
        if self.files > MAX_FILES:
            raise DataError(f"'{self.archive}' holds more than {MAX_FILES:,} files: unpack it and name the folder.")

    def add_bytes(self, num: int) -> None:
        self.bytes += num
        if self.bytes > MAX_BYTES or self.bytes > max(FREE_BYTES, MAX_RATIO * self.packed):
            raise DataError(
                f"'{self.archive}' unpacks to more than {self.bytes - num:,} bytes, over {MAX_RATIO} times its size or the"
                " limit: possible denial of service. If you trust it, unpack it and name the folder."
            )


def is_archive(path: Path) -> bool:
    """Whether a file is an archive, by its suffix and first bytes; workbooks and NumPy files are not counted.

    Raises:
        OSError: it can't be read.
    """
    if path.suffix.lower() not in SUFFIXES:
        return False
    with path.open("rb") as file:
        head = file.read(262)
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06", *_STREAMS)) or head[257:] == b"ustar"


def stem(path: Path) -> str:
    """The name of an archive without its suffixes: ``train`` for ``train.tar.gz``."""
    return _ENDINGS.sub("", path.name) or "archive"


@contextmanager
def unpacked(paths: Sequence[Path], beside: Sequence[tuple[Path, str]] = ()) -> Iterator[tuple[Path, list[str]]]:
    """Unpack archives into a temporary folder: one archive into a folder of its name, several into a folder each.

    Args:
        paths: the archives.
        beside: files to copy beside the unpacked ones, with their new names.

    Yields:
        The folder, and notes on skipped entries.

    Raises:
        DataError: an archive is damaged, encrypted, too large, or has a file that would be outside the folder.
    """
    with tempfile.TemporaryDirectory(prefix="mien-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary, stem(paths[0]) if len(paths) == 1 else "archives")
        notes = []
        for path in paths:
            note = _unpack(path, folder if len(paths) == 1 else folder / stem(path))
            notes += [note] if note else []
        for file, name in beside:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        yield folder, notes


def _unpack(path: Path, folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    budget = _Budget(path, folder)
    with path.open("rb") as file:
        head = file.read(8)
    try:
        if head.startswith(b"PK"):
            _unpack_zip(path, budget)
        elif _is_tar(path):
            _unpack_tar(path, budget)
        else:
            opener = next(opener for magic, opener in _STREAMS.items() if head.startswith(magic))
            with opener(path) as packed:
                _copy(packed, path.with_suffix("").name, budget)
    except MienError:
        raise
    except Exception as error:  # a damaged archive may raise errors of zip, tar, zlib, lzma, or the system
        reason = (str(getattr(error, "strerror", None) or error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(
            f"'{path}' can't be unpacked ({reason or type(error).__name__}): download it again, or unpack it and name the folder."
        ) from None
    if not budget.files:
        raise DataError(f"'{path}' is an empty archive: download it again.")
    if not budget.passed_over:
        return ""
    what = counted(
        budget.passed_over, "entry that is not a file, such as a link,", "entries that are not files, such as links,"
    )
    return f"{what} {agreed(budget.passed_over, 'was', 'were')} skipped in '{path.name}'."


def _is_tar(path: Path) -> bool:
    try:
        with tarfile.open(path):
            return True
    except tarfile.ReadError:
        return False


def _unpack_zip(path: Path, budget: _Budget) -> None:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.is_dir():
                continue
            if member.flag_bits & 1:
                raise DataError(f"'{path}' is encrypted: unpack it with its password and name the folder.")
            if (member.external_attr >> 28) not in (0, 8):  # the Unix file type; 8 is a regular file
                budget.passed_over += 1
                continue
            with archive.open(member) as packed:
                _copy(packed, member.filename, budget)


def _unpack_tar(path: Path, budget: _Budget) -> None:
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and (packed := archive.extractfile(member)) is not None:
                _copy(packed, member.name, budget)
            elif not member.isdir():
                budget.passed_over += 1


def _copy(packed: IO[bytes] | Any, name: str, budget: _Budget) -> None:
    """Write one file of an archive to the folder."""
    relative = PurePosixPath(name.replace("\\", "/"))
    if relative.is_absolute() or ".." in relative.parts or re.match("[a-zA-Z]:", name) or not relative.parts:
        raise DataError(
            f"'{budget.archive}' has a file that would be written outside the target folder ({name[:60]!r}): don't trust it."
        )
    budget.add_file()
    target = budget.folder / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        while chunk := packed.read(_CHUNK):
            budget.add_bytes(len(chunk))
            file.write(chunk)
