"""Read data sets with the help of mien's own models.

The detector recognises portraits, and crops the faces on request; ``tiny`` identifies the meaning of numeric labels.
"""

from __future__ import annotations

import functools
import os
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.checks import checked
from mien.data import layouts
from mien.data.faceset import FaceSet
from mien.data.layouts import Adviser
from mien.data.portraits import FoundFace
from mien.data.reading import ReadFields, ReadOptions
from mien.inference import align
from mien.inference.classifier import Classifier
from mien.inference.detector import Detector

WITNESS = "tiny"
"""The pretrained model that identifies the meaning of numeric labels."""


@checked
def read(
    path: str | os.PathLike[str],
    options: ReadOptions | None = None,
    *,
    cache: bool = True,
    **fields: Unpack[ReadFields],
) -> FaceSet:
    """Read labelled faces of any known layout.

    If labels are numbers that fit several known codings, the pretrained model ``tiny`` predicts a sample of the faces. The
    coding that clearly agrees with the predictions is used; the evidence is in ``source.coding``.

    Args:
        path: a file or a folder.
        options: how to read it; by default everything is detected.
        cache: keep the packed result in the user's cache folder, so that the next read is fast.
        fields: single options instead, by name, such as ``layout="folders"``, ``size=48``, ``votes="fer2013new.csv"``,
            ``classes=["happy", "sad"]``, ``drop=["contempt"]``, ``map={"calm": "neutral"}``, ``find_faces=True``,
            ``coding="rafdb"``; see ``ReadOptions``.

    Returns:
        A FaceSet. Its ``source`` lists what was dropped, assumed or renamed.

    Raises:
        UnknownLayoutError: no layout is recognised.
        DataError: the data can't be read, has no usable face, or has several layouts; or the meaning of its numeric labels
            can't be determined.
        MissingExtraError: the layout needs a package that isn't installed.
    """
    adviser = Adviser(WITNESS, expressions)
    return layouts.read(path, options, cache=cache, finder=find_face, adviser=adviser, **fields)


def expressions(faces: NDArray[np.uint8]) -> list[str]:
    """The predicted expressions of ``(N, H, W)`` faces."""
    model = Classifier.load(WITNESS)
    return [model.spec.classes[code] for code in model.probabilities(faces).argmax(1)]


def find_face(photo: NDArray[np.uint8], side: int) -> FoundFace | None:
    """The largest face of a photo ``(H, W, 3)``, aligned at ``(side, side)``; see ``portraits.Finder``."""
    picture = images.in_colour(photo)
    found = _detector().detect(picture)
    if not len(found):
        return None
    sides = np.sqrt((found.boxes[:, 2:] - found.boxes[:, :2]).clip(0).prod(1))
    largest = int(sides.argmax())
    crop = align.crop(picture, found.landmarks[largest], (side, side))
    return FoundFace(crop, float(sides[largest] / np.sqrt(picture.size[0] * picture.size[1])), len(found))


@functools.cache
def _detector() -> Detector:
    return Detector()
