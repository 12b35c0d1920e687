"""Ray's workers, as processes of this machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path


def kill(title: str) -> None:
    """Kill the workers that this process has begun and whose title, which Ray sets to what they do, begins so."""
    for process in _below(title):
        os.kill(process, signal.SIGKILL)


def _below(title: str) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*"):
        ancestor = process = int(path.name)
        try:
            if not (path / "cmdline").read_text().startswith(title):
                continue
        except OSError:  # it has ended
            continue
        while ancestor > 1 and ancestor != os.getpid():
            ancestor = _parent(ancestor)
        if ancestor == os.getpid():
            yield process


def _parent(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
