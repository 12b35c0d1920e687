"""The clips at some paths: files, and the videos below folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mien.errors import DataError
from mien.inference import stream

SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".wmv", ".flv", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".3gp", ".ogv",
)  # fmt: skip
"""Suffixes of videos in folders; a file that is named itself may have any."""


@dataclass(frozen=True)
class Clip:
    """A clip of a study.

    Attributes:
        name: its name in the tables: the file's name, or its path below the given folder, with ``/``.
        path: the file.
    """

    name: str
    path: str

    @property
    def file_name(self) -> str:
        """The name without folders, for files about the clip."""
        return file_name(self.name)


def file_name(name: str) -> str:
    """The name of a clip as that of a file."""
    return name.replace("/", "__")


def expand(paths: Iterable[str]) -> list[Clip]:
    """The clips at some paths; a folder stands for all videos below it, sorted by name.

    Raises:
        DataError: there are none, a path doesn't exist, or two clips have one name.
    """
    given = list(paths)
    clips = [clip for path in given for clip in _at(path)]
    if not clips:
        raise DataError(
            f"There are no videos at '{', '.join(given)}': name files, or folders with {', '.join(SUFFIXES[:4])} or similar files."
        )
    names: dict[str, Clip] = {}
    for clip in clips:
        other = names.setdefault(clip.file_name.lower(), clip)
        if other is not clip:
            raise DataError(f"Two clips have the name '{clip.name}' ('{other.path}' and '{clip.path}'): rename one.")
    return clips


def _at(path: str) -> Iterator[Clip]:
    if not Path(path).exists():
        raise DataError(f"'{path}' does not exist.")
    if not Path(path).is_dir():
        yield Clip(Path(path).name, path)
        return
    for file in stream.walk(path, SUFFIXES):
        if not stream.is_companion(file) and not Path(file).is_dir():
            yield Clip(Path(os.path.relpath(file, path)).as_posix(), file)
