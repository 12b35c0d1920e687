"""Whether a covered face can be told from the detector and the model: drawn heads with a covered mouth, eyes or half.

    python -m benchmarks.occlusion [--heads 60] [--model base]

For each cover it prints how many heads are not detected, and how well three figures of a detected face tell it from a bare one
(area under the ROC curve; 0.5 is chance): the detection score, the distance of the landmarks from an affine map of an average face,
and the disagreement of the model on the two halves of the face, each completed by its mirror image. ``blurred`` is a bare head.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from mien.inference import align
from mien.inference.photo import Reader
from mien.synthetic import drawn

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))
import scenes

SIDE = 180
RECTANGLES = {"mouth": (0.62, 0.92, 0.22, 0.78), "eyes": (0.30, 0.48, 0.15, 0.85), "half": (0.10, 0.95, 0.0, 0.48)}
"""Top, bottom, left and right of a cover, as shares of the head's picture."""

KINDS = ("bare", *RECTANGLES, "hand", "blurred")
FIGURES = ("detection score", "landmarks", "halves")


def head(kind: str, seed: int) -> NDArray[np.uint8]:
    """A photo ``(240, 320, 3)`` of a drawn head."""
    rng = np.random.default_rng(seed)
    expression = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")[seed % 7]
    face = drawn.draw_face(expression, drawn.new_identity(rng), rng, SIDE).copy()
    gray = int(rng.integers(30, 230))
    if kind in RECTANGLES:
        top, bottom, left, right = (round(share * SIDE) for share in RECTANGLES[kind])
        face[top:bottom, left:right] = gray
    elif kind == "hand":
        down, across = np.mgrid[:SIDE, :SIDE] / SIDE
        face[((down - 0.78) / 0.18) ** 2 + ((across - 0.5) / 0.25) ** 2 < 1] = round(0.7 * face.mean() + 0.3 * gray)
    elif kind == "blurred":
        face = np.asarray(Image.fromarray(face).filter(ImageFilter.GaussianBlur(4)))
    photo = scenes.background(320, 240, seed)
    scenes.paste(photo, face, 70, 30)
    return photo


def figures(reader: Reader, photo: NDArray[np.uint8]) -> tuple[float, ...] | None:
    """The three figures, higher for a bare face; None if none is detected."""
    found = reader.find(photo)
    if not len(found.crops):
        return None
    marks, crop = found.landmarks[0], found.crops[0]
    template = np.column_stack([align.TEMPLATE, np.ones(5)])
    away = marks - template @ np.linalg.lstsq(template, marks, rcond=None)[0]
    residual = float(np.sqrt(np.square(away).sum(1).mean()) / np.hypot(*(marks[1] - marks[0])))
    middle = crop.shape[1] // 2
    left, right = crop[:, :middle], crop[:, -middle:]
    halves = np.stack([np.hstack([left, left[:, ::-1]]), np.hstack([right[:, ::-1], right])])
    one, other = reader.classifier.probabilities(halves)
    return float(found.scores[0]), -residual, -float(np.abs(one - other).sum() / 2)


def area(bare: NDArray[np.float64], covered: NDArray[np.float64]) -> float:
    """Area under the ROC curve: the probability that a bare face has the higher figure."""
    higher, equal = bare[:, None] > covered[None], bare[:, None] == covered[None]
    return float((higher + 0.5 * equal).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heads", type=int, default=60)
    parser.add_argument("--model", default="base")
    given = parser.parse_args()
    reader = Reader(given.model, threads=1)
    rows = {kind: [figures(reader, head(kind, seed)) for seed in range(given.heads)] for kind in KINDS}
    seen = {kind: np.array([row for row in of_kind if row is not None]) for kind, of_kind in rows.items()}
    print(f"{'head':8}  not detected  " + "  ".join(f"{name:>15}" for name in FIGURES))
    for kind in KINDS:
        areas = [area(seen["bare"][:, column], seen[kind][:, column]) for column in range(len(FIGURES))]
        missed = given.heads - len(seen[kind])
        print(f"{kind:8}  {missed:5} of {given.heads:3}  " + "  ".join(f"{value:15.2f}" for value in areas))


if __name__ == "__main__":
    main()
