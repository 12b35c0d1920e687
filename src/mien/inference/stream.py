"""Predict many photos: decoding and detection in parallel, prediction in batches, with bounded memory."""

from __future__ import annotations

import glob
import os
import sys
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.errors import ImageError
from mien.inference.photo import DetectedFaces, PhotoResult, Reader

STDIN = "-"
BATCH = 64
"""Batch size, in faces."""

GLOB_SIGNS = "*?["


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo that is not a local file.

    Attributes:
        name: its name in the rows.
        load: returns its encoded bytes, or raises ``ImageError``; it is called once, from another thread.
    """

    name: str
    load: Callable[[], bytes]


class Listing:
    """The pictures at some paths: a folder stands for all pictures below it, a pattern for its matches, sorted by name.

    A file may have any suffix, and a path that exists is not taken as a pattern. Duplicates are skipped. A folder that can't be
    listed is yielded by its own name, so that reading it reports the reason.

    Args:
        paths: files, folders and patterns.

    Attributes:
        companions: number of macOS attribute files (``._NAME``) skipped so far.
        empty: folders and patterns so far at which there are no pictures.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = paths
        self.companions = 0
        self.empty: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return unique(file for path in self._paths for file in self._at(path))

    def _at(self, path: str) -> Iterator[str]:
        files = self._expand(path)
        first = next(files, None)
        if first is None:
            self.empty.append(path)
        else:
            yield first
            yield from files

    def _expand(self, path: str) -> Iterator[str]:
        if Path(path).is_dir():
            yield from self._without_companions(walk(path, images.SUFFIXES))
        elif any(sign in path for sign in GLOB_SIGNS) and not Path(path).exists():
            matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 # an absolute pattern is allowed
            yield from self._without_companions(match for match in matches if not Path(match).is_dir())
        else:
            yield path

    def _without_companions(self, files: Iterable[str]) -> Iterator[str]:
        for file in files:
            if is_companion(file):
                self.companions += 1
            else:
                yield file


def expand(paths: Iterable[str]) -> Listing:
    """The pictures at some paths, see ``Listing``."""
    return Listing(paths)


def is_companion(file: str) -> bool:
    """Whether a file holds attributes that macOS keeps for another file, and so is not a picture."""
    return os.path.basename(file).startswith(images.COMPANION)  # noqa: PTH119 # a million photos need no Path objects


def unique(files: Iterable[str]) -> Iterator[str]:
    """Each name once, in order of first occurrence."""
    seen: set[str] = set()
    for file in files:
        if file not in seen:
            seen.add(file)
            yield file


def walk(folder: str, endings: Container[str]) -> Iterator[str]:
    """The files with given suffixes below a folder, sorted by name, and the folders that can't be listed."""
    closed: list[str] = []
    for above, folders, names in os.walk(folder, onerror=lambda error: closed.append(str(error.filename))):
        folders.sort()
        yield from closed
        closed.clear()
        # A million photos need no Path objects.
        found = (name for name in sorted(names) if os.path.splitext(name)[1].lower() in endings)  # noqa: PTH122
        yield from (os.path.join(above, name) for name in found)  # noqa: PTH118
    yield from closed


def read_photos(
    reader: Reader, paths: Iterable[str | Photo], *, crops: bool = False, keep_pixels: bool = False, workers: int = 0
) -> Iterator[PhotoResult]:
    """Predict photos in order.

    Args:
        reader: detects the faces and predicts them.
        paths: files, ``-`` for standard input, or photos whose bytes are elsewhere.
        crops: each photo is one ready-made face crop: no detection, no alignment.
        keep_pixels: keep the photos in the results, for drawing on them.
        workers: number of photos decoded and searched in parallel; 0 for one per core.

    Yields:
        One result per photo. An unreadable photo has an error, and the others are still processed.
    """
    workers = workers or os.cpu_count() or 1
    waiting: deque[Future[_Prepared]] = deque()
    ready: list[_Prepared] = []
    todo = iter(paths)
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                # Twice as many as there are workers: memory is bounded, and no worker waits.
                while len(waiting) < 2 * workers and (path := next(todo, None)) is not None:
                    waiting.append(pool.submit(_prepare, reader, path, crops, keep_pixels))
                if not waiting:
                    break
                ready.append(waiting.popleft().result())
                num_faces = sum(len(photo.found.crops) for photo in ready)
                # A crop is predicted alone, so that its row is bit-identical to the classifier's output for that crop.
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
    found: DetectedFaces
    error: str | None = None
    pixels: NDArray[np.uint8] | None = None
    note: str | None = None
    size: tuple[int, int] = (0, 0)


def _prepare(reader: Reader, photo: str | Photo, crops: bool, keep_pixels: bool) -> _Prepared:
    path = photo.name if isinstance(photo, Photo) else photo
    most = reader.options.max_pixels
    try:
        source = _source(photo)
        picture = images.decode_picture(source, "L" if crops else "RGB", max_pixels=most)
        found = reader.as_face(picture.pixels) if crops else reader.find(picture)
        shown = None
        if keep_pixels:
            shown = np.repeat(picture.pixels[:, :, None], 3, 2) if crops else picture.pixels
        height, width = picture.size
        return _Prepared(path, found, pixels=shown, note=picture.note, size=(width, height))
    except ImageError as error:
        nothing = np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32), np.empty(0, np.float32)
        return _Prepared(
            path, DetectedFaces(*nothing, np.empty((0, *reader.classifier.spec.size), np.uint8)), str(error)
        )


def _source(photo: str | Photo) -> str | bytes:
    if isinstance(photo, Photo):
        return photo.load()
    return sys.stdin.buffer.read(images.MAX_BYTES + 1) if photo == STDIN else photo


def _read(reader: Reader, photos: list[_Prepared]) -> Iterator[PhotoResult]:
    prior = reader.classifier.prior_in_words
    for photo, faces in zip(photos, reader.read([photo.found for photo in photos]), strict=True):
        yield PhotoResult(
            name=photo.path,
            faces=tuple(faces),
            error=photo.error,
            pixels=photo.pixels,
            note=photo.note,
            prior=prior,
            size=photo.size,
            rotated=photo.found.rotated,
        )
