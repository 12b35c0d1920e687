"""Writing files and folders: whole or not at all, and never over what is read.

A regular file or a folder is written at a temporary place beside it and put in its place in one step. Links are followed, and
owner and mode of what was there are kept. A device, a pipe or a file that a shell has opened (``/dev/stdout``) is written into.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from mien import escapes, temporaries
from mien.errors import OutputError

Kind = Literal["file", "folder"]

PAGES = (".html",)
"""Endings of what mien writes and never reads."""

_DESCRIPTOR = re.compile(r"/dev/(stdin|stdout|stderr|fd/\d+)|/proc/[^/]+/(task/[^/]+/)?fd/\d+")


@dataclass(frozen=True)
class Inputs:
    """Files and folders that are read, and so must not be replaced.

    Attributes:
        paths: files and folders; what is none is passed over, such as a pretrained model's name or the address of a camera.
        within: whether the files in the folders are inputs too, pages aside.
    """

    paths: Iterable[str | os.PathLike[str]] = field(default=())
    within: bool = True

    @cached_property
    def _known(self) -> tuple[dict[tuple[int, int], Path], dict[tuple[int, int], Path]]:
        """The files and the folders, by device and inode."""
        known: tuple[dict[tuple[int, int], Path], dict[tuple[int, int], Path]] = ({}, {})
        for path in (Path(path) for path in self.paths if os.fspath(path)):
            with contextlib.suppress(OSError, ValueError):  # ValueError: a name with a null byte
                found = path.stat()
                known[stat.S_ISDIR(found.st_mode)][found.st_dev, found.st_ino] = path
        return known

    def replaced_by(self, target: Path, kind: Kind = "file") -> Path | None:
        """The input that writing to a place would replace, under whatever name, or None."""
        identity = _identity(target)
        if identity is None:
            return None
        files, folders = self._known
        if identity in files or identity in folders:
            return files.get(identity) or folders[identity]
        if self.within and target.suffix.lower() not in PAGES:
            for above in Path(os.path.realpath(target)).parents:
                if (found := folders.get(_identity(above) or (0, 0))) is not None:
                    return found
        if kind == "folder":
            for path in (*files.values(), *folders.values()):
                if any(_identity(above) == identity for above in Path(os.path.realpath(path)).parents):
                    return path
        return None


_kept: ContextVar[tuple[Inputs, ...]] = ContextVar("kept", default=())


@contextmanager
def kept(*inputs: Inputs) -> Iterator[None]:
    """Refuse whatever would replace one of these files or folders in the block."""
    token = _kept.set((*_kept.get(), *inputs))
    try:
        yield
    finally:
        _kept.reset(token)


def check(
    target: Path,
    kind: Kind = "file",
    *,
    overwrite: bool = True,
    inputs: Iterable[Inputs | str | os.PathLike[str]] = (),
) -> None:
    """Refuse a place that ``whole`` would refuse, before the work for it is done.

    Raises:
        OutputError: as for ``whole``.
    """
    if target.is_dir() if kind == "file" else target.exists() and not target.is_dir():
        raise OutputError(f"'{target}' is a {'folder' if kind == 'file' else 'file'}: choose the name of a {kind}.")
    if target.is_block_device():
        raise OutputError(f"'{target}' is a disk: choose the name of a file.")
    if target.exists() and not overwrite:
        raise OutputError(f"'{target}' exists already: choose another place, or allow it to be overwritten.")
    named = (known if isinstance(known, Inputs) else Inputs((known,)) for known in inputs)
    for known in (*named, *_kept.get()):
        if (path := known.replaced_by(target, kind)) is not None:
            part = (
                "" if _identity(path) == _identity(target) else f" in '{path}'" if path.is_dir() else f" with '{path}'"
            )
            raise OutputError(
                f"'{target}' is an input{part} and would be overwritten: choose another place to write to."
            )
    if target.exists() and not os.access(target, os.W_OK):
        raise OutputError(f"'{target}' is write-protected: choose another place, or allow writing to it.")
    parent = _followed(target).parent if target.is_symlink() else target.parent
    if not parent.is_dir():
        raise OutputError(f"'{target}' can't be written: the folder '{parent}' does not exist; make it first.")


@contextmanager
def atomic_write(
    path: str | os.PathLike[str],
    kind: Kind = "file",
    *,
    overwrite: bool = True,
    inputs: Iterable[Inputs | str | os.PathLike[str]] = (),
    mode: int | None = None,
) -> Iterator[Path]:
    """Give a temporary place that takes the place of ``path`` once it is whole; whatever fails, ``path`` stays as it was.

    Args:
        path: the file or folder to write.
        kind: which of the two.
        overwrite: whether it may be there already.
        inputs: what is read, beside what ``kept`` names.
        mode: the mode of the file, as for ``chmod``; by default that of the file that is there, or the usual one.

    Raises:
        OutputError: the folder above is missing, ``path`` is an input, can't be written to, is of the other kind, or exists
            and ``overwrite`` is false.
    """
    target = Path(path)
    check(target, kind, overwrite=overwrite, inputs=inputs)
    try:
        if is_stream(target):
            with tempfile.TemporaryDirectory(prefix="mien-") as folder:
                temporary = Path(folder, target.name)
                yield temporary
                with temporary.open("rb") as file, target.open("wb") as stream:
                    shutil.copyfileobj(file, stream)
            return
        followed = _followed(target)
        with temporaries.beside(followed) as temporary:
            yield temporary
            if kind == "file":
                with temporary.open("rb+") as file:
                    os.fsync(file.fileno())  # a rename that outlives a power cut must not point at unwritten blocks
            _keep_mode(temporary, followed, mode)
            temporaries.replace(temporary, followed)
    except OSError as error:
        raise OutputError(f"'{target}' can't be written: {error.strerror or error}.") from None


def is_stream(path: Path) -> bool:
    """Whether this is no regular file or folder but a device, a pipe, or a file that a shell has opened: it is written into."""
    with contextlib.suppress(OSError):
        return (path.exists() and not path.is_file() and not path.is_dir()) or any(
            _DESCRIPTOR.fullmatch(str(hop)) for hop in _hops(path)
        )
    return False


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file in UTF-8, whole or not at all; bytes of a name that are no text become replacement characters."""
    with atomic_write(path) as temporary:
        temporary.write_text(escapes.readable(text), encoding="utf-8")


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write a JSON file, indented, whole or not at all; bytes of a name that are no text come back as they were."""
    write_text(path, escapes.kept_in_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n")


def _followed(path: Path) -> Path:
    """The place that a path leads to through all links."""
    return Path(os.path.realpath(path))


def _hops(path: Path) -> Iterator[Path]:
    """A path and what it links to, step by step."""
    for _ in range(40):  # as many as Linux follows
        yield path
        if not path.is_symlink():
            return
        path = path.parent / path.readlink()


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of what is at a path, or None."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _keep_mode(new: Path, target: Path, mode: int | None) -> None:
    """Give what is new the owner and the mode of what it replaces."""
    if target.exists():
        before = target.stat()
        with contextlib.suppress(OSError, AttributeError):  # only root may give files away; Windows has no owners
            os.chown(new, before.st_uid, before.st_gid)
        mode = stat.S_IMODE(before.st_mode) if mode is None else mode
    if mode is not None:
        new.chmod(mode)
