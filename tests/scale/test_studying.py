from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import workers
from mien import recipes
from mien.errors import ClusterError, RecipeError
from mien.run import Run
from mien.run_record import Hardware
from mien.scale import studying
from mien.training.task import Task

pytestmark = pytest.mark.several

Invoke = Callable[..., tuple[int, str, str]]
SMALL = ("--recipe", "demo", "--set", "epochs=3", "--set", "image_size=16", "--device", "cpu", "--precision", "fp32")


def kill_after_an_epoch(runs: Path, title: str, killed: dict[Path, str]) -> None:
    """Kill the workers once a run has an epoch, and note the curves that there were."""
    while not killed:
        time.sleep(0.01)
        for path in runs.glob("*/history.jsonl"):
            killed[path] = path.read_text()
    workers.kill(title)


def but_time(result: dict[str, Any]) -> dict[str, Any]:
    arms = [{key: value for key, value in arm.items() if key != "minutes"} for arm in result["arms"]]
    return {**result, "arms": arms, "page": None}


def test_a_study_on_ray_is_the_same_study_also_where_workers_are_killed(
    cluster: None, faces_file: Path, run: Run, tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # workers find a teacher that is named from here
    Path("teacher.onnx").hardlink_to(run.model_file)
    taught = ("--set", "teacher=teacher.onnx", "--set", "distillation_weight=0.5")
    words = ("study", "labels", faces_file, *SMALL, *taught, "--seeds", "1", "--json", "--out")
    code, printed, said = invoke(*words, tmp_path / "alone")
    assert code == 0, said
    alone = json.loads(printed)

    killed: dict[Path, str] = {}
    killer = threading.Thread(
        target=kill_after_an_epoch, args=(tmp_path / "ray" / "runs", "ray::_train", killed), daemon=True
    )
    killer.start()
    code, printed, said = invoke(*words, tmp_path / "ray", "--engine", "ray")
    killer.join()
    assert code == 0, said
    assert but_time(json.loads(printed)) == but_time(alone)
    assert "hard_labels, seed 0: epoch 3/3, hold-out accuracy" in said
    assert "2/2 trained" in said
    for path, before in killed.items():
        assert 1 <= before.count("\n") < 3
        assert path.read_text().startswith(before)  # the seconds too: these epochs weren't trained again
    page = tmp_path / "ray" / "labels.html"
    assert page.is_file()
    code, printed, said = invoke(*words, tmp_path / "ray", "--engine", "ray")  # all is done: nothing to wait for
    assert (code, "epoch" in said) == (0, False)


def test_a_node_that_cant_see_the_data_is_named(cluster: None, tmp_path: Path) -> None:
    task = Task("one", tmp_path / "faces.parquet", recipes.get("demo"), tmp_path / "runs" / "one", Hardware("cpu"))
    with pytest.raises(ClusterError, match=r"The node .* can't see '.*faces.parquet': put data and results on storage"):
        studying.train_all([task])
    with pytest.raises(ClusterError, match="No node of the cluster has 64 processors, the largest has 2"):
        studying.train_all([task], num_cpus=64)


def test_what_a_worker_raises_ends_the_study(cluster: None, faces_file: Path, run: Run, tmp_path: Path) -> None:
    recipe = recipes.get("vgg", ["image_size=50"])
    task = Task("one", faces_file, recipe, tmp_path / "runs" / "one", Hardware("cpu"))
    with pytest.raises(RecipeError, match="must be a multiple of 16, not 50"):
        studying.train_all([task])
    done = Task("done", faces_file, run.recipe, run.folder)
    assert studying.train_all([done]) == [run]


def test_a_cross_validation_on_ray_is_the_same(cluster: None, faces_file: Path, tmp_path: Path, invoke: Invoke) -> None:
    words = (
        "crossval",
        faces_file,
        "--method",
        "train",
        *SMALL[:4],
        "--set",
        "epochs=1",
        *SMALL[4:],
        "--folds",
        "2",
        "--json",
        "--out",
    )
    records = []
    for name, engine in (("alone", ()), ("ray", ("--engine", "ray"))):
        code, printed, said = invoke(*words, tmp_path / name, *engine)
        assert code == 0, said
        records.append({**json.loads(printed), "page": None})
    assert records[0] == records[1]
