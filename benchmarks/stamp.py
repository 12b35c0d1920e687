"""Put the hashes of the faces that a model's training has seen into its file, for a model that was made before files had them.

    python -m benchmarks.stamp MODEL DATA

DATA is what the model was trained on; its rows are divided as the model file tells, and checked by its hash of the training rows.
What the model computes stays as it is, bit by bit. The card beside the file, if there is one, gets the new size and SHA-256.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import numpy as np
import onnx

from mien import Classifier, files, modelfile
from mien.data.seen import SeenFaces
from mien.evaluation import holdout
from mien.inference import datasets
from mien.training import onnxfile

NUM_COMPARED = 512
"""Faces on which the new file is compared with the old one."""


def stamp(classifier: Classifier, data: str) -> SeenFaces:
    """Write the hashes into the model's file, once its answers are seen to be the same."""
    learned, held_out = (
        part.resized(classifier.spec.size) for part in holdout.divided(classifier, datasets.read(data))
    )
    seen = SeenFaces.of(learned.images, held_out.images)
    path = Path(classifier.path)
    model = onnx.load_model(path)
    onnxfile.set_metadata(model, modelfile.SEEN_KEY, seen.to_text())
    faces = held_out.images[:NUM_COMPARED]
    with files.atomic_write(path) as temporary:
        onnx.save_model(model, temporary)
        if not np.array_equal(Classifier.load(temporary).probabilities(faces), classifier.probabilities(faces)):
            sys.exit(f"'{path}' would answer otherwise: nothing was written.")
    return seen


def main() -> None:
    """Stamp the model, then put size and hash of the new file into its card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model")
    parser.add_argument("data")
    arguments = parser.parse_args()
    classifier = Classifier.load(arguments.model)
    seen = stamp(classifier, arguments.data)
    path = Path(classifier.path)
    card = path.with_suffix(".md")
    if card.exists():
        line = f"`{path.name}`, {path.stat().st_size:,} bytes, SHA-256 `{modelfile.sha256(path)}`"
        files.write_text(
            card, re.sub(rf"`{path.name}`, [\d,]+ bytes, SHA-256 `\w+`", line, card.read_text(encoding="utf-8"))
        )
    print(
        f"{path}: {len(seen.learned):,} faces learned from, {len(seen.held_out):,} held out, {path.stat().st_size:,} bytes"
    )


if __name__ == "__main__":
    main()
