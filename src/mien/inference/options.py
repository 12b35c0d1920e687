"""How faces are found and read: the one list of options, for the command line, the server, the cluster and Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mien import images
from mien.inference.classifier import ARGMAX
from mien.inference.detector import DETAILS, MIN_SCORE

MAX_FACES = 1000
"""Most faces that are read in one photo, the most confident first."""


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
        ValueError: a value doesn't fit.
    """

    min_confidence: float = MIN_SCORE
    abstain: float = 0.0
    flip: bool = False
    decision: str = ARGMAX
    rotate: bool = True
    detail: str = "normal"
    prior: str | Mapping[str, float] | None = None
    max_pixels: int = images.MAX_PIXELS
    max_faces: int = MAX_FACES

    def __post_init__(self) -> None:
        if isinstance(self.prior, Mapping):  # as text it has a hash, and is fit for JSON
            object.__setattr__(self, "prior", ",".join(f"{name}={share!r}" for name, share in self.prior.items()))
        for name, value in (("min_confidence", self.min_confidence), ("abstain", self.abstain)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name} must be from 0 to 1, not {value}.")
        if self.detail not in DETAILS:
            raise ValueError(f"detail must be one of {', '.join(DETAILS)}, not {self.detail!r}.")
        if not 1 <= self.max_pixels <= images.MOST_PIXELS:
            raise ValueError(f"max_pixels must be from 1 to {images.MOST_PIXELS:,}, not {self.max_pixels}.")
