"""What finding and cutting out a face costs in accuracy: FER2013's faces laid into scenes, found, cut out, read.

    python -m benchmarks.through_detection DATA [--split public_test] [--limit N] [--json FILE]

Each 48x48 face is enlarged to 70 to 260 pixels, turned by up to 20 degrees either way, and laid anywhere into a soft,
640x480 background, with a border of its mean gray around it. Read are the ready-made crop, and what each way of cutting
gives of the face that is found in the scene; among all faces, one that isn't found counts as wrong. These crops end at
brows and chin: a face with its hair and neck, as photos have it, is found more easily. Choose on
``--split hold_out``, the Training rows that base held out, then read PublicTest once.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import mien
from mien import files, images, tables
from mien.data import splits
from mien.inference import align
from mien.inference.detector import Detections, Detector

WIDTH, HEIGHT = 640, 480
PADDING = 24
"""Pixels of border around a face of 48; its outer quarter fades into the background."""

Cut = Callable[[NDArray[np.uint8], Detections, tuple[int, int]], NDArray[np.uint8]]


def scene(face: NDArray[np.uint8], rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A photo ``(480, 640, 3)`` with one face somewhere, and the affine map ``(2, 3)`` from the photo to the face."""
    small = rng.integers(60, 200, (3, 4, 3), dtype=np.uint8)
    background = Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    padded = np.pad(face, PADDING, constant_values=int(face.mean()))
    side = len(padded)
    scale = rng.uniform(70, 260) / len(face)
    angle = np.deg2rad(rng.uniform(-20, 20))
    reach = side * scale * 0.45
    x, y = rng.uniform(reach, WIDTH - reach), rng.uniform(reach, HEIGHT - reach)
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    turn = (cos, sin, side / 2 - cos * x - sin * y, -sin, cos, side / 2 + sin * x - cos * y)
    from_rim = np.minimum(np.arange(side), np.arange(side)[::-1]) / PADDING * 4
    mask = Image.fromarray((np.minimum(from_rim[:, None], from_rim[None]).clip(0, 1) * 255).astype(np.uint8))
    size, method = (WIDTH, HEIGHT), Image.Transform.AFFINE
    laid = Image.fromarray(padded).transform(size, method, turn, Image.Resampling.BICUBIC)
    shape = mask.transform(size, method, turn, Image.Resampling.BILINEAR)
    background.paste(laid.convert("RGB"), (0, 0), shape)
    return np.asarray(background), np.reshape(turn, (2, 3)) - [[0, 0, PADDING], [0, 0, PADDING]]


def aligned(photo: NDArray[np.uint8], found: Detections, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The crop that mien uses: the landmarks brought onto FER2013's."""
    return align.crop(images.Picture(photo), found.landmarks[0], size)


def boxed(margin: float) -> Cut:
    """The detector's box made square, with a margin as a share of its side."""

    def cut(photo: NDArray[np.uint8], found: Detections, size: tuple[int, int]) -> NDArray[np.uint8]:
        left, top, right, bottom = found.boxes[0].tolist()
        half = max(right - left, bottom - top) * (0.5 + margin)
        x, y = (left + right) / 2, (top + bottom) / 2
        box = (x - half, y - half, x + half, y + half)
        area = (
            Image.fromarray(photo)
            .convert("L")
            .transform((96, 96), Image.Transform.EXTENT, box, Image.Resampling.BILINEAR)
        )
        return np.asarray(area.resize(size, Image.Resampling.BILINEAR))

    return cut


CUTS: dict[str, Cut] = {
    "aligned": aligned,
    **{f"box {margin:+.0%}": boxed(margin) for margin in (-0.15, -0.1, -0.05, 0.0, 0.1, 0.2)},
}


def measure(data: Path, split: str, limit: int | None, model: str) -> dict[str, Any]:
    """Accuracy of each way on the same faces."""
    faceset = mien.read(data)
    # What base held out of Training: rows that it never learnt from, and that choices may be made on.
    faceset = splits.hold_out(faceset.split("train"), 0.06)[1] if split == "hold_out" else faceset.split(split)
    num = min(limit or len(faceset), len(faceset))
    chosen = np.sort(np.random.default_rng(0).permutation(len(faceset))[:num])
    faces, labels = faceset.images[chosen], faceset.labels[chosen]
    classifier, detector = mien.load(model), Detector()
    crops = {name: np.zeros_like(faces) for name in CUTS}
    is_found = np.zeros(num, bool)
    started = time.perf_counter()
    for row, face in enumerate(faces):
        photo, _ = scene(face, np.random.default_rng((0, row)))
        found = detector.detect(photo)
        is_found[row] = len(found) > 0
        if len(found):
            for name, cut in CUTS.items():
                crops[name][row] = cut(photo, found, (48, 48))
    ready = classifier.probabilities(faces).argmax(1) == labels
    right = {name: (classifier.probabilities(crop).argmax(1) == labels) & is_found for name, crop in crops.items()}
    return {
        "split": split,
        "n": num,
        "model": model,
        "found": float(is_found.mean()),
        "ready_made": {"all": float(ready.mean()), "found": float(ready[is_found].mean())},
        "through_detection": {
            name: {"all": float(values.mean()), "found": float(values[is_found].mean())}
            for name, values in right.items()
        },
        "seconds": time.perf_counter() - started,
    }


def seen_landmarks(data: Path, num: int) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float64]]]:
    """The landmarks ``(5, 2)`` that are found in scenes of rows that base learnt from, and the maps ``(2, 3)`` back to the faces."""
    learnt, detector = splits.hold_out(mien.read(data).split("train"), 0.06)[0], Detector()
    seen, backs = [], []
    for number, row in enumerate(np.random.default_rng(0).permutation(len(learnt))[:num]):
        photo, back = scene(learnt.images[row], np.random.default_rng((1, number)))
        found = detector.detect(photo)
        if len(found):
            seen.append(found.landmarks[0])
            backs.append(back)
    return seen, backs


def crop_errors(
    seen: list[NDArray[np.float32]], backs: list[NDArray[np.float64]], places: NDArray[np.float32]
) -> NDArray[np.float64]:
    """What is wrong with crops that bring landmarks onto places ``(5, 2)`` of a 48x48 face, without what was no face.

    Returns:
        ``(N, 4)``: shift to the right and down in pixels of a 48x48 face, logarithm of the size, angle in radians.
    """
    errors = []
    for points, back in zip(seen, backs, strict=True):
        matrix, shift = align.similarity(places, points)
        whole = back[:, :2] @ matrix  # from the crop to the face: the identity, were it right
        moved = back[:, :2] @ (matrix @ [24, 24] + shift) + back[:, 2] - 24
        errors.append([*moved, np.log(np.hypot(whole[0, 0], whole[1, 0])), np.arctan2(whole[1, 0], whole[0, 0])])
    found = np.array(errors)
    kept: NDArray[np.float64] = found[(np.abs(found) < [12, 12, 0.5, 0.5]).all(1)]
    return kept


def template(data: Path, num: int = 5000) -> NDArray[np.float64]:
    """The best ``align.TEMPLATE``, on rows that base learnt from: the crops that it gives lie right on average.

    First the median of each landmark in the face's own pixels; then, as noise in the landmarks makes least squares lean to one
    side, that template is moved, scaled and turned by the mean error of the crops it gives.
    """
    seen, backs = seen_landmarks(data, num)
    first = np.median([points @ back[:, :2].T + back[:, 2] for points, back in zip(seen, backs, strict=True)], 0)
    x, y, scale, angle = crop_errors(seen, backs, first.astype(np.float32)).mean(0)
    turn = np.exp(scale) * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray((first - 24) @ turn.T + 24 + [x, y])


def errors_table(data: Path, num: int) -> str:
    """How far off the crops are that mien cuts out: what augmentation has to cover."""
    errors = crop_errors(*seen_landmarks(data, num), np.asarray(align.TEMPLATE, np.float32))
    sizes = np.abs(errors) * [100 / 48, 100 / 48, 100, 180 / np.pi]
    names = ["shift right, % of the side", "shift down, % of the side", "size, %", "angle, degrees"]
    rows = [
        [name, f"{np.sqrt((column**2).mean()):.1f}", *(f"{np.percentile(column, q):.1f}" for q in (50, 90, 99))]
        for name, column in zip(names, sizes.T, strict=True)
    ]
    return tables.render([f"error of {len(errors)} crops", "root mean square", "median", "90%", "99%"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default="public_test")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--model", default="base")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--template", action="store_true", help="measure align.TEMPLATE anew, on Training rows")
    parser.add_argument("--errors", action="store_true", help="how far off the crops are, on --limit Training rows")
    arguments = parser.parse_args()
    if arguments.errors:
        print(errors_table(arguments.data, arguments.limit or 5000))
        return
    if arguments.template:
        print(template(arguments.data).round(2).tolist())
        return
    result = measure(arguments.data, arguments.split, arguments.limit, arguments.model)
    ways = {"ready-made": result["ready_made"], **result["through_detection"]}
    rows = [[name, f"{way['found']:.1%}", f"{way['all']:.1%}"] for name, way in ways.items()]
    print(f"{result['model']} on {result['n']:,} faces of {result['split']}: {result['found']:.1%} found")
    print(tables.render(["crop", "accuracy, found faces", "all faces"], rows))
    if arguments.json:
        files.write_text(arguments.json, json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
