"""Atomic writes of files and folders, which never replace an input.

A regular file or a folder is written to a temporary place beside its path and moved there in one step. Links are followed; owner
and mode of a replaced file are kept. Devices, pipes and files opened by the shell (``/dev/stdout``) are written to directly.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from mien import escapes, temporaries
from mien.errors import OutputError

Kind = Literal["file", "folder"]

PAGES = (".html", ".htm")
"""Suffixes of files that mien writes and never reads."""

MODELS, TABLES, PICTURES, PARQUET = (".onnx",), (".csv",), (".png",), (".parquet",)
"""Suffixes of the other files that verbs write."""

_DESCRIPTOR = re.compile(r"/dev/(stdin|stdout|stderr|fd/\d+)|/proc/[^/]+/(task/[^/]+/)?fd/\d+")


@dataclass(frozen=True)
class Inputs:
    """Files and folders that are read, and so must not be replaced.

    Attributes:
        paths: files and folders; names without a file, such as pretrained models or cameras, are ignored.
        within: whether the files in the folders are inputs too, except reports.
    """

    paths: Iterable[str | os.PathLike[str]] = field(default=())
    within: bool = True

    @cached_property
    def _known(self) -> tuple[dict[tuple[int, int], Path], dict[tuple[int, int], Path]]:
        """The files and the folders, each by device and inode."""
        known: tuple[dict[tuple[int, int], Path], dict[tuple[int, int], Path]] = ({}, {})
        for path in (Path(path) for path in self.paths if os.fspath(path)):
            with contextlib.suppress(OSError, ValueError):  # ValueError: a name with a null byte
                found = path.stat()
                known[stat.S_ISDIR(found.st_mode)][found.st_dev, found.st_ino] = path
        return known

    def replaced_by(self, target: Path, kind: Kind = "file") -> Path | None:
        """The input that a write to ``target`` would replace, also through a link; None if there is none."""
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


class UniqueNames:
    """File names that differ from each other, also where A.png and a.png are the same file; a taken name gets the next number."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def keep(self, names: Iterable[str]) -> None:
        """Never give these names."""
        self._taken.update(name.lower() for name in names)

    def name(self, stem: str, suffix: str) -> str:
        """The name, with ``-2``, ``-3`` and so on before the suffix if it is taken."""
        wanted = f"{stem}{suffix}".lower()
        name, number = f"{stem}{suffix}", self._numbers.get(wanted, 1)
        while name.lower() in self._taken:
            number += 1
            name = f"{stem}-{number}{suffix}"
        self._numbers[wanted] = number  # the search goes on from here, so that many files of one name take linear time
        self._taken.add(name.lower())
        return name


_kept: ContextVar[tuple[Inputs, ...]] = ContextVar("kept", default=())
_pictures: ContextVar[list[Collection[Path]] | None] = ContextVar("pictures", default=None)


@contextmanager
def kept(*inputs: Inputs) -> Iterator[None]:
    """Refuse to replace one of these files or folders inside the block, or a picture that a list among them names."""
    tokens = _kept.set((*_kept.get(), *inputs)), _pictures.set([])
    try:
        yield
    finally:
        _kept.reset(tokens[0])
        _pictures.reset(tokens[1])


def keep_pictures(paths: Collection[Path]) -> None:
    """Refuse to replace the pictures in this collection, which may still grow, until the block of ``kept`` ends."""
    known = _pictures.get()
    if known is not None:
        known.append(paths)


def check(
    target: Path,
    kind: Kind = "file",
    *,
    overwrite: bool = True,
    inputs: Iterable[Inputs | str | os.PathLike[str]] = (),
    suffixes: Sequence[str] = (),
) -> None:
    """Refuse a path that ``atomic_write`` would refuse, before the work starts.

    Raises:
        OutputError: as for ``atomic_write``.
    """
    if target.is_dir() if kind == "file" else target.exists() and not target.is_dir():
        raise OutputError(f"'{target}' is a {'folder' if kind == 'file' else 'file'}: choose the name of a {kind}.")
    if target.is_block_device():
        raise OutputError(f"'{target}' is a disk: choose the name of a file.")
    if target.exists() and not overwrite:
        raise OutputError(f"'{target}' already exists: choose another path, or allow overwriting.")
    named = (known if isinstance(known, Inputs) else Inputs((known,)) for known in inputs)
    for known in (*named, *_kept.get()):
        if (path := known.replaced_by(target, kind)) is not None:
            part = (
                "" if _identity(path) == _identity(target) else f" in '{path}'" if path.is_dir() else f" with '{path}'"
            )
            raise OutputError(f"'{target}' is an input{part} and would be overwritten: choose another path.")
    if target.exists() and any(_replaces(target, kind, path) for paths in _pictures.get() or () for path in paths):
        raise OutputError(
            f"'{target}' {'is' if kind == 'file' else 'has'} a picture of the data and would be overwritten: choose another path."
        )
    if not is_stream(target):
        for path in (target, _followed(target)):
            check_suffix(path, suffixes)
    if target.exists() and not os.access(target, os.W_OK):
        raise OutputError(f"'{target}' is write-protected: choose another path, or allow writing to it.")
    parent = _followed(target).parent if target.is_symlink() else target.parent
    if not parent.is_dir():
        raise OutputError(f"'{target}' can't be written: the folder '{parent}' does not exist; create it first.")


def check_folder(folder: Path, data: Iterable[str | os.PathLike[str]] = ()) -> None:
    """Refuse a path at which no folder can be made or added to, or one inside the data, whose next reading would include it.

    Args:
        folder: the folder to make.
        data: files and folders of data.

    Raises:
        OutputError: a file is there or above it, or it is inside a folder of ``data``, also through a link.
    """
    for place in (folder, *folder.parents):
        if place.exists() and not place.is_dir():
            raise OutputError(f"'{place}' is a file: choose the name of a folder.")
    above = [_identity(parent) for parent in Path(os.path.realpath(folder)).parents]
    for path in map(Path, data):
        if path.is_dir() and _identity(path) in above:
            raise OutputError(
                f"'{folder}' is inside the data '{path}' and would be read as data: choose a folder outside of it."
            )


def check_suffix(path: Path, suffixes: Sequence[str]) -> None:
    """Refuse a file whose name says that its content is of another kind, so that no file of another kind is replaced.

    Args:
        path: the file.
        suffixes: the suffixes of the kind, in small letters; none allow all.

    Raises:
        OutputError: the file has another suffix.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        one_of = "one of " if len(suffixes) > 1 else ""
        raise OutputError(f"'{path}' must end in {one_of}{', '.join(suffixes)}: rename it.")


@contextmanager
def atomic_write(
    path: str | os.PathLike[str],
    kind: Kind = "file",
    *,
    overwrite: bool = True,
    inputs: Iterable[Inputs | str | os.PathLike[str]] = (),
    suffixes: Sequence[str] = (),
    mode: int | None = None,
) -> Iterator[Path]:
    """Yield a temporary path that replaces ``path`` in one step at the end; after an error, ``path`` is unchanged.

    Args:
        path: the file or folder to write.
        kind: whether it is a file or a folder.
        overwrite: whether ``path`` may exist already.
        inputs: files and folders that are read, in addition to those of ``kept``.
        suffixes: those that the name of the file may have; none allow all. A device or a pipe may have any.
        mode: mode of the file, as for ``chmod``; by default that of the replaced file, or the system's default.

    Raises:
        OutputError: the parent folder is missing, ``path`` is an input, can't be written, is of the other kind, has another
            suffix, or exists and ``overwrite`` is false.
    """
    target = Path(path)
    check(target, kind, overwrite=overwrite, inputs=inputs, suffixes=suffixes)
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
                    os.fsync(file.fileno())  # so that a power cut after the rename leaves no empty file
            _keep_mode(temporary, followed, mode)
            temporaries.replace(temporary, followed)
    except OSError as error:
        raise OutputError(f"'{target}' can't be written: {error.strerror or error}.") from None


def is_stream(path: Path) -> bool:
    """Whether this is a device, a pipe or a file opened by the shell, which is written to directly."""
    with contextlib.suppress(OSError):
        return (path.exists() and not path.is_file() and not path.is_dir()) or any(
            _DESCRIPTOR.fullmatch(str(hop)) for hop in _hops(path)
        )
    return False


def write_text(path: str | os.PathLike[str], text: str, *, suffixes: Sequence[str] = ()) -> None:
    """Write a text file in UTF-8, atomically; invalid bytes in a name become replacement characters."""
    with atomic_write(path, suffixes=suffixes) as temporary:
        temporary.write_text(escapes.readable(text), encoding="utf-8")


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write an indented JSON file, atomically; invalid bytes in a name are kept as escapes."""
    write_text(path, escapes.kept_in_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n")


def _followed(path: Path) -> Path:
    """The path after all links are followed."""
    return Path(os.path.realpath(path))


def _hops(path: Path) -> Iterator[Path]:
    """A path, then each target of its links in turn."""
    for _ in range(40):  # the limit of Linux
        yield path
        if not path.is_symlink():
            return
        path = path.parent / path.readlink()


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of a path; None if it does not exist."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _replaces(target: Path, kind: Kind, picture: Path) -> bool:
    """Whether a write to an existing path would replace a picture."""
    if kind == "folder":
        return Path(os.path.realpath(target)) in Path(os.path.realpath(picture)).parents
    return picture.name == target.name and _identity(picture) == _identity(target)


def _keep_mode(new: Path, target: Path, mode: int | None) -> None:
    """Give the new file the owner and the mode of the one that it replaces."""
    if target.exists():
        before = target.stat()
        if sys.platform != "win32":
            with contextlib.suppress(OSError):  # only root may change the owner
                os.chown(new, before.st_uid, before.st_gid)
        mode = stat.S_IMODE(before.st_mode) if mode is None else mode
    if mode is not None:
        new.chmod(mode)
