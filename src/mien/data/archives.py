"""Zip and tar archives, and single files packed with gzip, bzip2 or xz: unpacked into a temporary folder, within limits."""

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
"""Most files of an archive."""

MAX_BYTES = 2**38
"""Most bytes that an archive unpacks to."""

MAX_RATIO = 100
"""How many times its own size an archive may unpack to, once that is more than ``FREE_BYTES``."""

FREE_BYTES = 2**28
"""Unpacked bytes up to which ``MAX_RATIO`` doesn't count: tables of zeros pack very well."""

_ENDINGS = re.compile(r"(\.(tar|zip|tgz|tbz2?|txz|gz|bz2|xz))+$", re.IGNORECASE)
_SUFFIXES = (".zip", ".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".gz", ".bz2", ".xz")
_STREAMS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_CHUNK = 2**20


@dataclass
class _Budget:
    """Counts what an archive unpacks to, and refuses more than it may."""

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
            raise DataError(f"'{self.archive}' holds more than {MAX_FILES:,} files: unpack it and give the folder.")

    def add_bytes(self, num: int) -> None:
        self.bytes += num
        if self.bytes > MAX_BYTES or self.bytes > max(FREE_BYTES, MAX_RATIO * self.packed):
            raise DataError(
                f"'{self.archive}' unpacks to more than {self.bytes - num:,} bytes, over {MAX_RATIO} times its size or the"
                " limit: it may be made to fill the disk. If you trust it, unpack it and give the folder."
            )


def is_archive(path: Path) -> bool:
    """Whether a file is an archive by its ending and its first bytes; a workbook or a file of NumPy is none.

    Raises:
        OSError: it can't be read.
    """
    if path.suffix.lower() not in _SUFFIXES:
        return False
    with path.open("rb") as file:
        head = file.read(262)
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06", *_STREAMS)) or head[257:] == b"ustar"


def stem(path: Path) -> str:
    """The name of an archive without its endings: ``train`` for ``train.tar.gz``."""
    return _ENDINGS.sub("", path.name) or "archive"


@contextmanager
def unpacked(paths: Sequence[Path], beside: Sequence[tuple[Path, str]] = ()) -> Iterator[tuple[Path, list[str]]]:
    """Unpack archives into a temporary folder: one archive into a folder of its name, several into a folder each.

    Args:
        paths: the archives.
        beside: files to copy beside what is unpacked, each with its name in there.

    Yields:
        The folder, and notes on what was passed over.

    Raises:
        DataError: an archive is damaged, encrypted, too large, or holds a file that would lie outside the folder.
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
    except Exception as error:  # zip, tar, zlib, lzma, names, the disk: a damaged archive fails in any of them
        reason = (str(getattr(error, "strerror", None) or error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(
            f"'{path}' can't be unpacked ({reason or type(error).__name__}): download it again, or unpack it and give the folder."
        ) from None
    if not budget.files:
        raise DataError(f"'{path}' is an empty archive: download it again.")
    if not budget.passed_over:
        return ""
    what = counted(
        budget.passed_over, "entry that is no file, such as a link,", "entries that are no files, such as links,"
    )
    return f"{what} {agreed(budget.passed_over, 'was', 'were')} passed over in '{path.name}'."


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
                raise DataError(f"'{path}' is encrypted: unpack it with its password and give the folder.")
            if (member.external_attr >> 28) not in (0, 8):  # the kind of file, as Unix has it; 8 is a regular one
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
    """Write one file of an archive."""
    relative = PurePosixPath(name.replace("\\", "/"))
    if relative.is_absolute() or ".." in relative.parts or re.match("[a-zA-Z]:", name) or not relative.parts:
        raise DataError(
            f"'{budget.archive}' holds a file that would lie outside of the folder it is unpacked to ({name[:60]!r}): don't trust it."
        )
    budget.add_file()
    target = budget.folder / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        while chunk := packed.read(_CHUNK):
            budget.add_bytes(len(chunk))
            file.write(chunk)
