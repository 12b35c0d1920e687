"""Small pictures of the faces of a study, taken from the clips and kept beside their rows."""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien import files, images, typed_json
from mien.errors import DataError
from mien.videos import study_folder
from mien.videos.reader import VideoReader
from mien.videos.recordings import Recording

NUM = 6
"""Maximum number of faces of a person in a clip."""

SIDE, QUALITY = 64, 70
"""Side of a picture in pixels, and its JPEG quality: about 1.5 kB."""

MARGIN = 0.15
"""Share of the sides of a face's box that is shown around it."""

NEAR = 8.0
"""Seconds between two faces up to which the film is read on rather than sought: about the time between two key frames."""

EXACT = 2e-3
"""Maximum deviation of a frame's time from that of its row, in seconds."""


@dataclass(frozen=True)
class Place:
    """A face of which a picture is taken: its time in seconds of the clip, and its box in pixels."""

    time: float
    box: tuple[float, float, float, float]

    @property
    def key(self) -> str:
        """Its name among the pictures of a clip."""
        return f"{self.time:.4f} {' '.join(f'{side:.0f}' for side in self.box)}"


def choose(recording: Recording, num: int) -> tuple[Place, ...]:
    """Up to so many readable faces of a recording, spread over its time: from each part of it the one next to its middle."""
    read = np.flatnonzero(recording.readable)
    edges = np.linspace(recording.start, recording.end, num + 1)
    found: list[Place] = []
    for start, end in itertools.pairwise(edges.tolist()):
        times = recording.times[read]
        within = read[(times >= start) & (times < end)]
        if not len(within):
            continue
        best = int(within[np.argmin(np.abs(recording.times[within] - (start + end) / 2))])
        time = float(recording.times[best])
        if not found or time - found[-1].time >= (end - start) / 2:
            left, top, right, bottom = recording.boxes[best].tolist()
            found.append(Place(time, (left, top, right, bottom)))
    return tuple(found)


def of_clip(out: Path, clip: str, places: Sequence[Place]) -> dict[Place, bytes]:
    """The pictures of some faces of a clip, as JPEG; without those that can't be taken, as where the clip is gone.

    They are kept in the folder, so that the clip is opened only for new ones.

    Args:
        out: the folder of the study.
        clip: name of the clip.
        places: the faces.

    Raises:
        OutputError: the folder can't be written.
    """
    kept = _kept(out, clip)
    found = {place: kept[place.key] for place in places if place.key in kept}
    record = study_folder.record_of(out, clip)
    path = None if record is None else out / record.source
    if path is not None and path.is_file():
        found |= _taken(path, [place for place in places if place not in found])
    now = {place.key: picture for place, picture in found.items()}
    if now != kept:
        text = {key: base64.b64encode(picture).decode() for key, picture in now.items()}
        files.write_json(study_folder.faces_path(out, clip), text)
    return found


def _kept(out: Path, clip: str) -> dict[str, bytes]:
    with suppress(OSError, ValueError, binascii.Error):
        text = study_folder.faces_path(out, clip).read_text(encoding="utf-8")
        given: Mapping[str, str] = typed_json.parse(text, Mapping[str, str])  # type: ignore[type-abstract]
        return {key: base64.b64decode(value, validate=True) for key, value in given.items()}
    return {}


def _taken(path: Path, places: Sequence[Place]) -> dict[Place, bytes]:
    """Pictures of faces from a film; one that isn't found at its time is left out."""
    found: dict[Place, bytes] = {}
    ordered = sorted(places, key=lambda place: place.time)
    while ordered:
        num = 1  # those near each other are taken in one pass
        while num < len(ordered) and ordered[num].time - ordered[num - 1].time <= NEAR:
            num += 1
        with suppress(DataError):
            found |= _taken_together(path, ordered[:num])
        ordered = ordered[num:]
    return found


def _taken_together(path: Path, places: Sequence[Place]) -> dict[Place, bytes]:
    found, todo = {}, list(places)
    with VideoReader(path, start=max(0.0, todo[0].time - EXACT / 2)) as film:
        for frame in film.frames():
            while todo and todo[0].time <= frame.time + EXACT:
                place = todo.pop(0)
                if abs(frame.time - place.time) <= EXACT:
                    found[place] = images.encode_jpeg(_square(frame.pixels, place.box), QUALITY)
            if not todo:
                break
    return found


def _square(pixels: NDArray[np.uint8], box: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """The face in a frame, as a square of ``SIDE`` pixels; moved where it would extend past the frame."""
    left, top, right, bottom = box
    side = max(right - left, bottom - top) * (1 + 2 * MARGIN)
    x, y = (left + right - side) / 2, (top + bottom - side) / 2
    height, width = pixels.shape[:2]
    x, y = min(max(x, 0.0), max(width - side, 0.0)), min(max(y, 0.0), max(height - side, 0.0))
    area = (x, y, min(x + side, width), min(y + side, height))
    small = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX, area)
    return np.asarray(small, np.uint8)
