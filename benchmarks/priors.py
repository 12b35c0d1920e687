"""What a stated or an estimated prior is worth where the class shares in use differ from those of training.

Rows of a split are drawn, with replacement, so that their class shares are as wanted; the model answers as it is, with the true shares
as prior, with shares estimated from the same faces, and with wrong ones.

Example:  python -m benchmarks.priors fer2013 --split public_test
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from mien import tables
from mien.data import layouts
from mien.inference import priors
from mien.inference.classifier import Classifier

SCENES = {
    "as in training": {},
    "half neutral": {"neutral": 0.5},
    "half neutral, 30% happy": {"neutral": 0.5, "happy": 0.3},
    "80% neutral": {"neutral": 0.8},
    "all classes alike": dict.fromkeys(("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"), 1 / 7),
    "half sad": {"sad": 0.5},
}
SIZES = (50, 200, 1000)
DRAWS = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--split", default="public_test")
    parser.add_argument("--model", default="base")
    arguments = parser.parse_args()
    classifier = Classifier.load(arguments.model)
    faces = layouts.read(arguments.data).split(arguments.split).to_classes(classifier.classes)
    labels, probabilities = faces.labels, classifier.probabilities(faces.images)
    rng = np.random.default_rng(0)
    head = [
        "class shares in use",
        "faces",
        "as it is",
        "true shares",
        "auto",
        "auto, share error",
        "prior of half neutral",
    ]
    rows = []
    for name, stated in SCENES.items():
        shares = priors.read(stated, classifier.classes, classifier.shares) if stated else classifier.shares
        for size in SIZES:
            scores = np.array([one_draw(classifier, labels, probabilities, shares, size, rng) for _ in range(DRAWS)])
            rows.append([name, f"{size:,}", *(f"{value:.1%}" for value in scores.mean(0).tolist())])
    print(f"{arguments.model} on {arguments.split}, n = {len(labels):,}, {DRAWS} draws of each, seed 0")
    print(tables.render(head, rows))


def one_draw(
    classifier: Classifier,
    labels: NDArray[np.int64],
    probabilities: NDArray[np.float32],
    shares: NDArray[np.float64],
    size: int,
    rng: np.random.Generator,
) -> list[float]:
    """The accuracies of one draw, and how far the estimated shares are off (half the sum of differences)."""
    counts = np.bincount(labels, minlength=len(shares))
    drawn = rng.choice(len(labels), size, p=(shares / counts)[labels] / (shares / counts)[labels].sum())
    truth, given = labels[drawn], probabilities[drawn]
    known = classifier.shares
    found = priors.estimate(given, known)
    wrong = priors.read({"neutral": 0.5}, classifier.classes, known)

    def accuracy(prior: NDArray[np.float64]) -> float:
        return float((priors.shift(given, priors.offsets(known, prior)).argmax(1) == truth).mean())

    off = float(np.abs(found - np.bincount(truth, minlength=len(shares)) / size).sum() / 2)
    return [accuracy(known), accuracy(shares), accuracy(found), off, accuracy(wrong)]


if __name__ == "__main__":
    main()
