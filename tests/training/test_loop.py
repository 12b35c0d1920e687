from __future__ import annotations

import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch

import records
from mien import recipes
from mien.data.faceset import FaceSet
from mien.errors import RunError, TrainingError
from mien.progress import Lines, Progress
from mien.recipes import Recipe
from mien.run import Run
from mien.run_record import DEFAULT_SPEED, EpochRecord, Speed
from mien.training import checkpoint, division, job, loop
from mien.training.weights import BestEpoch

SETTINGS = ["batch_size=32", "epochs=6", "image_size=32", "ema=0.9"]


def start(faces: FaceSet, recipe: Recipe, folder: Path, speed: Speed = DEFAULT_SPEED) -> tuple[Run, FaceSet, FaceSet]:
    """A run ready for the loop: what ``job.start`` makes before training. Each face has ten people's votes."""
    votes = 8 * np.eye(7, dtype=np.float32)[faces.labels] + 2 * np.eye(7, dtype=np.float32)[(faces.labels + 1) % 7]
    faces = dataclasses.replace(faces, votes=votes)
    train_set, valid_set = division.divide(faces, recipe)
    data = records.data_of(train_set, valid_set)
    return Run.create(folder, recipe, data=data, setup=records.setup(speed=speed)), train_set, valid_set


def assert_same_weights(a: Run, b: Run) -> None:
    for one, other in ((a.best, b.best), (a.checkpoint, b.checkpoint)):
        first, second = checkpoint.tensors(one), checkpoint.tensors(other)
        assert first.keys() == second.keys()
        different = [name for name in first if not torch.equal(first[name], second[name])]
        assert different == []


@pytest.mark.parametrize("speed", [Speed(store_every=3600), Speed(compiler="eager")])
def test_what_makes_training_faster_leaves_the_weights_as_they_are(
    faces: FaceSet, tmp_path: Path, speed: Speed
) -> None:
    recipe = recipes.get("demo", [*SETTINGS, "epochs=3", "image_size=16", "auxiliary_head=0.5"])
    plain, train_set, valid_set = start(faces, recipe, tmp_path / "plain")
    loop.train(plain, train_set, valid_set)
    fast, _, _ = start(faces, recipe, tmp_path / "fast", speed)
    stored: list[bool] = []

    class Look(Progress):
        def epoch(self, record: EpochRecord, num_epochs: int, is_best: bool) -> None:
            stored.append(fast.checkpoint.exists())

    loop.train(fast, train_set, valid_set, progress=Look())
    assert stored == [not speed.store_every, not speed.store_every, True]
    assert_same_weights(plain, fast)


def test_a_run_that_stores_seldom_goes_on_from_its_last_checkpoint(faces: FaceSet, tmp_path: Path) -> None:
    recipe = recipes.get("demo", [*SETTINGS, "epochs=3", "image_size=16"])
    whole, train_set, valid_set = start(faces, recipe, tmp_path / "whole")
    loop.train(whole, train_set, valid_set)
    broken, _, _ = start(faces, recipe, tmp_path / "broken", Speed(store_every=3600))

    class Stop(Progress):
        def epoch(self, record: EpochRecord, num_epochs: int, is_best: bool) -> None:
            raise StopHereError

    with pytest.raises(StopHereError):
        loop.train(broken, train_set, valid_set, progress=Stop())
    assert not broken.checkpoint.exists()
    loop.train(broken, train_set, valid_set)
    assert_same_weights(whole, broken)


class StopHereError(Exception):
    """Stands for whatever ends a process."""


@pytest.mark.parametrize(
    "settings",
    [
        ["network=tiny", "augment.perspective=0.1", "augment.blur=1", "augment.noise=5"],
        ["network=tiny", "muon=0.05", "auxiliary_head=0.5", "resize_from=16", "resize_until=0.7"],
        [
            "network=vgg",
            "ema=0",
            "optimizer=adamw",
            "learning_rate=0.001",
            "nesterov=false",
            "schedule=cosine",
            "clip_norm=1",
            "image_size=32",
            "resize_from=16",
            "batch_size=128",
            "epochs=2",
        ],
    ],
)
def test_an_interrupted_run_ends_with_the_same_weights_bit_for_bit(
    faces: FaceSet, tmp_path: Path, settings: list[str]
) -> None:
    recipe = recipes.get("demo", [*SETTINGS, *settings])
    whole, train_set, valid_set = start(faces, recipe, tmp_path / "whole")
    loop.train(whole, train_set, valid_set)

    broken, _, _ = start(faces, recipe, tmp_path / "broken")
    lines: list[str] = []

    class StopInEpoch2(Progress):
        def bar(self, steps: Iterable[int], label: str) -> Iterable[int]:
            if label.startswith("epoch 2"):
                raise StopHereError
            return steps

    with pytest.raises(StopHereError):
        loop.train(broken, train_set, valid_set, progress=StopInEpoch2())
    assert len(broken.history) == 1
    loop.train(broken, train_set, valid_set, progress=Lines(lines.append))
    assert lines[0] == "resumed after epoch 1"
    assert_same_weights(whole, broken)
    keep = ("epoch", "learning_rate", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy")
    assert [[getattr(row, key) for key in keep] for row in whole.history] == [
        [getattr(row, key) for key in keep] for row in broken.history
    ]


def test_a_run_killed_with_sigkill_resumes_to_the_same_weights(faces_file: Path, tmp_path: Path) -> None:
    """The real thing: a process killed in the middle, then ``mien train --resume``."""
    settings = [*SETTINGS, "epochs=4", "image_size=16"]
    arguments = ["--recipe", "demo", *(part for setting in settings for part in ("--set", setting))]
    command = [sys.executable, "-m", "mien", "train"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    job.start(faces_file, recipes.get("demo", settings), whole)

    run_until(killed / "checkpoint.safetensors", [*command, faces_file, *arguments, "--out", killed])
    assert not (killed / "model.onnx").exists()
    done = subprocess.run([*command, "--resume", killed, "--json"], check=True, capture_output=True, text=True)
    assert "resumed after epoch" in done.stderr
    assert len(json.loads(done.stdout)["history"]) == 4
    assert not list(killed.glob(".*"))  # what the killed writes left is gone
    assert_same_weights(Run.open(whole), Run.open(killed))


def run_until(appears: Path, command: list[str | Path]) -> None:
    """Start a command and kill it the moment a file appears."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not appears.exists():
            assert process.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < deadline, f"{appears} did not appear"
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)


def test_the_best_weights_are_kept_and_both_rules_stop(faces: FaceSet, tmp_path: Path) -> None:
    recipe = recipes.get("demo", [*SETTINGS, "stop_accuracy=0.01"])
    run, train_set, valid_set = start(faces, recipe, tmp_path / "threshold")
    assert loop.train(run, train_set, valid_set) == "accuracy"
    assert len(run.history) == 1
    assert loop.train(run, train_set, valid_set) == "accuracy"  # a finished run stays finished
    assert len(run.history) == 1

    recipe = recipes.get("demo", [*SETTINGS, "learning_rate=1e-9", "ema=0", "patience=2", "epochs=20"])
    run, train_set, valid_set = start(faces, recipe, tmp_path / "patience")
    assert loop.train(run, train_set, valid_set) == "patience"
    accuracies = [row.valid_accuracy for row in run.history]
    _, state = checkpoint.load(run.best, BestEpoch)
    assert state.epoch == 1 + int(np.argmax(accuracies)) == len(accuracies) - 2
    assert state.valid_accuracy == max(accuracies)


def test_training_learns(run: Run) -> None:
    """Two epochs on drawn faces take the training loss below that of guessing."""
    assert run.history[-1].train_loss < run.history[0].train_loss < math.log(7) + 0.3


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_checkpoint(faces: FaceSet, tmp_path: Path) -> None:
    recipe = recipes.get("demo", [*SETTINGS, "network=vgg", "learning_rate=100", "warmup=0", "momentum=0.99"])
    run, train_set, valid_set = start(faces, recipe, tmp_path / "run")
    with pytest.raises(TrainingError, match=r"not finite in epoch \d+ \(learning rate .*lower learning_rate"):
        loop.train(run, train_set, valid_set)
    for path in (run.checkpoint, run.best):
        assert not path.exists() or all(torch.isfinite(tensor).all() for tensor in checkpoint.tensors(path).values())


def test_a_training_that_diverges_stops_though_its_loss_is_finite(faces: FaceSet, tmp_path: Path) -> None:
    recipe = recipes.get(
        "demo", ["epochs=3", "image_size=16", "muon=0", "learning_rate=20", "warmup=0", "momentum=0.99"]
    )
    run, train_set, valid_set = start(faces, recipe, tmp_path / "run")
    with pytest.raises(TrainingError, match=r"The loss is \S+ \(guessing: 1\.95\) in epoch \d"):
        loop.train(run, train_set, valid_set)


def test_a_damaged_or_foreign_checkpoint_says_so(faces: FaceSet, tmp_path: Path) -> None:
    recipe = recipes.get("demo", [*SETTINGS, "epochs=1"])
    run, train_set, valid_set = start(faces, recipe, tmp_path / "run")
    run.checkpoint.write_bytes(b"\x00" * 100)
    with pytest.raises(RunError, match=r"checkpoint '.*' can't be read"):
        loop.train(run, train_set, valid_set)
    checkpoint.save(run.checkpoint, {"network.linear.weight": torch.zeros(3)}, loop.State(()))
    with pytest.raises(RunError, match="doesn't fit the network"):
        loop.train(run, train_set, valid_set)


def test_votes_shape_the_features_but_are_not_shipped(faces: FaceSet, tmp_path: Path) -> None:
    weights = []
    for share in ("0", "1"):
        recipe = recipes.get("demo", [*SETTINGS, "epochs=1", f"auxiliary_head={share}"])
        run, train_set, valid_set = start(faces, recipe, tmp_path / share)
        loop.train(run, train_set, valid_set)
        weights.append(checkpoint.tensors(run.best))
    assert weights[0].keys() == weights[1].keys()
    assert not torch.equal(weights[0]["network.stem.conv.weight"], weights[1]["network.stem.conv.weight"])
