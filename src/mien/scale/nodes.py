"""Resources of a training on a node, and the setup of its process there."""

from __future__ import annotations

import os
from collections.abc import Callable

import ray
import torch

from mien.errors import ClusterError
from mien.scale import cluster
from mien.training.task import Task

RETRIES = 3
"""Maximum number of restarts of a training after its process or its node was lost."""


def resources(num_cpus: int, device: str) -> dict[str, int]:
    """Ray resources of each training: CPU cores, and one GPU if the cluster has some and the device isn't cpu.

    Raises:
        ClusterError: no node has so many CPU cores.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    most = int(max((node.get("CPU", 0) for node in nodes), default=0))
    if num_cpus > most:
        raise ClusterError(
            f"No node of the cluster has {num_cpus} processors, the largest has {most}: lower --cpus-per-run."
        )
    return {"num_cpus": num_cpus, "num_gpus": int(has_gpu(device))}


def has_gpu(device: str) -> bool:
    """Whether a training on that device gets its own GPU: the cluster has some, and the device may be a GPU."""
    return device in ("auto", "cuda") and ray.cluster_resources().get("GPU", 0) >= 1


def settle(task: Task, num_cpus: int) -> None:
    """Prepare this process for a task: check access to its data and its folder, change to its folder, and set the number of
    threads.

    Raises:
        ClusterError: the node lacks one of the paths.
    """
    cluster.check_paths(task.data, task.folder.parent)
    cluster.change_folder(task.home)
    torch.set_num_threads(num_cpus)


def require(kind: str, num: int, say: Callable[[str], None]) -> None:
    """Refuse work that needs more CPU cores or GPUs than this machine has; a cluster with too few may still grow.

    Args:
        kind: ``"CPU"`` or ``"GPU"``.
        num: number needed at once.
        say: called with a message while waiting for a cluster to grow.

    Raises:
        ClusterError: there are too few, and the cluster is this machine.
    """
    there = int(ray.cluster_resources().get(kind, 0))
    if there >= num:
        return
    name = {"CPU": "processors", "GPU": "GPUs"}[kind]
    if os.environ.get("RAY_ADDRESS"):
        say(f"waiting for {num} {name}: the cluster has {there} now")
    else:
        raise ClusterError(
            f"{num} {name} are needed and there are {there}: ask for fewer, or name a larger cluster in RAY_ADDRESS."
        )
