"""The predictions of several photos, as ``mien.predict`` returns them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import overload

import numpy as np

from mien.display import Displayed
from mien.inference import priors, records
from mien.inference.classifier import Classifier
from mien.inference.photo import Face, PhotoResult
from mien.typed_json import JsonObject


@dataclass(frozen=True, eq=False)
class Predictions(Displayed, kind="photos"):
    """The predictions of photos, a sequence of ``PhotoResult``; ``to_frame`` has a row for each face.

    Attributes:
        photos: one result for each photo, in the order of reading.
    """

    photos: tuple[PhotoResult, ...]

    @property
    def faces(self) -> tuple[Face, ...]:
        """The faces of all photos."""
        return tuple(face for photo in self.photos for face in photo.faces)

    @property
    def errors(self) -> dict[str, str]:
        """The photos that couldn't be read, with the reason."""
        return {photo.name: photo.error for photo in self.photos if photo.error is not None}

    def with_prior(self, classifier: Classifier, *, abstain: float = 0.0) -> Predictions:
        """The same faces, with probabilities adjusted to the class shares among them, which are estimated.

        Args:
            classifier: the model that predicted them, without a prior.
            abstain: as in ``inference.options``.

        Raises:
            DataError: there are too few faces.
        """
        rows = np.array([list(face.probabilities.values()) for face in self.faces], np.float32)
        shares = priors.estimate(rows, classifier.shares)
        after = iter(priors.shift(rows, priors.offsets(classifier.shares, shares)))
        stated = priors.in_words(shares, classifier.classes)
        return Predictions(
            tuple(
                replace(
                    photo,
                    faces=tuple(face.with_probabilities(next(after), abstain) for face in photo.faces),
                    prior=stated,
                )
                for photo in self.photos
            )
        )

    def to_dict(self) -> JsonObject:
        """The rows of ``mien predict`` as a dictionary for JSON."""
        return {"rows": [row for photo in self.photos for row in records.rows_of(photo)]}

    def __len__(self) -> int:
        return len(self.photos)

    def __iter__(self) -> Iterator[PhotoResult]:
        return iter(self.photos)

    @overload
    def __getitem__(self, index: int) -> PhotoResult: ...
    @overload
    def __getitem__(self, index: slice) -> Predictions: ...
    def __getitem__(self, index: int | slice) -> PhotoResult | Predictions:
        return Predictions(self.photos[index]) if isinstance(index, slice) else self.photos[index]
