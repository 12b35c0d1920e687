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
            if values.pop("format") > FORMAT:
                raise ModelFileError(f"'{path}' was written by a newer mien: upgrade with  pip install -U mien")
            height, width = values.pop("size")
            return cls(
                tuple(values.pop("classes")), (int(height), int(width)), scores=tuple(values.pop("scores")), **values
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelFileError(f"'{path}' has a spec that can't be read ({error}): export it again.") from None


def sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file, which names a model exactly."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
