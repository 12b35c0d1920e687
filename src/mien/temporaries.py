"""Temporary folders beside an output; folders left by killed processes are removed later."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mien.locks import Lock

NAME = re.compile(r"\.mien-[0-9a-f]{16}\.tmp")
"""Pattern of the names of temporary folders."""

FORGOTTEN = 86_400.0
"""Age in seconds after which a temporary folder counts as abandoned on systems without locks."""

SHARE = 0.01
"""Maximum share of the time spent searching for abandoned folders, in a folder with very many files."""

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # Linux, <fcntl.h> and <linux/fs.h>
_due: dict[Path, float] = {}


def is_temporary(path: Path) -> bool:
    """Whether this is a temporary folder of mien."""
    return bool(NAME.fullmatch(path.name)) and path.is_dir() and not path.is_symlink()


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """Yield a path with the target's name in a new temporary folder beside it; the folder is removed at the end.

    Raises:
        OSError: the folder can't be written to.
    """
    sweep(target.parent)
    folder, lock = _made(target.parent)
    try:
        (folder / "new").mkdir()
        yield folder / "new" / target.name
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def sweep(folder: Path, *, at_once: bool = False) -> None:
    """Remove the temporary folders that killed processes have left in a folder; those in use are locked and stay.

    A folder is searched again only after an interval that grows with its size, unless ``at_once``.
    """
    started = time.monotonic()
    if started < _due.get(folder, 0.0) and not at_once:
        return
    with contextlib.suppress(OSError):
        with os.scandir(folder) as entries:
            left = [Path(entry.path) for entry in entries if NAME.fullmatch(entry.name)]
        for place in filter(is_temporary, left):
            _remove(place)
    now = time.monotonic()
    _due[folder] = now + (now - started) / SHARE


def replace(new: Path, target: Path) -> None:
    """Replace a file or folder by a new one in one step.

    Two folders are exchanged if the system supports it (Linux). Elsewhere the old folder is moved away first, so for a moment
    neither is at its path; if the process is killed then, the next ``sweep`` completes the move.

    Args:
        new: a path from ``beside``.
        target: the target of the same call of ``beside``.

    Raises:
        OSError: the move failed; the target is unchanged.
    """
    if not target.is_dir():
        new.replace(target)
    elif not _exchanged(new, target):
        old = new.parents[1] / "old"
        target.rename(old)
        try:
            new.rename(target)
        except OSError:
            old.rename(target)
            raise


def _made(parent: Path) -> tuple[Path, Lock]:
    while True:
        folder = parent / f".mien-{secrets.token_hex(8)}.tmp"
        folder.mkdir(mode=0o700)
        with contextlib.suppress(FileNotFoundError):  # removed by another process before it was locked
            if lock := Lock.take(folder):
                return folder, lock


def _remove(place: Path) -> None:
    """Remove an abandoned temporary folder; a replacement that was interrupted is completed first."""
    lock = Lock.take(place)
    if lock is None:
        return
    if lock.real or time.time() - place.stat().st_mtime > FORGOTTEN:
        for new in (place / "new").iterdir() if (place / "old").exists() else ():
            target = place.parent / new.name
            if not target.exists():
                new.rename(target)
        shutil.rmtree(place, ignore_errors=True)
    lock.release()


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; false if the system can't."""
    if sys.platform != "linux":
        return False
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:  # a C library older than 2018
        return False
    if renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP):  # an older kernel, or a file system without it
        return False
    raise OSError(code, os.strerror(code), str(other))
