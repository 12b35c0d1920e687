"""Which saliency finds what a model's reading rests on? Occlusion and RISE, judged by deletion and insertion.

``python -m benchmarks.saliency MODEL DATA [--split S]``. Deletion (Petsiuk et al., RISE, BMVC 2018): pixels are grayed in the order
in which a map ranks them; the faster the read class's probability falls, the better the map, so the mean probability on the way is the
score, lower being better. Insertion: pixels of the face come back onto a blurred copy; higher is better.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

import mien
from mien.evaluation.judge import judge
from mien.evaluation.probing import saliency
from mien.evaluation.probing.saliency import Read
from mien.inference import datasets
from mien.inference.classifier import Classifier

STEPS, PLACES = 24, 14
"""Readings on the way from a whole face to none; places along each side where occlusion lays its patch."""


def occlusion(read: Read, faces: NDArray[np.uint8], classes: NDArray[np.int64]) -> NDArray[np.float32]:
    """The fall of a class's probability when a soft patch of the face's mean gray covers each of 14 by 14 places; ``(N, H, W)``."""
    height, width = faces.shape[1:]

    def bumps(side: int) -> NDArray[np.float32]:
        centres, places = (np.arange(PLACES) + 0.5) / PLACES, (np.arange(side) + 0.5) / side
        return np.exp(-0.5 * ((places - centres[:, None]) * 12) ** 2).astype(np.float32)

    patches = np.einsum("yi,xj->yxij", bumps(height), bumps(width)).reshape(-1, height, width)
    maps = np.empty(faces.shape, np.float32)
    for row, face in enumerate(faces.astype(np.float32)):
        covered = (face + patches * (face.mean() - face)).round().astype(np.uint8)
        maps[row] = np.tensordot(-read(covered)[:, classes[row]], patches / patches.sum(0), 1)
    return maps


def way(
    read: Read, faces: NDArray[np.uint8], classes: NDArray[np.int64], maps: NDArray[np.float32], *, insert: bool
) -> float:
    """Mean probability of the class while pixels leave a face, or come back onto a blurred one, the most salient first."""
    order = np.argsort(-maps.reshape(len(maps), -1), axis=1, kind="stable")
    means = []
    for row, face in enumerate(faces):
        blurred = np.asarray(Image.fromarray(face).filter(ImageFilter.GaussianBlur(5)))
        start, end = (blurred, face) if insert else (face, np.full_like(face, round(float(face.mean()))))
        pictures = np.repeat(start.reshape(1, -1), STEPS + 1, 0)
        for step in range(1, STEPS + 1):
            moved = order[row, : round(face.size * step / STEPS)]
            pictures[step, moved] = end.reshape(-1)[moved]
        p = read(pictures.reshape(-1, *face.shape))[:, classes[row]].astype(np.float64)
        means.append(float(((p[1:] + p[:-1]) / 2).mean()))
    return float(np.mean(means))


def main() -> None:
    parser = argparse.ArgumentParser(description="Occlusion and RISE by deletion and insertion.")
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--split")
    parser.add_argument("--num", type=int, default=12, help="rightly read faces of each class")
    asked = parser.parse_args()
    classifier, faceset = Classifier.load(asked.model), datasets.read(asked.data)
    judgement = judge(classifier, faceset, asked.split)
    rows, is_right = saliency.choose(judgement.evaluation, asked.num)
    faces, classes = judgement.faces.images[rows[is_right]], judgement.evaluation.predicted[rows[is_right]]
    read: Read = classifier.probabilities
    height, width = faces.shape[1:]
    yy, xx = (np.indices((height, width)) + 0.5) / np.array([height, width]).reshape(2, 1, 1) - 0.5
    noise = np.random.default_rng(0).random(faces.shape, np.float32)
    ways: dict[str, Callable[[], NDArray[np.float32]]] = {
        "random order": lambda: noise,
        "the middle first": lambda: np.repeat(-(yy**2 + xx**2)[None], len(faces), 0).astype(np.float32),
        "occlusion, 196 places": lambda: occlusion(read, faces, classes),
        "RISE, 64 masks": lambda: saliency.rise(read, faces, classes, num_masks=64),
        "RISE, 192 masks": lambda: saliency.rise(read, faces, classes),
        "RISE, 1,000 masks": lambda: saliency.rise(read, faces, classes, num_masks=1000),
    }
    print(f"{asked.model}, mien {mien.__version__}, n = {len(faces)}")
    for name, make in ways.items():
        start = time.perf_counter()
        maps = make()
        seconds = time.perf_counter() - start
        row = {
            "map": name,
            "deletion": round(way(read, faces, classes, maps, insert=False), 4),
            "insertion": round(way(read, faces, classes, maps, insert=True), 4),
            "ms_per_face": round(1000 * seconds / len(faces), 1),
        }
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
