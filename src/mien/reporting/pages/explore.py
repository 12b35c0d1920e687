"""The judged faces for a page that can be explored: all of them as one picture, and what was predicted for each.

An element of a page with the attribute ``data-faces`` shows the faces that its query selects; ``templates/page.js`` reads both.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import images, palette
from mien.data.faceset import FaceSet
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement
from mien.reporting.pictures import data_url
from mien.reporting.texts import Texts, cells

MOST = 10_000
"""Maximum number of faces in a page; of more, some of each kind of prediction are left out."""

SIDE, COLUMNS, QUALITY = 48, 60, 60
"""Maximum side of a face in the picture, faces in a row of it, and the quality of its JPEG."""


@dataclass(frozen=True)
class Explorer:
    """The faces of a page.

    Attributes:
        picture: all faces, row by row, as a data URL.
        data: JSON: classes, colours, width and height of a face, columns, and for each face its name, label, prediction and
            confidence.
    """

    picture: str
    data: str


def select(**query: float) -> str:
    """A query of faces.

    Args:
        query: ``true`` and ``predicted`` are indices of classes; ``low`` and ``high`` bound the confidence (``low <= p < high``).
    """
    return "&".join(f"{name}={cells.compact(value)}" for name, value in query.items())


def explorer(evaluation: Evaluation, faces: FaceSet, t: Texts) -> Explorer:
    """The faces of an evaluation, at most ``MOST``."""
    rows = _chosen(len(evaluation))
    small = _fitting(faces.images[rows])
    data = {
        "classes": t.names(evaluation.classes),
        "colours": [palette.on_page(value) for value in palette.colours(evaluation.classes).values()],
        "width": small.shape[2],
        "height": small.shape[1],
        "columns": COLUMNS,
        "names": [Path(str(name)).name for name in faces.names[rows]],  # no folders of this machine
        "true": evaluation.labels[rows].tolist(),
        "predicted": evaluation.predicted[rows].tolist(),
        "confidence": [round(float(value), 4) for value in evaluation.probabilities[rows].max(1)],
        "total": len(evaluation),
        "words": t.tables["explore"],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return Explorer(data_url(images.encode_jpeg(_sheet(small), QUALITY), "jpeg"), text)


def without_faces(judgement: Judgement) -> Judgement:
    """The same judgement with gray areas in place of its faces."""
    return replace(judgement, faces=replace(judgement.faces, images=np.full_like(judgement.faces.images, 128)))


def _chosen(num: int) -> NDArray[np.int64]:
    """All rows, or ``MOST`` of them at equal distances."""
    chosen: NDArray[np.int64] = np.linspace(0, num - 1, min(num, MOST)).round().astype(np.int64)
    return chosen


def _fitting(faces: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Faces ``(N, h, w)`` of at most ``SIDE`` pixels."""
    longest = max(faces.shape[1:])
    if longest <= SIDE:
        return faces
    size = tuple(max(1, round(side * SIDE / longest)) for side in faces.shape[1:])
    scaled: NDArray[np.uint8] = images.resize_faces(faces, (size[0], size[1]))
    return scaled


def _sheet(faces: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Faces ``(N, h, w)`` in rows of ``COLUMNS``, as one picture."""
    num, height, width = faces.shape
    num_rows = -(-num // COLUMNS)
    padded = np.zeros((num_rows * COLUMNS, height, width), np.uint8)
    padded[:num] = faces
    grid = padded.reshape(num_rows, COLUMNS, height, width).transpose(0, 2, 1, 3)
    sheet: NDArray[np.uint8] = grid.reshape(num_rows * height, COLUMNS * width)
    return sheet
