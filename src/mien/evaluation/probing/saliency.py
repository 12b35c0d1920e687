"""Saliency: the increase of the predicted class's probability if a position of the face is shown instead of hidden.

RISE (Petsiuk, Das and Saenko, RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018) needs predictions
only, so it works for every model file. In ``benchmarks/saliency.py`` it is better than occlusion (Zeiler and Fergus, ECCV 2014) at
the same cost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.evaluation.evaluation import Evaluation
from mien.progress import SILENT, Progress
from mien.typed_json import JsonObject

Read = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""A model: faces ``(N, H, W)`` to probabilities ``(N, K)``."""

Attribute = Callable[[NDArray[np.uint8], NDArray[np.int64]], NDArray[np.float32]]
"""Faces ``(N, H, W)`` and a class for each ``(N,)`` to saliency maps ``(N, H, W)``."""


NUM_MASKS = 192
"""Number of masks for each face; five times as many are slightly better and take five times as long."""

CELLS = 8
"""Cells per side of a mask, each shown or hidden; on a 48x48 face, a cell has 6x6 pixels."""

MIDDLE = (18.5 + 38.15) / 2 / 48
"""Vertical position half way between eyes and mouth of FER2013's mean face, as a share of the height from the top."""


@dataclass(frozen=True, eq=False)
class SaliencyMaps:
    """Saliency maps of some faces.

    Attributes:
        rows: ``(R,)`` indices of the evaluation's rows: for each class some correct predictions, then errors.
        is_right: ``(R,)`` whether the prediction is correct.
        maps: ``(R, H, W)`` increase of the predicted class's probability if a pixel is shown; below 0 if hiding it helps.
        gradients: ``(R, H, W)`` Grad-CAM of the same predictions, 0 or above; None if the network isn't available.
    """

    rows: NDArray[np.int64]
    is_right: NDArray[np.bool_]
    maps: NDArray[np.float32]
    gradients: NDArray[np.float32] | None = None

    def of_class(self, labels: NDArray[np.int64], code: int) -> NDArray[np.int64]:
        """Positions in ``rows`` of the correct predictions of a class."""
        return np.flatnonzero(self.is_right & (labels[self.rows] == code))


@dataclass(frozen=True)
class ClassSaliency:
    """The mean saliency map of the correctly predicted faces of one class.

    Attributes:
        name: of the class.
        n: how many faces.
        largest_gain: the largest value of the mean map, as a share of probability.
        at: where it is: x and y, as shares of width and height.
        share_below_middle: share of the positive values nearer to the mouth than to the eyes; None where there are none.
    """

    name: str
    n: int
    largest_gain: float
    at: tuple[float, float]
    share_below_middle: float | None

    def to_dict(self) -> JsonObject:
        """Plain values, fit for JSON."""
        record = asdict(self)
        return {"class": record.pop("name"), **record, "at": list(self.at)}


def measure(
    read: Read,
    faces: NDArray[np.uint8],
    evaluation: Evaluation,
    *,
    num: int = 20,
    gradients: Attribute | None = None,
    progress: Progress = SILENT,
) -> SaliencyMaps:
    """Compute saliency maps of some of the evaluated faces.

    Args:
        read: the model.
        faces: ``(N, H, W)`` the evaluated faces.
        evaluation: its evaluation on them.
        num: maximum number of correctly predicted faces of each class.
        gradients: Grad-CAM of the network, if available.
        progress: receives the steps.
    """
    rows, is_right = choose(evaluation, num)
    chosen, read_as = faces[rows], evaluation.predicted[rows]
    maps = rise(read, chosen, read_as, num_masks=NUM_MASKS, progress=progress)
    return SaliencyMaps(rows, is_right, maps, gradients(chosen, read_as) if gradients and len(rows) else None)


def choose(evaluation: Evaluation, num: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Choose rows: of each class up to ``num`` correct predictions, evenly over the confidence, and its most confident error.

    Returns:
        ``(R,)`` row indices, and whether each prediction is correct.
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
    """Saliency by random masks (RISE), as the slope of a class's probability over the mask's value at each pixel.

    Random smooth masks blend a face with its mean gray level. RISE averages the masks, weighted by the probability. The slope
    ranks the pixels in the same order, up to noise, and has a unit: the increase of the probability between hidden and shown.
    Each face has its own masks, so that their noise averages out over faces.

    Args:
        read: the model.
        faces: ``(N, H, W)`` ``uint8``.
        classes: ``(N,)`` the class to explain in each face.
        num_masks: number of masks for each face.
        seed: seed of the masks.
        progress: receives the steps.

    Returns:
        ``(N, H, W)``, about -1 to 1.
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
    """Masks ``(num, height, width)`` from 0 (hidden) to 1 (shown): random binary grids, upsampled smoothly and shifted."""
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
    """Share of a map's positive part that is nearer to the mouth than to the eyes; None if nothing is positive."""
    positive = np.maximum(mean_map, 0).sum(1, dtype=np.float64)
    places = (np.arange(len(positive)) + 0.5) / len(positive)
    return float(positive[places > middle].sum() / positive.sum()) if positive.any() else None


def by_class(found: SaliencyMaps, evaluation: Evaluation) -> list[ClassSaliency]:
    """The mean map of each class with a correct prediction."""
    classes = []
    for code, name in enumerate(evaluation.classes):
        places = found.of_class(evaluation.labels, code)
        if len(places):
            mean = found.maps[places].mean(0)
            y, x = np.unravel_index(int(mean.argmax()), mean.shape)
            at = float((x + 0.5) / mean.shape[1]), float((y + 0.5) / mean.shape[0])
            classes.append(ClassSaliency(name, len(places), float(mean.max()), at, share_below(mean)))
    return classes
