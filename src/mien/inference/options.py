"""How faces are found and read: the one list of options, for the command line, the server, the cluster and Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any

import numpy as np

from mien import checks, images
from mien.checks import Between, OneOf
from mien.errors import ArgumentError
from mien.inference.classifier import ARGMAX
from mien.inference.detector import DETAILS, MIN_SCORE

MAX_FACES = 1000
"""Most faces that are read in one photo, the most confident first."""


Share = Annotated[float, Between(0, 1)]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What readings depend on, beside the model.

    Attributes:
        min_confidence: minimum face-detection score, 0 to 1.
        abstain: faces whose most probable expression is less probable than this are marked as abstained.
        flip: read each face and its mirror image and average, which is a little more accurate and takes longer.
        decision: how it answers, as for ``Classifier.load``; a loaded classifier has its own.
        rotate: where a photo's best face isn't clearly upright, also try the photo on its sides and upside down.
        detail: how closely photos are looked at: ``"low"``, ``"normal"`` or ``"high"``.
        prior: class shares in use, such as ``"neutral=0.5,happy=0.3"`` or the same as a mapping; None has those of training.
        max_pixels: height times width of the largest photo that is read.
        max_faces: most faces that are read in one photo, the most confident first.

    Raises:
        ArgumentError: a value is of another kind or out of range.
    """

    min_confidence: Share = MIN_SCORE
    abstain: Share = 0.0
    flip: bool = False
    decision: str = ARGMAX
    rotate: bool = True
    detail: Annotated[str, OneOf(tuple(DETAILS))] = "normal"
    prior: str | Mapping[str, float] | None = None
    max_pixels: Annotated[int, Between(1, images.MOST_PIXELS)] = images.MAX_PIXELS
    max_faces: Annotated[int, Between(1, 1_000_000)] = MAX_FACES

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self)):
            object.__setattr__(self, name, _plain(getattr(self, name)))
        checks.check_fields(self, ArgumentError)


def _plain(value: Any) -> Any:
    """An option as a value that has a hash and is fit for JSON."""
    if isinstance(value, np.generic):
        return value.item()
    return ",".join(f"{name}={share!r}" for name, share in value.items()) if isinstance(value, Mapping) else value
