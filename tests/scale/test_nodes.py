"""What a training takes of a node, told without a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import ray
import torch

from mien import recipes
from mien.errors import ClusterError
from mien.scale import nodes
from mien.training.task import Task


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """A cluster of two nodes, one of which is gone; what it has in all may be changed."""
    found = [{"Alive": True, "Resources": {"CPU": 4.0}}, {"Alive": False, "Resources": {"CPU": 64.0}}]
    all_of_it: dict[str, float] = {"CPU": 4.0}
    monkeypatch.setattr(ray, "nodes", lambda: found)
    monkeypatch.setattr(ray, "cluster_resources", lambda: all_of_it)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    return all_of_it


def test_a_training_takes_processors_and_a_gpu_where_there_are_any(cluster: dict[str, float]) -> None:
    assert nodes.resources(4, "auto") == {"num_cpus": 4, "num_gpus": 0}
    cluster["GPU"] = 2.0
    assert [nodes.resources(1, device)["num_gpus"] for device in ("auto", "cuda", "cpu", "mps")] == [1, 1, 0, 0]


def test_more_processors_than_any_node_has_are_refused(cluster: dict[str, float]) -> None:
    with pytest.raises(ClusterError, match=r"No node of the cluster has 5 processors, the largest has 4"):
        nodes.resources(5, "auto")


def test_this_machine_refuses_what_it_lacks_and_a_cluster_may_grow(
    cluster: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    nodes.require("CPU", 4, said.append)
    with pytest.raises(ClusterError, match="5 processors are needed and there are 4"):
        nodes.require("CPU", 5, said.append)
    with pytest.raises(ClusterError, match="1 GPUs are needed and there are 0"):
        nodes.require("GPU", 1, said.append)
    assert said == []
    monkeypatch.setenv("RAY_ADDRESS", "somewhere:6379")
    nodes.require("CPU", 5, said.append)
    assert said == ["waiting for 5 processors: the cluster has 4 now"]


def test_a_process_goes_to_the_folder_of_its_task_and_takes_its_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[Any] = []
    monkeypatch.setattr(torch, "set_num_threads", threads.append)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    (tmp_path / "data").touch()
    task = Task("a title", tmp_path / "data", recipes.demo(), tmp_path / "runs" / "first", home=tmp_path / "home")
    with pytest.raises(ClusterError, match=r"can't see '.*runs': put data and results on storage that all nodes have"):
        nodes.settle(task, 3)
    assert (Path.cwd(), threads) == (tmp_path, [])
    (tmp_path / "runs").mkdir()
    nodes.settle(task, 3)
    assert (Path.cwd(), threads) == (tmp_path / "home", [3])
