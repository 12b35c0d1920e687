"""Many photos, one after another: decoded and searched side by side, their faces read in batches, in bounded memory."""

from __future__ import annotations

import glob
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.errors import ImageError
from mien.inference.photo import Face, Found, Reader

STDIN = "-"
BATCH = 64
"""Faces that are read at once."""

GLOB_SIGNS = "*?["


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo that is no file of this machine.

    Attributes:
        name: what it is called in the rows.
        load: gives its encoded bytes, or raises ``ImageError``; it is called once, from another thread.
    """

    name: str
    load: Callable[[], bytes]


@dataclass(frozen=True, eq=False)
class PhotoReading:
    """What was read on one photo.

    Attributes:
        path: the photo.
        faces: its faces; empty where there are none, or where it couldn't be read.
        error: why it couldn't be read, or None.
        pixels: the photo ``(H, W, 3)``, where it was asked for.
    """

    path: str
    faces: tuple[Face, ...]
    error: str | None = None
    pixels: NDArray[np.uint8] | None = None


def expand(paths: Iterable[str]) -> Iterator[str]:
    """Replace each folder by the pictures anywhere below it and each pattern by its matches, by name; a file may end in anything.

    A path that exists is taken as it is, whatever signs its name has. What is found twice is given once.
    """
    return unique(file for path in paths for file in _expand_one(path))


def unique(files: Iterable[str]) -> Iterator[str]:
    """Each name once, where it first comes."""
    seen: set[str] = set()
    for file in files:
        if file not in seen:
            seen.add(file)
            yield file


def walk(folder: str) -> Iterator[str]:
    """The files anywhere below a folder, by name."""
    for above, folders, names in os.walk(folder):
        folders.sort()
        yield from (os.path.join(above, name) for name in sorted(names))  # noqa: PTH118 # a million photos need no Path objects


def _expand_one(path: str) -> Iterator[str]:
    if Path(path).is_dir():
        yield from (file for file in walk(path) if os.path.splitext(file)[1].lower() in images.SUFFIXES)  # noqa: PTH122
    elif any(sign in path for sign in GLOB_SIGNS) and not Path(path).exists():
        for match in sorted(glob.glob(path, recursive=True)):  # noqa: PTH207 # an absolute pattern is allowed
            if not Path(match).is_dir():
                yield match
    else:
        yield path


def read_photos(
    reader: Reader, paths: Iterable[str | Photo], *, crops: bool = False, keep_pixels: bool = False, workers: int = 0
) -> Iterator[PhotoReading]:
    """Read photos in their order.

    Args:
        reader: finds and reads the faces.
        paths: files, ``-`` for standard input, or photos whose bytes lie elsewhere.
        crops: each photo is one ready-made face crop: no detector, no margin, the pixels as they are.
        keep_pixels: hand the photos on, for drawing on them.
        workers: how many photos are decoded and searched at once; 0 for one per core.

    Yields:
        One reading a photo. One that can't be read has an error, and the rest go on.
    """
    workers = workers or os.cpu_count() or 1
    waiting: deque[Future[_Prepared]] = deque()
    ready: list[_Prepared] = []
    todo = iter(paths)
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                # Twice as many as can be worked on: the memory is bounded, and no worker waits.
                while len(waiting) < 2 * workers and (path := next(todo, None)) is not None:
                    waiting.append(pool.submit(_prepare, reader, path, crops, keep_pixels))
                if not waiting:
                    break
                ready.append(waiting.popleft().result())
                num_faces = sum(len(photo.found.crops) for photo in ready)
                # A crop is read alone, so that its row has the very bits of the classifier's on that crop.
                if crops or keep_pixels or num_faces >= BATCH or len(ready) >= BATCH // 2:
                    yield from _read(reader, ready)
                    ready = []
            yield from _read(reader, ready)
        finally:
            for future in waiting:
                future.cancel()


@dataclass(frozen=True, eq=False)
class _Prepared:
    path: str
    found: Found
    error: str | None
    pixels: NDArray[np.uint8] | None


def _prepare(reader: Reader, photo: str | Photo, crops: bool, keep_pixels: bool) -> _Prepared:
    path = photo.name if isinstance(photo, Photo) else photo
    try:
        source = _source(photo)
        if crops:
            face = images.decode(source, "L")
            return _Prepared(path, reader.whole(face), None, np.repeat(face[:, :, None], 3, 2) if keep_pixels else None)
        pixels = images.as_photo(source)
        return _Prepared(path, reader.find(pixels), None, pixels if keep_pixels else None)
    except ImageError as error:
        nothing = np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32), np.empty(0, np.float32)
        return _Prepared(path, Found(*nothing, np.empty((0, *reader.classifier.spec.size), np.uint8)), str(error), None)


def _source(photo: str | Photo) -> str | bytes:
    if isinstance(photo, Photo):
        return photo.load()
    return sys.stdin.buffer.read(images.MAX_BYTES + 1) if photo == STDIN else photo


def _read(reader: Reader, photos: list[_Prepared]) -> Iterator[PhotoReading]:
    for photo, faces in zip(photos, reader.read([photo.found for photo in photos]), strict=True):
        yield PhotoReading(photo.path, tuple(faces), photo.error, photo.pixels)
