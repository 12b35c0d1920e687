"""The trainings of a study side by side: one Ray task each, which goes on elsewhere where a process or a node is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ray

from mien.progress import SILENT, Lines, Progress
from mien.run import Run
from mien.scale import cluster, nodes
from mien.training.task import Task


def train_all(tasks: Sequence[Task], *, num_cpus: int = 1, progress: Progress = SILENT) -> list[Run]:
    """Do tasks side by side; what ``studies.run`` takes for it.

    Args:
        tasks: of different folders, which all nodes see.
        num_cpus: processors, and so threads, of each.
        progress: is told of each epoch and each end.

    Returns:
        The runs, in the tasks' order.

    Raises:
        ClusterError: no cluster answers, or a node can't do the work.
        MienError: what a task met; the others are stopped, and go on from their last epoch another time.
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
        """Keep it back."""
