"""Labelled faces, read with a model at hand: where labels are numbers without names, the shipped ``tiny`` is asked what they mean."""

from __future__ import annotations

import os
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from mien.data import layouts
from mien.data.faceset import FaceSet
from mien.data.layouts import Adviser
from mien.data.reading import ReadFields, ReadOptions

MODEL = "tiny"
"""The shipped model that is asked."""


def read(
    path: str | os.PathLike[str],
    options: ReadOptions | None = None,
    *,
    cache: bool = True,
    **fields: Unpack[ReadFields],
) -> FaceSet:
    """Read labelled faces of any known layout.

    Where labels are numbers, and several known codings have just these, the shipped model ``tiny`` reads a sample of the
    faces; the coding that it clearly agrees with is taken, and its evidence is in ``source.coding``.

    Args:
        path: a file or a folder.
        options: how to read it; by default everything is recognised.
        cache: keep the packed result in the user's cache folder, so that the next reading takes no time.
        **fields: the options one by one instead, such as ``layout="folders"``, ``size=48``, ``coding="rafdb"``,
            ``classes=["happy", "sad"]``, ``drop=["contempt"]``, ``map={"calm": "neutral"}``; see ``ReadOptions``.

    Returns:
        A FaceSet. What was left out, assumed or mapped is in its ``source``.

    Raises:
        UnknownLayoutError: no layout is recognised.
        DataError: the data can't be read, holds no usable face, or holds several layouts; or its labels are numbers, and
            nothing tells what they mean.
        MissingExtraError: the layout needs a package that isn't installed.
    """
    return layouts.read(path, options, cache=cache, adviser=Adviser(MODEL, _expressions), **fields)


def _expressions(faces: NDArray[np.uint8]) -> list[str]:
    """What the model sees on ``(N, H, W)`` faces."""
    from mien.inference.classifier import Classifier  # onnxruntime is loaded only where there is a question

    model = Classifier.load(MODEL)
    return [model.spec.classes[code] for code in model.probabilities(faces).argmax(1)]
