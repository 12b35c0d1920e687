"""The faces that a training has seen, as short hashes: enough to know them again in any data, and no picture among them."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.data import identity
from mien.errors import ModelFileError, RunError

BITS = 32
"""Bits of a hash in a model file. Among n hashes, a face that isn't there passes for one with a chance of n / 2**32."""

_MAX_ROWS = 2**26  # what a text may unfold to; more rows than any set of faces has
_PARTS = ("learned", "held_out")


@dataclass(frozen=True, eq=False)
class SeenFaces:
    """Which faces a training has seen, all at the size of its network.

    Attributes:
        learned: ``(N,)`` ``uint64``, the hashes of the faces that it learned from.
        held_out: ``(M,)`` ``uint64``, of those on which it chose its epoch and its temperature.
        bits: how many leading bits of each hash are there, the others being 0.
    """

    learned: NDArray[np.uint64]
    held_out: NDArray[np.uint64]
    bits: int = 64

    @classmethod
    def of(cls, learned: NDArray[np.uint8], held_out: NDArray[np.uint8]) -> SeenFaces:
        """Of faces ``(N, H, W)`` and ``(M, H, W)`` at the size of the network."""
        return cls(identity.hashes(learned), identity.hashes(held_out))

    @property
    def false_positive_rate(self) -> float:
        """The chance that a face passes for a seen one though it is none."""
        return float((len(self.learned) + len(self.held_out)) / 2.0**self.bits)

    def find(self, faces: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """``(N,)`` which faces were learned from, and which others were held out; the faces have the network's size."""
        asked = identity.hashes(faces) & _mask(self.bits)
        learned = np.isin(asked, self.learned)
        return learned, np.isin(asked, self.held_out) & ~learned

    def joined(self, other: SeenFaces) -> SeenFaces:
        """What two trainings have seen together: a face that either learned from counts as learned."""
        learned = np.union1d(self.learned, other.learned)
        return SeenFaces(learned, np.setdiff1d(np.union1d(self.held_out, other.held_out), learned), self.bits)

    def to_text(self) -> str:
        """For a model file: some 2.4 bytes a face, as base64, of ``BITS`` bits each."""
        told: dict[str, Any] = {"bits": BITS}
        for part in _PARTS:
            short = np.unique(getattr(self, part) >> np.uint64(64 - BITS)).astype(np.uint32)
            steps = np.diff(short, prepend=np.uint32(0)).astype(">u4")
            # The first bytes of all steps, then the second ones, and so on: the first are nearly all 0 and take no place.
            planes = steps.view(np.uint8).reshape(-1, 4).T.tobytes()
            told[part] = base64.b64encode(zlib.compress(planes, 9)).decode()
        return json.dumps(told)

    @classmethod
    def from_text(cls, text: str, path: str) -> SeenFaces:
        """What ``to_text`` gave; ``path`` is for the message.

        Raises:
            ModelFileError: it is damaged.
        """
        try:
            told = json.loads(text)
            if told["bits"] != BITS:
                raise ValueError(f"{told['bits']} bits")
            learned, held_out = (_unpacked(told[part]) for part in _PARTS)
        except (ValueError, KeyError, TypeError, RecursionError, zlib.error) as error:
            raise ModelFileError(
                f"'{path}' has a list of training faces that can't be read ({error}): export it again."
            ) from None
        return cls(learned, held_out, BITS)

    def save(self, path: Path) -> None:
        """For a run folder: whole hashes, one for each row, in the order of the rows."""
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, learned=self.learned, held_out=self.held_out)

    @classmethod
    def load(cls, path: Path) -> SeenFaces | None:
        """What ``save`` wrote; None where there is none, as in runs of earlier versions.

        Raises:
            RunError: it is damaged.
        """
        if not path.exists():
            return None
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                learned, held_out = (np.asarray(arrays[part], np.uint64) for part in _PARTS)
                return cls(learned, held_out)
        except Exception as error:  # zip, zlib, header, dtype: numpy names them all differently
            raise RunError(
                f"'{path}' is damaged ({error}): remove it, and go on with  mien train --resume {path.parent}"
            ) from None


def _mask(bits: int) -> np.uint64:
    return np.uint64((2**bits - 1) << (64 - bits))


def _unpacked(text: str) -> NDArray[np.uint64]:
    unfold = zlib.decompressobj()
    planes = unfold.decompress(base64.b64decode(text, validate=True), 4 * _MAX_ROWS)
    if unfold.unconsumed_tail or not unfold.eof or len(planes) % 4:
        raise ValueError("wrong length")
    steps = np.frombuffer(planes, np.uint8).reshape(4, -1).T.copy().view(">u4")[:, 0]
    return np.cumsum(steps, dtype=np.uint64) << np.uint64(64 - BITS)
