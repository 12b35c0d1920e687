"""The faces seen in training, as short hashes: enough to find them in any data, without storing pictures."""

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
"""Bits per hash in a model file. The false positive rate with n hashes is n / 2**32."""

_MAX_ROWS = 2**26  # maximum number of decoded rows; more than any set of faces has
_PARTS = ("learned", "held_out")


@dataclass(frozen=True, eq=False)
class SeenFaces:
    """Hashes of the faces seen in training, at the size of the network.

    Attributes:
        learned: ``(N,)`` ``uint64``, hashes of the training faces.
        held_out: ``(M,)`` ``uint64``, hashes of the faces that chose the epoch and the temperature.
        bits: number of leading bits kept of each hash; the others are 0.
    """

    learned: NDArray[np.uint64]
    held_out: NDArray[np.uint64]
    bits: int = 64

    @classmethod
    def of(cls, learned: NDArray[np.uint8], held_out: NDArray[np.uint8]) -> SeenFaces:
        """Make hashes of faces ``(N, H, W)`` and ``(M, H, W)`` at the size of the network."""
        return cls(identity.hashes(learned), identity.hashes(held_out))

    @property
    def false_positive_rate(self) -> float:
        """The probability that an unseen face counts as seen."""
        return float((len(self.learned) + len(self.held_out)) / 2.0**self.bits)

    def find(self, faces: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """``(N,)`` which faces were trained on, and which others were held out; the faces have the network's size."""
        asked = identity.hashes(faces) & _mask(self.bits)
        learned = np.isin(asked, self.learned)
        return learned, np.isin(asked, self.held_out) & ~learned

    def joined(self, other: SeenFaces) -> SeenFaces:
        """The union of two trainings, in the shorter hashes: a face that either was trained on counts as trained on."""
        bits = min(self.bits, other.bits)
        learned, held_out = (
            np.union1d(getattr(self, part) & _mask(bits), getattr(other, part) & _mask(bits)) for part in _PARTS
        )
        return SeenFaces(learned, np.setdiff1d(held_out, learned), bits)

    def to_text(self) -> str:
        """Encode as base64 for a model file: ``BITS`` bits per hash, about 2.4 bytes per face after compression."""
        record: dict[str, Any] = {"bits": BITS}
        for part in _PARTS:
            short = np.unique(getattr(self, part) >> np.uint64(64 - BITS)).astype(np.uint32)
            steps = np.diff(short, prepend=np.uint32(0)).astype(">u4")
            # Byte planes: the first bytes of all differences, then the second ones; the first are nearly all 0 and compress well.
            planes = steps.view(np.uint8).reshape(-1, 4).T.tobytes()
            record[part] = base64.b64encode(zlib.compress(planes, 9)).decode()
        return json.dumps(record)

    @classmethod
    def from_text(cls, text: str, path: str) -> SeenFaces:
        """Decode the output of ``to_text``; ``path`` is for the error message.

        Raises:
            ModelFileError: it is damaged.
        """
        try:
            record = json.loads(text)
            if record["bits"] != BITS:
                raise ValueError(f"{record['bits']} bits")
            learned, held_out = (_unpacked(record[part]) for part in _PARTS)
        except (ValueError, KeyError, TypeError, RecursionError, zlib.error) as error:
            raise ModelFileError(
                f"'{path}' has a list of training faces that can't be read ({error}): export it again."
            ) from None
        return cls(learned, held_out, BITS)

    def save(self, path: Path) -> None:
        """Write a file in the run folder, with the hashes as they are."""
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, learned=self.learned, held_out=self.held_out, bits=np.array(self.bits))

    @classmethod
    def load(cls, path: Path) -> SeenFaces | None:
        """Load the output of ``save``; None if the file is missing, as in runs of earlier versions.

        Raises:
            RunError: it is damaged.
        """
        if not path.exists():
            return None
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                learned, held_out = (np.asarray(arrays[part], np.uint64) for part in _PARTS)
                return cls(learned, held_out, int(arrays["bits"]) if "bits" in arrays else 64)
        except Exception as error:  # zip, zlib, header, dtype: numpy names them all differently
            raise RunError(
                f"'{path}' is damaged ({error}): remove it, and resume with  mien train --resume {path.parent}"
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
