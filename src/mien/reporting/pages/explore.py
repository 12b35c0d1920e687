"""The judged faces for a page that can be explored: all of them as one picture, and what was predicted for each.

An element of a page with the attribute ``data-faces`` shows the faces that its query selects; ``templates/page.js`` reads both.
Several readings of the faces, such as those of compared models, are compared in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import images, palette
from mien.data.faceset import FaceSet
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement
from mien.evaluation.probing.findings import Findings
from mien.reporting.pictures import data_url
from mien.reporting.texts import Texts, cells
from mien.typed_json import JsonObject

MOST = 10_000
"""Maximum number of faces in a page; of more, some at equal distances are in it."""

MOST_CORRUPTED = 70
"""Maximum number of faces that are shown under each corruption, as many of each class."""

SIDE, COLUMNS, QUALITY = 48, 60, 60
"""Maximum side of a face in the picture, faces in a row of it, and the quality of its JPEG."""


@dataclass(frozen=True)
class Explorer:
    """The faces of a page.

    Attributes:
        picture: all faces, row by row, as a data URL.
        data: JSON: classes, colours, width and height of a face, columns; for each face its name and label; and the readings.
    """

    picture: str
    data: str


@dataclass(frozen=True, eq=False)
class Reading:
    """What a model, or one arm of a study, predicts for the faces of a page.

    Attributes:
        name: as shown.
        predicted: ``(M,)`` the predictions, as places in the classes of the page.
        confidence: ``(M,)`` their probabilities; None if unknown.
        rows: ``(M,)`` which faces it is about, in ascending order; None is all.
        images: ``(M, h, w)`` these faces as the model saw them; None is as the page has them.
        total: number of faces of which ``rows`` are a sample.
    """

    name: str
    predicted: NDArray[np.int64]
    confidence: NDArray[np.float32] | None = None
    rows: NDArray[np.int64] | None = None
    images: NDArray[np.uint8] | None = None
    total: int = 0


def select(**query: float | str) -> str:
    """A query of faces.

    Args:
        query: ``true`` and ``predicted`` are indices of classes; ``low`` and ``high`` bound the confidence (``low <= p < high``); ``by``
            is the index of a reading, by default the first, and ``than`` that of one to compare it with. With ``than``, ``predicted``
            selects faces of which one of both is predicted so, and ``side`` those that only one predicts correctly:
            ``gained`` (``by``), ``lost`` (``than``), or ``changed`` (either).
    """
    shown = {name: value if isinstance(value, str) else cells.compact(value) for name, value in query.items()}
    return "&".join(f"{name}={value}" for name, value in shown.items())


def explorer(evaluation: Evaluation, faces: FaceSet, t: Texts, more: Sequence[Reading] = ()) -> Explorer:
    """The faces of an evaluation, at most ``MOST`` and those of ``more``, which are further readings of them."""
    own = Reading(t("explore.own"), evaluation.predicted, evaluation.probabilities.max(1))
    return of_readings(faces, evaluation.labels, evaluation.classes, (own, *more), t)


def judged(judgement: Judgement, t: Texts, findings: Findings | None = None) -> Explorer:
    """The faces of a judgement, with those that were corrupted for the findings."""
    return explorer(judgement.evaluation, judgement.faces, t, _corrupted(judgement, findings, t))


def of_readings(
    faces: FaceSet, labels: NDArray[np.int64], classes: Sequence[str], readings: Sequence[Reading], t: Texts
) -> Explorer:
    """The faces that several models predict.

    Args:
        faces: N faces.
        labels: ``(N,)`` places in ``classes``.
        classes: K names.
        readings: what is predicted.
        t: the texts of the page.
    """
    needed = [one.rows for one in readings if one.rows is not None]
    rows = np.unique(np.concatenate([_spread(len(faces), MOST), *needed]))
    pictures, start, shown = [_fitting(faces.images[rows])], len(rows), []
    for one in readings:
        shown.append(_reading(one, rows, start))
        if one.images is not None:
            pictures.append(_fitting(one.images))
            start += len(one.images)
    data = {
        "classes": t.names(classes),
        "colours": [palette.on_page(value) for value in palette.colours(classes).values()],
        "width": pictures[0].shape[2],
        "height": pictures[0].shape[1],
        "columns": COLUMNS,
        "names": [Path(str(name)).name for name in faces.names[rows]],  # no folders of this machine
        "true": labels[rows].tolist(),
        "total": len(faces),
        "readings": shown,
        "words": t.tables["explore"],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return Explorer(data_url(images.encode_jpeg(_sheet(np.concatenate(pictures)), QUALITY), "jpeg"), text)


def _reading(one: Reading, rows: NDArray[np.int64], start: int) -> JsonObject:
    """A reading of the faces ``rows``, for JSON; its own pictures are on the sheet from ``start`` on."""
    chosen = rows if one.rows is None else slice(None)
    return {
        "name": one.name,
        "predicted": one.predicted[chosen].tolist(),
        "confidence": None if one.confidence is None else _rounded(one.confidence[chosen]),
        "rows": None if one.rows is None else np.searchsorted(rows, one.rows).tolist(),
        "start": None if one.images is None else start,
        "total": one.total,
    }


def _rounded(confidence: NDArray[np.float32]) -> list[float]:
    return [round(float(value), 4) for value in confidence]


def _corrupted(judgement: Judgement, findings: Findings | None, t: Texts) -> list[Reading]:
    """What the model predicts under each corruption at the severity with the lowest accuracy, on some faces of each class."""
    if findings is None or not findings.curves:
        return []
    faces, labels = judgement.faces.images[findings.corrupted], findings.curves[0].labels
    each = max(1, MOST_CORRUPTED // len(judgement.evaluation.classes))
    own = [np.flatnonzero(labels == code) for code in np.unique(labels)]
    some = np.sort(np.concatenate([rows[_spread(len(rows), each)] for rows in own]))
    readings = []
    for curve in findings.curves:
        place, (severity, _) = curve.worst_place, curve.worst
        name = t(f"robust.name.{curve.corruption.name}")
        readings.append(
            Reading(
                t("explore.corruption", name=name, severity=cells.true_minus(cells.compact(severity))),
                curve.predicted[place][some],
                curve.confidence[place][some],
                findings.corrupted[some],
                curve.corruption(faces, severity)[some],
                len(labels),
            )
        )
    return readings


def without_faces(judgement: Judgement) -> Judgement:
    """The same judgement with gray areas in place of its faces."""
    return replace(judgement, faces=replace(judgement.faces, images=np.full_like(judgement.faces.images, 128)))


def _spread(num: int, most: int) -> NDArray[np.int64]:
    """All of ``num`` indices, or ``most`` of them at equal distances."""
    chosen: NDArray[np.int64] = np.linspace(0, num - 1, min(num, most)).round().astype(np.int64)
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
