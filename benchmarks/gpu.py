"""Train recipes on a GPU, export and judge them, and leave models and a JSON of results in a folder.

    python -m benchmarks.gpu DATA OUT [--runs "base" "large epochs=60" "base epochs=12 batch_size=512"]

A run is a recipe with settings, in one string. Its result has the seconds of training (compiling and reading excluded),
images per second, the share of the device's matrix-product rate, and the scores on PublicTest or whatever test split the
data has. It also runs on a CPU, where it takes hours.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import statistics
from pathlib import Path
from typing import Any

from benchmarks.training_speed import matmul_rate, setup

from mien import Classifier, files
from mien.data import layouts
from mien.data.faceset import FaceSet
from mien.evaluation.judge import default_split, judge
from mien.training import devices, job, recipes, summary
from mien.training import networks as net


def measure(data: Path, faceset: FaceSet, name: str, settings: list[str], out: Path) -> dict[str, Any]:
    """One run: train, export, judge with and without the mirror image; its model file stays as ``OUT/LABEL.onnx``."""
    recipe = recipes.get(name, settings)
    label = "-".join([name, *settings]).replace("=", "").replace(",", "_").replace("/", "_")
    run = job.start(data, recipe, out / "runs" / label, say=print)
    shutil.copy(run.model_file, out / f"{label}.onnx")
    classifier = Classifier.load(run.model_file)
    split = default_split(faceset)
    scores = {
        key: judge(classifier, faceset, split, flip=flip).evaluation.accuracy
        for key, flip in (("accuracy", False), ("accuracy_flip", True))
    }
    device = devices.pick()
    rate = statistics.median(matmul_rate(device, run.record["precision"], 4096) for _ in range(5))
    macs = summary.describe(net.build(recipe.network, len(faceset.classes), recipe.image_size), recipe.image_size)[
        "macs"
    ]
    images_per_second = statistics.median(row["images_per_second"] for row in run.history)
    return {
        "run": label,
        "recipe": recipes.to_dict(recipe),
        "seconds": math.fsum(row["seconds"] for row in run.history),
        "images_per_second": images_per_second,
        "share_of_matmul": 3 * 2 * macs * images_per_second / rate,
        "split": split,
        **scores,
        "hold_out": [row["valid_accuracy"] for row in run.history],
    }


def main() -> None:
    """Measure, and write what is known after each run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--runs", nargs="+", default=["base", "large"], metavar="'RECIPE FIELD=VALUE...'")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    faceset = layouts.read(arguments.data)
    results: list[dict[str, Any]] = []
    for text in arguments.runs:
        name, *settings = text.split()
        results.append(measure(arguments.data, faceset, name, settings, arguments.out))
        files.write_json(arguments.out / "results.json", {**setup(), "results": results})
        print(
            json.dumps({key: results[-1][key] for key in ("run", "seconds", "accuracy", "accuracy_flip")}), flush=True
        )


if __name__ == "__main__":
    main()
