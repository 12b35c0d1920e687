"""Writing a file or a folder whole or not at all: at a temporary place beside the target, then renamed."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from mien.errors import OutputError


@contextmanager
def whole(
    path: str | os.PathLike[str], kind: Literal["file", "folder"] = "file", *, overwrite: bool = True
) -> Iterator[Path]:
    """Give a temporary place beside ``path`` that takes its place once it is whole; whatever fails, ``path`` stays as it was.

    Raises:
        OutputError: the folder above is missing, ``path`` can't be written to, is of the other kind, or exists and
            ``overwrite`` is false.
    """
    target = Path(path)
    check(target, kind, overwrite=overwrite)
    try:
        with tempfile.TemporaryDirectory(
            dir=target.parent, prefix=f".{target.name}.", ignore_cleanup_errors=True
        ) as beside:
            temporary = Path(beside, target.name)
            yield temporary
            if kind == "file":
                with temporary.open("rb+") as file:
                    os.fsync(file.fileno())  # a rename that outlives a power cut must not point at unwritten blocks
            _swap(temporary, target, Path(beside, "old"))
    except OSError as error:
        raise OutputError(f"'{target}' can't be written: {error.strerror or error}.") from None


def check(target: Path, kind: Literal["file", "folder"] = "file", *, overwrite: bool = True) -> None:
    """Refuse a place that ``whole`` would refuse, before the work for it is done.

    Raises:
        OutputError: as for ``whole``.
    """
    if target.is_dir() if kind == "file" else target.is_file():
        raise OutputError(f"'{target}' is a {'folder' if kind == 'file' else 'file'}: choose the name of a {kind}.")
    if target.exists() and not overwrite:
        raise OutputError(f"'{target}' exists already: choose another place, or allow it to be overwritten.")
    if not target.parent.is_dir():
        raise OutputError(f"'{target}' can't be written: the folder '{target.parent}' does not exist; make it first.")


def is_litter(path: Path) -> bool:
    """Whether this is the temporary place of a write that was killed: ``.NAME.RANDOM`` beside what it was to become."""
    return path.is_dir() and bool(re.fullmatch(r"\.[^.].*\.[a-z0-9_]{8}", path.name))


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file whole or not at all."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write a JSON file, indented, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _swap(new: Path, path: Path, old: Path) -> None:
    """Put ``new`` at ``path``. A folder can't be renamed onto another, so one that is there steps aside to ``old`` first."""
    if not path.is_dir():
        new.replace(path)
        return
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise
