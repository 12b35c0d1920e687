"""Writing a file whole or not at all: a temporary file beside the target, then a rename."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mien.errors import OutputError


@contextmanager
def whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on success it takes the place of ``path``, on failure it is removed.

    Raises:
        OutputError: the folder is missing, can't be written to, or ``path`` is a folder.
    """
    target = Path(path)
    if target.is_dir():
        raise OutputError(f"'{target}' is a folder: name a file to write.")
    if not target.parent.is_dir():
        raise OutputError(f"'{target}' can't be written: the folder '{target.parent}' does not exist; make it first.")
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())  # a rename that outlives a power cut must not point at unwritten blocks
        temporary.replace(target)
    except OSError as error:
        raise OutputError(f"'{target}' can't be written: {error.strerror or error}.") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file whole or not at all."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write a JSON file, indented, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
