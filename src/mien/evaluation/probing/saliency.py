"""Where a model looks: what its reading gains when a place of the face is shown and not hidden.

RISE (Petsiuk, Das and Saenko, RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018) needs nothing but
readings, so it works for every model file. ``benchmarks/saliency.py`` compares it with occlusion (Zeiler and Fergus, ECCV 2014): at
the same cost it finds better what a reading rests on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.evaluation.evaluation import Evaluation
from mien.progress import SILENT, Progress

Read = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Reads faces ``(N, H, W)``: gives probabilities ``(N, K)``."""

Attribute = Callable[[NDArray[np.uint8], NDArray[np.int64]], NDArray[np.float32]]
"""Faces ``(N, H, W)`` and a class for each ``(N,)`` to maps ``(N, H, W)`` of what speaks for it."""


NUM_MASKS = 192
"""Masks for each face; five times as many find a little more and take five times as long."""

CELLS = 8
"""Cells along each side of a mask, each shown or hidden: on 48x48 faces one covers about a mouth's corner."""

MIDDLE = (18.5 + 38.15) / 2 / 48
"""Height half way between the eyes and the mouth of FER2013's mean face, as a share of the face's height from above."""


@dataclass(frozen=True, eq=False)
class Looks:
    """Where a model looks on some faces.

    Attributes:
        rows: ``(R,)`` the evaluation's rows that were looked into: for each class some that are read as labelled, then errors.
        is_right: ``(R,)`` whether the row is read as labelled.
        maps: ``(R, H, W)`` what the read class's probability gains from showing each pixel; below 0 where hiding it helps.
        gradients: ``(R, H, W)`` Grad-CAM of the same readings, 0 or above, or None where the network isn't at hand.
    """

    rows: NDArray[np.int64]
    is_right: NDArray[np.bool_]
    maps: NDArray[np.float32]
    gradients: NDArray[np.float32] | None = None

    def of_class(self, labels: NDArray[np.int64], code: int) -> NDArray[np.int64]:
        """Places in ``rows`` of the rightly read rows of a class."""
        return np.flatnonzero(self.is_right & (labels[self.rows] == code))


def measure(
    read: Read,
    faces: NDArray[np.uint8],
    evaluation: Evaluation,
    *,
    num: int = 20,
    gradients: Attribute | None = None,
    progress: Progress = SILENT,
) -> Looks:
    """Look into some of the judged faces.

    Args:
        read: the model.
        faces: ``(N, H, W)`` the judged faces.
        evaluation: how it read them.
        num: rightly read faces of each class.
        gradients: Grad-CAM, where the network is at hand.
        progress: is told of the work.
    """
    rows, is_right = choose(evaluation, num)
    chosen, read_as = faces[rows], evaluation.predicted[rows]
    maps = rise(read, chosen, read_as, progress=progress)
    return Looks(rows, is_right, maps, gradients(chosen, read_as) if gradients and len(rows) else None)


def choose(evaluation: Evaluation, num: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Which rows to look into: of each class up to ``num`` rightly read ones, evenly from the most to the least confident, and its most confident error.

    Returns:
        ``(R,)`` rows, and whether each is read as labelled.
    """
    confidence = evaluation.probabilities.max(1)
    rows, is_right = [], []
    for right in (True, False):
        for code in range(len(evaluation.classes)):
            found = np.flatnonzero((evaluation.labels == code) & ((evaluation.predicted == evaluation.labels) == right))
            found = found[np.argsort(-confidence[found], kind="stable")]
            if right and len(found) > num:
                found = found[np.linspace(0, len(found) - 1, num).round().astype(np.int64)]
            taken = found if right else found[:1]
            rows.append(taken)
            is_right.append(np.full(len(taken), right))
    return np.concatenate(rows).astype(np.int64), np.concatenate(is_right)


def rise(
    read: Read,
    faces: NDArray[np.uint8],
    classes: NDArray[np.int64],
    *,
    num_masks: int = NUM_MASKS,
    seed: int = 0,
    progress: Progress = SILENT,
) -> NDArray[np.float32]:
    """How much a class's probability gains from each pixel, while the rest of the face is shown in random halves.

    Random smooth masks blend a face with its own mean gray. Where RISE averages the masks, each weighted by the probability behind it,
    this takes the slope of that probability over the mask's value at each pixel: the same order of pixels, up to chance in the masks,
    but in a unit that says something: probability gained between hidden and shown. Each face has masks of its own, so that their
    chance averages out over faces.

    Args:
        read: the model.
        faces: ``(N, H, W)``.
        classes: ``(N,)`` the class whose evidence is looked for in each face.
        num_masks: masks for each face.
        seed: of the masks.
        progress: is told of the work.

    Returns:
        ``(N, H, W)``, -1 to 1 for probabilities that are near linear in the mask.
    """
    rng = np.random.default_rng(seed)
    maps = np.zeros(faces.shape, np.float32)
    for row in progress.bar(range(len(faces)), "where it looks"):
        masks = draw_masks(num_masks, faces.shape[1], faces.shape[2], rng)
        gray = float(faces[row].mean())
        shown = gray + masks * (faces[row] - np.float32(gray))
        p = read(shown.round().astype(np.uint8))[:, classes[row]]
        masks -= masks.mean(0)
        maps[row] = np.tensordot(p - p.mean(), masks, 1) / np.maximum((masks**2).sum(0), 1e-6)
    return maps


def draw_masks(num: int, height: int, width: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """``(num, height, width)`` from 0, hidden, to 1, shown: a coarse grid of coin tosses, enlarged smoothly and shifted at random."""
    step_y, step_x = -(-height // CELLS), -(-width // CELLS)
    size = (CELLS + 1) * step_x, (CELLS + 1) * step_y
    masks = np.empty((num, height, width), np.float32)
    coarse = (rng.random((num, CELLS + 1, CELLS + 1)) < 0.5).astype(np.float32)
    shifts = rng.integers((step_y, step_x), size=(num, 2))
    for index, (y, x) in enumerate(shifts):
        large = Image.fromarray(coarse[index]).resize(size, Image.Resampling.BILINEAR)
        masks[index] = np.asarray(large)[y : y + height, x : x + width]
    return masks


def share_below(mean_map: NDArray[np.float32], middle: float = MIDDLE) -> float | None:
    """Share of a map's positive part that lies nearer to the mouth than to the eyes; None where nothing is positive."""
    positive = np.maximum(mean_map, 0).sum(1, dtype=np.float64)
    places = (np.arange(len(positive)) + 0.5) / len(positive)
    return float(positive[places > middle].sum() / positive.sum()) if positive.any() else None


def as_rows(looks: Looks, evaluation: Evaluation) -> list[dict[str, Any]]:
    """What the maps say of each class that has a rightly read face, fit for JSON."""
    found = []
    for code, name in enumerate(evaluation.classes):
        places = looks.of_class(evaluation.labels, code)
        if len(places):
            mean = looks.maps[places].mean(0)
            y, x = np.unravel_index(int(mean.argmax()), mean.shape)
            found.append(
                {
                    "class": name,
                    "n": len(places),
                    "largest_gain": float(mean.max()),
                    "at": [float((x + 0.5) / mean.shape[1]), float((y + 0.5) / mean.shape[0])],
                    "share_below_middle": share_below(mean),
                }
            )
    return found
