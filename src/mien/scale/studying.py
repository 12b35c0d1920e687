"""The trainings of a study in parallel: one Ray task each, which is restarted elsewhere if a process or a node is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ray

from mien.progress import SILENT, Lines, Progress
from mien.run import Run
from mien.scale import cluster, nodes
from mien.training.task import Task


def train_all(tasks: Sequence[Task], *, num_cpus: int = 1, progress: Progress = SILENT) -> list[Run]:
    """Run tasks in parallel; an argument of ``studies.run``.

    Args:
        tasks: with different folders, which all nodes share.
        num_cpus: CPU cores, and so threads, of each.
        progress: receives each epoch and each end.

    Returns:
        The runs, in the order of the tasks.

    Raises:
        ClusterError: no cluster answers, or a node can't do the work.
        MienError: the error of a task; the others are stopped, and can be resumed from their last epoch.
    """
    wanted = [task for task in tasks if not task.done]
    if wanted:
        wanted[0].folder.parent.mkdir(parents=True, exist_ok=True)
        with cluster.connected():
            _train_all(wanted, num_cpus, progress)
    return [Run.open(task.folder) for task in tasks]


def _train_all(tasks: Sequence[Task], num_cpus: int, progress: Progress) -> None:
    remote = ray.remote(_train).options(
        max_retries=nodes.RETRIES, **nodes.resources(num_cpus, tasks[0].hardware.device)
    )
    with cluster.received(progress.line) as tell:
        titles = {remote.remote(task, num_cpus, tell): task.title for task in tasks}
        waiting = list(titles)
        try:
            while waiting:
                (ended,), waiting = ray.wait(waiting)
                ray.get(ended)
                progress.line(f"{len(tasks) - len(waiting)}/{len(tasks)} trained: {titles[ended]}")
        finally:
            for reference in waiting:
                ray.cancel(reference)


def _train(task: Task, num_cpus: int, tell: Callable[[str], None]) -> None:
    nodes.settle(task, num_cpus)
    task.do(_Epochs(tell, task.title))


class _Epochs(Lines):
    """The epochs of one of several trainings, without its other lines."""

    def line(self, text: str) -> None:
        """Discard other lines."""
