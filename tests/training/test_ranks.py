"""Several processes that train together, as torchrun starts them; over Ray they are tested in ``tests/scale``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from mien import recipes
from mien.data import store
from mien.data.faceset import FaceSet
from mien.run import Run
from mien.training import checkpoint, job
from mien.training.ranks import ALONE, Ranks

pytestmark = pytest.mark.several

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
CURVE = ("train_loss", "valid_loss", "valid_accuracy")
# Each epoch is one step over all faces, without anything random: then two processes compute what one does, but for rounding.
WHOLE = [
    "epochs=3",
    "batch_size=512",
    "ema=0.5",
    "dropout=0",
    "augment=none",
    "sync_norm=true",
    "muon=0.02",
    "image_size=32",
]
USUAL = ["epochs=4", "batch_size=32", "ema=0.9", "image_size=32", "class_weights=0.5"]
UNEVEN = ["batch_size=33"]
SCRIPT = """
import json, os, pathlib, sys, torch
from mien.errors import MienError
from mien import recipes
from mien.training import job, ranks
with ranks.process_group(torch.device("cpu")):
    for name, settings in json.loads(sys.argv[3]).items():
        try:
            job.start(sys.argv[1], recipes.get("demo", settings), f"{sys.argv[2]}/{name}")
        except MienError as error:
            pathlib.Path(sys.argv[2], f"{name}-{os.environ['RANK']}.txt").write_text(str(error))
"""


@pytest.fixture(scope="module")
def data(faces: FaceSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An even number of training faces, so that none sits out."""
    path = tmp_path_factory.mktemp("ranks") / "faces.parquet"
    store.write_parquet(faces.split("train").select(np.arange(228)), path)
    return path


@pytest.fixture(scope="module")
def pairs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two runs, each trained by two processes, and of what both said to a third."""
    folder = tmp_path_factory.mktemp("pairs")
    (folder / "script.py").write_text(SCRIPT)
    told = json.dumps({"whole": WHOLE, "uneven": UNEVEN, "usual": USUAL})
    subprocess.run([*TORCHRUN, folder / "script.py", data, folder, told], check=True, env=environment())
    return folder


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def curve(run: Run) -> list[list[float]]:
    return [[getattr(row, key) for key in CURVE] for row in run.history]


def test_two_processes_follow_one_to_rounding_where_nothing_is_random(data: Path, pairs: Path, tmp_path: Path) -> None:
    one = job.start(data, recipes.get("demo", WHOLE), tmp_path / "one")
    two = Run.open(pairs / "whole")
    assert one.record.setup.workers == 1
    assert two.record.setup.workers == 2
    assert one.record.data.train.rows % 2 == 0
    assert curve(one)[0][0] != pytest.approx(curve(one)[-1][0], abs=0.05)  # it does learn
    np.testing.assert_allclose(curve(two), curve(one), atol=1e-3)
    mine, theirs = (checkpoint.tensors(run.checkpoint) for run in (one, two))
    assert mine.keys() == theirs.keys()
    for name in mine:
        if name.endswith("running_var"):
            torch.testing.assert_close(theirs[name], mine[name], rtol=0.02, atol=1e-4)


def test_two_processes_follow_one_about_as_two_seeds_do(data: Path, pairs: Path, tmp_path: Path) -> None:
    one = job.start(data, recipes.get("demo", USUAL), tmp_path / "one")
    two = Run.open(pairs / "usual")
    losses = [[row.train_loss for row in run.history] for run in (one, two)]
    np.testing.assert_allclose(losses[1], losses[0], atol=0.15)
    assert losses[1][-1] < losses[1][0] - 0.1


def test_a_killed_process_is_replaced_and_all_go_on_to_the_same_weights(
    data: Path, pairs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "killed"
    settings = [part for setting in USUAL for part in ("--set", setting)]
    arguments = ["--max-restarts", "1", "-m", "mien", "train", str(data), "--recipe", "demo", "--out", str(out)]
    command = [*TORCHRUN, *arguments, *settings]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for(out / "checkpoint.safetensors", process)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[-1]), signal.SIGKILL)
        printed, words = process.communicate(timeout=120)
    assert process.returncode == 0, words
    assert "resumed after epoch" in words
    assert printed.count("model.onnx") == 1  # one of the two speaks
    whole, killed = (checkpoint.tensors(folder / "checkpoint.safetensors") for folder in (pairs / "usual", out))
    assert [name for name in whole if not torch.equal(whole[name], killed[name])] == []
    assert curve(Run.open(out)) == curve(Run.open(pairs / "usual"))


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < end, "the training never came so far"
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def test_shares_are_all_rows_once(faces: FaceSet) -> None:
    shares = [Ranks(rank, 3).share(faces, seed=0) for rank in range(3)]
    assert sorted(name for share in shares for name in share.names) == sorted(faces.names)
    assert {len(share) for share in shares} == {len(faces) // 3, len(faces) // 3 + 1}
    assert all((share.counts() > 0).all() for share in shares)
    assert ALONE.share(faces, seed=0) is faces


def test_a_batch_that_cant_be_split_is_refused_by_all(pairs: Path) -> None:
    for rank in (0, 1):
        assert (pairs / f"uneven-{rank}.txt").read_text() == "batch_size=33 can't be split evenly over 2 workers."
