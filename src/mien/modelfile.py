"""The model file: an ONNX graph from ``uint8`` faces to calibrated probabilities, with its spec inside. The one contract.

The graph takes ``faces`` ``(N, H, W)`` ``uint8`` and gives ``probabilities`` ``(N, K)`` ``float32``. Normalisation,
temperature and softmax are part of it. The spec is JSON under the metadata key ``mien``, and the hashes of the training's faces
stand under another.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mien.errors import ModelFileError

KEY = "mien"
"""The metadata key that holds the spec."""

SEEN_KEY = "mien.seen_faces"
"""The metadata key that holds the hashes of the faces that the training has seen, see ``mien.data.seen``."""

FORMAT = 1
"""Version of the spec; a reader refuses a newer one."""

INPUT, OUTPUT = "faces", "probabilities"
"""Names of the graph's input and output."""

MIN_SIDE, MAX_SIDE = 8, 1024
"""Least and largest side of a model's faces, in pixels."""

TIGHT_CROP = "fer2013"
"""The crop convention of FER2013: upright, gray, brows to chin, eyes at about 38% of the height."""


@dataclass(frozen=True)
class Spec:
    """What a model file says about itself.

    Attributes:
        classes: class names in the order of the output.
        size: height and width of the input, in pixels.
        crop: the crop convention of the faces it was trained on.
        temperature: what the logits are divided by before softmax.
        decisions: other ways to answer than the most probable class, each an offset per class that is added to the
            log-probabilities; chosen on rows that were held out of training.
        training: data hash, splits, seed, recipe, versions and git commit of its training.
        scores: what it scored where, one record per split, with ``n``.
    """

    classes: tuple[str, ...]
    size: tuple[int, int]
    crop: str = TIGHT_CROP
    temperature: float = 1.0
    decisions: Mapping[str, Sequence[float]] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    scores: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> str:
        """The spec as JSON, for the metadata."""
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, path: str) -> Spec:
        """Read what ``to_json`` wrote; ``path`` is for the message.

        Raises:
            ModelFileError: it is not a spec, or one of a newer format.
        """
        try:
            values = json.loads(text)
            version = values.pop("format")
            if isinstance(version, int) and version > FORMAT:
                raise ModelFileError(f"'{path}' was written by a newer mien: upgrade with  pip install -U mien")
            spec = cls(
                _listed(values.pop("classes")),
                _listed(values.pop("size")),
                scores=_listed(values.pop("scores")),
                **values,
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise _unreadable(path, f"{type(error).__name__}: {error}") from None
        if wrong := ("format is no version" if type(version) is not int or version < 1 else spec.fault()):
            raise _unreadable(path, wrong)
        return spec

    def fault(self) -> str | None:
        """What about it doesn't fit, in words; None where all is right."""
        names, sides = self.classes, self.size
        decisions, training = self.decisions, self.training
        if not names or not all(isinstance(name, str) and name for name in names) or len({*names}) < len(names):
            return "classes must be different names"
        if len(sides) != 2 or not all(type(side) is int and MIN_SIDE <= side <= MAX_SIDE for side in sides):
            return f"size must be a height and a width of {MIN_SIDE} to {MAX_SIDE} pixels"
        if not _is_number(self.temperature) or self.temperature <= 0:
            return "temperature must be a number above 0"
        if not isinstance(decisions, Mapping) or not all(_are_numbers(row, len(names)) for row in decisions.values()):
            return f"decisions must be lists of {len(names)} numbers, one a class"
        if not isinstance(training, Mapping) or not isinstance(training.get("recipe", {}), Mapping):
            return "training must be a record"
        if not isinstance(self.crop, str) or not all(isinstance(score, Mapping) for score in self.scores):
            return "crop must be a name, and scores records"
        return None


def _listed(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise TypeError(f"a list is missing where there is {str(value)[:40]}")
    return tuple(value)


def _unreadable(path: str, reason: str) -> ModelFileError:
    return ModelFileError(f"'{path}' has a spec that can't be read ({reason[:200]}): export it again.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e6  # false for NaN


def _are_numbers(row: Any, num: int) -> bool:
    return isinstance(row, Sequence) and not isinstance(row, str) and len(row) == num and all(map(_is_number, row))


def sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file, which names a model exactly."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
