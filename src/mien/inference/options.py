"""The options of detection and prediction, shared by the command line, the server, the cluster and Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Self

import numpy as np

from mien import checks, images
from mien.checks import Between, OneOf
from mien.errors import ArgumentError
from mien.inference.classifier import ARGMAX
from mien.inference.detector import DETAILS, MIN_SCORE
from mien.inference.session import Device

MAX_FACES = 1000
"""Default maximum number of faces per photo, the most confident first."""


Share = Annotated[float, Between(0, 1)]


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of predictions, beside the model.

    Attributes:
        min_confidence: minimum face-detection score, 0 to 1.
        abstain: faces whose most probable expression is less probable than this are marked as abstained.
        flip: average each face with its mirror image; slightly more accurate, twice the time.
        decision: decision rule, as for ``Classifier.load``; a loaded classifier keeps its own.
        rotate: if a photo's best face isn't clearly upright, also try the photo rotated by 90, 180 and 270 degrees.
        detail: search for small faces: ``"low"``, ``"normal"`` or ``"high"``.
        prior: class shares in use, such as ``"neutral=0.5,happy=0.3"`` or a mapping; None for those of the training.
        max_pixels: maximum height times width of a photo.
        max_faces: maximum number of faces per photo, the most confident first.
        device: device of the models: ``"cpu"``, ``"cuda"``, ``"coreml"`` or ``"auto"``; a loaded classifier keeps its own.

    Raises:
        ArgumentError: a value has the wrong type or is out of range.
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
    device: Device = "cpu"

    @classmethod
    def of(cls, **given: Any) -> Self:
        """Make options from keywords.

        Raises:
            ArgumentError: there is no such option, or a value is invalid.
        """
        return cls().changed(**given)

    def changed(self, **given: Any) -> Self:
        """The options with some values changed; errors as for ``of``."""
        known = [field.name for field in fields(self)]
        if unknown := [name for name in given if name not in known]:
            raise ArgumentError(checks.no_such("option", unknown[0], known))
        return replace(self, **given)

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self)):
            object.__setattr__(self, name, _plain(getattr(self, name)))
        checks.check_fields(self, ArgumentError)


@dataclass(frozen=True)
class PhotoOptions(Options):
    """Everything that the rows of photos depend on: the options of prediction, and these.

    Attributes:
        model: a pretrained model's short name, or the path of a model file.
        crops: each photo is one face crop already, so no face is detected.
    """

    model: str = "base"
    crops: bool = False


def _plain(value: Any) -> Any:
    """An option as a hashable value that JSON supports."""
    if isinstance(value, np.generic):
        return value.item()
    return ",".join(f"{name}={share!r}" for name, share in value.items()) if isinstance(value, Mapping) else value
