"""Locks between processes, on the file or folder itself: a process that dies lets go of its locks, and nothing is left behind."""

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
"""Seconds between two tries of one who waits for a lock."""


@dataclass
class Lock:
    """A lock of a file or folder, held until it is released or its process ends.

    Attributes:
        descriptor: the open file; None where the system has no such locks (Windows).
        real: whether others are kept out; some network file systems have no locks, and then nobody is.
    """

    descriptor: int | None
    real: bool

    @classmethod
    def take(cls, path: Path) -> Lock | None:
        """Lock what is at a path; None where another holder has it.

        Raises:
            OSError: nothing is there, or it can't be opened.
        """
        if sys.platform == "win32":
            return cls(None, real=False)
        while True:
            # NFS locks only what is open for writing.
            descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
            held = _lock(descriptor)
            if held is not None and _is_at(descriptor, path):
                return cls(descriptor, held)
            os.close(descriptor)
            if held is None:
                return None  # else it was replaced or removed while this process was at the door

    def release(self) -> None:
        """Let others have it."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


@contextmanager
def locked(path: Path, busy: str, *, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock of a file or folder in the block.

    Args:
        path: what is there.
        busy: the sentence for the user where another process has it.
        patience: seconds to wait for it.

    Raises:
        OutputError: another process has it, or it can't be opened.
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
    """Lock an open file: true, false where its file system can't, None where another has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    except OSError:
        return False
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))  # noqa: PTH116 # both as os.stat_result
    except FileNotFoundError:
        return False
