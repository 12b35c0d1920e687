"""The model file: an ONNX graph from ``uint8`` faces to calibrated probabilities, with its spec as metadata.

The graph takes ``faces`` ``(N, H, W)`` ``uint8`` and returns ``probabilities`` ``(N, K)`` ``float32``, and ``features`` ``(N, C)``
``float32`` where it ends in one linear layer. Normalisation, temperature and softmax are part of it. The spec is JSON under
the metadata key ``mien``; the hashes of the training faces are under another key.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mien import typed_json
from mien.errors import ModelFileError

KEY = "mien"
"""Metadata key of the spec."""

SEEN_KEY = "mien.seen_faces"
"""Metadata key of the hashes of the training faces, see ``mien.data.seen``."""

FORMAT = 1
"""Version of the spec; newer versions are refused."""

INPUT, OUTPUT = "faces", "probabilities"
"""Names of the graph's input and first output."""

FEATURES = "features"
"""Name of the second output, the input ``(N, C)`` of the last linear layer; older files and ensembles lack it."""

MIN_SIDE, MAX_SIDE = 8, 1024
"""Minimum and maximum height and width of a model's faces, in pixels."""

TIGHT_CROP = "fer2013"
"""The crop convention of FER2013: upright, gray, brows to chin, eyes at about 38% of the height."""


@dataclass(frozen=True)
class Spec:
    """The metadata of a model file.

    Attributes:
        classes: class names in the order of the output.
        size: height and width of the input, in pixels.
        crop: crop convention of the training faces.
        temperature: divisor of the logits before softmax (Guo et al. 2017).
        decisions: alternatives to argmax: for each name, one offset per class that is added to the log-probabilities; chosen
            on held-out rows.
        training: data hash, splits, seed, recipe, versions and git commit of the training.
        scores: evaluation results, one record per split, with the number of rows ``n``.
    """

    classes: tuple[str, ...]
    size: tuple[int, int]
    crop: str = TIGHT_CROP
    temperature: float = 1.0
    decisions: Mapping[str, Sequence[float]] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    scores: tuple[Mapping[str, Any], ...] = ()

    @property
    def adapted_from(self) -> Lineage | None:
        """The model that this one was adapted from; None for others, or where the record of it is damaged."""
        try:
            found: Lineage | None = typed_json.from_json(self.training.get("adapted_from"), Lineage | None)
        except (ValueError, RecursionError):
            return None
        return found

    def to_json(self) -> str:
        """The spec as JSON, for the metadata."""
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, path: str) -> Spec:
        """Parse the output of ``to_json``; ``path`` is for the error message.

        Raises:
            ModelFileError: it is not a valid spec, or has a newer version.
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
        if wrong := ("format must be a version number" if type(version) is not int or version < 1 else spec.fault()):
            raise _unreadable(path, wrong)
        return spec

    def fault(self) -> str | None:
        """The first invalid field, as words for a message; None if all are valid."""
        names, sides = self.classes, self.size
        decisions, training = self.decisions, self.training
        if not names or not all(isinstance(name, str) and name for name in names) or len({*names}) < len(names):
            return "classes must be different names"
        if len(sides) != 2 or not all(type(side) is int and MIN_SIDE <= side <= MAX_SIDE for side in sides):
            return f"size must be a height and a width of {MIN_SIDE} to {MAX_SIDE} pixels"
        if not _is_number(self.temperature) or self.temperature <= 0:
            return "temperature must be a number above 0"
        if not isinstance(decisions, Mapping) or not all(_are_numbers(row, len(names)) for row in decisions.values()):
            return f"decisions must be lists of {len(names)} numbers, one per class"
        if not isinstance(training, Mapping) or not isinstance(training.get("recipe", {}), Mapping):
            return "training must be a record"
        if not isinstance(self.crop, str) or not all(isinstance(score, Mapping) for score in self.scores):
            return "crop must be a name, and scores records"
        return None


@dataclass(frozen=True)
class Lineage:
    """The model that another one was adapted from.

    Attributes:
        name: a pretrained model's short name, or the name of the file or run folder.
        sha256: of its file.
        classes: its classes.
        data_hash, train_hash: of the data and the rows that it was trained on, as its own spec has them; None where it has none.
        adapted_from: the model that it was adapted from itself; None for others.
    """

    name: str
    sha256: str
    classes: tuple[str, ...] = ()
    data_hash: str | None = None
    train_hash: str | None = None
    adapted_from: Lineage | None = None

    @classmethod
    def of(cls, spec: Spec, name: str, sha256: str) -> Lineage:
        """Of a model by its spec, its name and the hash of its file."""
        data_hash, train_hash = (spec.training.get(key) for key in ("data_hash", "train_hash"))
        return cls(
            name,
            sha256,
            spec.classes,
            data_hash if isinstance(data_hash, str) else None,
            train_hash if isinstance(train_hash, str) else None,
            spec.adapted_from,
        )

    def chain(self) -> Iterator[Lineage]:
        """This model, the one that it was adapted from, and so on."""
        yield self
        if self.adapted_from is not None:
            yield from self.adapted_from.chain()


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
    """SHA-256 of a file as hexadecimal digits, which identifies a model."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
