"""The sightings of a clip that is not finished, in a file that grows block by block, so that work that was killed goes on from there.

The first line has what the sightings depend on, each further line a block of frames and the state of the detector of cuts after
it, as JSON. A line that is not complete is cut off. Tracks, smoothed probabilities and episodes are computed from all sightings
at the end, so they don't depend on where the work was interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from mien import typed_json
from mien.errors import OutputError
from mien.locks import Lock
from mien.typed_json import JsonObject
from mien.videos.cuts import CutDetector, CutState
from mien.videos.sightings import Sighting

BLOCK = 50
"""Analysed frames in a block: about two seconds of a film, which are lost at most."""


@dataclass(frozen=True)
class Block:
    """Sightings that follow each other, and the state of the detector of cuts after them."""

    sightings: tuple[Sighting, ...]
    cuts: CutState


class Part:
    """An open file of sightings; use it in a ``with`` statement.

    Args:
        path: the file; it is made if it does not exist.
        depends_on: what the sightings depend on; a file that depends on something else is begun anew.

    Attributes:
        last: number of the last frame that it has; -1 for none.
        time: its time in seconds.
        cuts: state of the detector of cuts after it.

    Raises:
        OutputError: it can't be written, or another process writes it.
    """

    def __init__(self, path: Path, depends_on: JsonObject) -> None:
        self.path = path
        self.last, self.time = -1, 0.0
        self.cuts: CutState | None = None
        try:
            self._file = path.open("ab")
            self._lock = Lock.take(path)
        except OSError as error:
            raise OutputError(f"'{path}' can't be written: {error.strerror or error}.") from None
        if self._lock is None:
            self._file.close()
            raise OutputError(f"Another process reads this clip into '{path}': wait until it has ended.")
        if not self._take_up(depends_on):
            self._write(depends_on)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        if self.last < 0:
            self.path.unlink(missing_ok=True)  # nothing could be read

    def add(self, sightings: list[Sighting], cuts: CutState) -> None:
        """Append a block; it has reached the system on return.

        Raises:
            OutputError: it can't be written.
        """
        if sightings:
            self._write(typed_json.to_json(Block(tuple(sightings), cuts)))
            self.last, self.time, self.cuts = sightings[-1].frame, sightings[-1].time, cuts

    def sightings(self) -> Iterator[Sighting]:
        """All sightings so far, in order; one block is in memory at a time."""
        with self.path.open("rb") as file:
            next(file)
            for line in file:
                yield from typed_json.parse(line.decode(), Block).sightings

    def remove(self) -> None:
        """Remove the file, once its sightings are used."""
        self._close()
        self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        self._file.close()
        if self._lock is not None:
            self._lock.release()

    def _take_up(self, depends_on: JsonObject) -> bool:
        """Go to the end of the last sound block and cut off what follows; false if the first line is not that of this clip."""
        length = 0
        with self.path.open("rb+") as file:
            for number, line in enumerate(file):
                if number == 0:
                    if line != _line(depends_on):
                        break
                elif not (line.endswith(b"\n") and self._note(line)):
                    break
                length += len(line)
            file.truncate(length)
        return length > 0

    def _note(self, line: bytes) -> bool:
        """Note where a block ends; false if it is damaged."""
        try:
            block = typed_json.parse(line.decode(), Block)
            CutDetector(block.cuts)
            end = block.sightings[-1]
        except (ValueError, IndexError):
            return False
        self.last, self.time, self.cuts = end.frame, end.time, block.cuts
        return True

    def _write(self, record: JsonObject) -> None:
        try:
            self._file.write(_line(record))
            self._file.flush()
        except OSError as error:
            raise OutputError(f"'{self.path}' can't be written: {error.strerror or error}.") from None


def _line(record: JsonObject) -> bytes:
    return (json.dumps(record) + "\n").encode()
