"""File locks between processes; the system releases them when a process ends, so no stale lock remains."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mien.errors import OutputError

if sys.platform != "win32":
    import fcntl

PAUSE = 0.1
"""Seconds between two attempts to lock."""


@dataclass
class Lock:
    """Lock of a file or folder, held until it is released or its process ends.

    Attributes:
        descriptor: the open file; None on systems without such locks (Windows).
        real: whether the file system supports locks; if not (some network file systems), nobody is kept out.
    """

    descriptor: int | None
    real: bool

    @classmethod
    def take(cls, path: Path) -> Lock | None:
        """Lock a file or folder; None if another process holds the lock.

        Raises:
            OSError: it does not exist or can't be opened.
        """
        if sys.platform == "win32":  # a file that is open can't be replaced there
            return cls(None, real=False)
        while True:
            # NFS allows exclusive locks only on files that are open for writing.
            descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
            held = _lock(descriptor)
            if held is not None and _is_at(descriptor, path):
                return cls(descriptor, held)
            os.close(descriptor)
            if held is None:
                return None  # else it was replaced or removed before the lock was taken

    def release(self) -> None:
        """Release the lock."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


@contextmanager
def locked(path: Path, busy: str, *, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock of a file or folder inside the block.

    Args:
        path: an existing file or folder.
        busy: message of the error if another process holds the lock.
        patience: seconds to wait for the lock.

    Raises:
        OutputError: another process holds the lock, or the file can't be opened.
    """
    until = time.monotonic() + patience
    try:
        while (lock := Lock.take(path)) is None:
            if time.monotonic() >= until:
                raise OutputError(busy)
            time.sleep(PAUSE)
    except OSError as error:
        raise OutputError(f"'{path}' can't be written to: {error.strerror or error}.") from None
    try:
        yield
    finally:
        lock.release()


def _lock(descriptor: int) -> bool | None:
    """Lock an open file: True if locked, False if its file system has no locks, None if another process holds it."""
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        except OSError:
            return False
        return True
    return False


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))  # noqa: PTH116 # both as os.stat_result
    except FileNotFoundError:
        return False
