"""Train recipes on a GPU, export and judge them, and leave models and a JSON of results in a folder.

    python -m benchmarks.gpu DATA OUT [--runs "base" "large epochs=60" "base epochs=12 batch_size=512"]

A run is a recipe with settings, in one string. Its result has the seconds of training (reading and storing excluded), those until
the test split (PublicTest, or what the data has) is read as well as in ``GOALS``, images per second and the share of the
device's matrix-product rate at the full size of faces, and the scores on that split. It also runs on a CPU, where it takes hours.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
from pathlib import Path
from typing import Any

import torch
from benchmarks.training_speed import matmul_rate, setup

from mien import Classifier, files
from mien.data.faceset import FaceSet
from mien.evaluation.judge import default_split, judge, labelled_rows
from mien.inference import datasets
from mien.training import checkpoint, devices, job, loop, recipes, summary
from mien.training import networks as net
from mien.training.run import Run

GOALS = (0.653, 0.70)
"""Accuracies that are waited for: what the report had on its competition's private leaderboard, and a strong one."""


class TimeToAccuracy:
    """Judges the best weights so far after each epoch, and keeps the first time of training at which each goal was met."""

    def __init__(self, folder: Path, test_set: FaceSet, recipe: recipes.Recipe) -> None:
        self.folder = folder
        self.test_set = test_set.resized((recipe.image_size, recipe.image_size))
        self.network = net.build(recipe.network, len(test_set.classes), recipe.image_size)
        self.seconds = 0.0
        self.reached: dict[str, float] = {}

    def after_epoch(self, row: dict[str, Any]) -> None:
        self.seconds += row["seconds"]
        run = Run.open(self.folder)
        tensors, state = checkpoint.load(run.best)
        if state["epoch"] != row["epoch"]:  # no better on the hold-out than an epoch that was judged
            return
        checkpoint.load_network(self.network, tensors, "network")
        device = devices.pick(run.record["device"])
        self.network.to(device, memory_format=devices.memory_format(device))  # type: ignore[call-overload] # torch's stubs lack this overload
        mean, std = run.record["data"]["mean"], run.record["data"]["std"]
        faces, labels = (torch.from_numpy(a).to(device) for a in (self.test_set.images, self.test_set.labels))
        _, accuracy = loop.score(self.network, faces, labels, mean, std, run.record["precision"])
        for goal in GOALS:
            if accuracy >= goal:
                self.reached.setdefault(f"{goal:.1%}", self.seconds)


def measure(data: Path, faceset: FaceSet, name: str, settings: list[str], out: Path) -> dict[str, Any]:
    """One run: train, export, judge with and without the mirror image; its model file stays as ``OUT/LABEL.onnx``."""
    recipe = recipes.get(name, settings)
    label = "-".join([name, *settings]).replace("=", "").replace(",", "_").replace("/", "_")
    split = default_split(faceset)
    timing = TimeToAccuracy(out / "runs" / label, labelled_rows(faceset, split), recipe)
    run = job.start(data, recipe, timing.folder, say=print, after_epoch=timing.after_epoch)
    shutil.copy(run.model_file, out / f"{label}.onnx")
    classifier = Classifier.load(run.model_file)
    scores = {
        key: judge(classifier, faceset, split, flip=flip).evaluation.accuracy
        for key, flip in (("accuracy", False), ("accuracy_flip", True))
    }
    device = devices.pick()
    rate = statistics.median(matmul_rate(device, run.record["precision"], 4096) for _ in range(5))
    macs = summary.describe(net.build(recipe.network, len(faceset.classes), recipe.image_size), recipe.image_size)[
        "macs"
    ]
    whole = [row for row in run.history if loop.face_size(recipe, row["epoch"]) == recipe.image_size]
    images_per_second = statistics.median(row["images_per_second"] for row in whole)
    return {
        "run": label,
        "recipe": recipes.to_dict(recipe),
        "seconds": timing.seconds,
        "seconds_to": timing.reached,
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
    faceset = datasets.read(arguments.data)
    if default_split(faceset) == "all":
        parser.error(f"{arguments.data} has no rows apart from training to judge on")
    results: list[dict[str, Any]] = []
    for text in arguments.runs:
        name, *settings = text.split()
        results.append(measure(arguments.data, faceset, name, settings, arguments.out))
        files.write_json(arguments.out / "results.json", {**setup(), "results": results})
        print(
            json.dumps(
                {key: results[-1][key] for key in ("run", "seconds", "seconds_to", "accuracy", "accuracy_flip")}
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
