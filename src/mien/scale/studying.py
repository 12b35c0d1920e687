"""The trainings of a study side by side: one Ray task each, which goes on elsewhere where a process or a node is lost."""

from __future__ import annotations

from collections.abc import Sequence

import ray

from mien.run import Run
from mien.run_record import EpochRecord
from mien.scale import cluster, nodes
from mien.training.loop import Say
from mien.training.task import Task


def train_all(tasks: Sequence[Task], *, num_cpus: int = 1, say: Say = lambda _: None) -> list[Run]:
    """Do tasks side by side; what ``studies.run`` takes for it.

    Args:
        tasks: of different folders, which all nodes see.
        num_cpus: processors, and so threads, of each.
        say: takes a line for each epoch and each end.

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
            _train_all(wanted, num_cpus, say)
    return [Run.open(task.folder) for task in tasks]


def _train_all(tasks: Sequence[Task], num_cpus: int, say: Say) -> None:
    remote = ray.remote(_train).options(max_retries=nodes.RETRIES, **nodes.resources(num_cpus, tasks[0].device))
    with cluster.heard(say) as tell:
        titles = {remote.remote(task, num_cpus, tell): task.title for task in tasks}
        waiting = list(titles)
        try:
            while waiting:
                (ended,), waiting = ray.wait(waiting)
                ray.get(ended)
                say(f"{len(tasks) - len(waiting)}/{len(tasks)} trained: {titles[ended]}")
        finally:
            for reference in waiting:
                ray.cancel(reference)


def _train(task: Task, num_cpus: int, tell: Say) -> None:
    nodes.settle(task, num_cpus)
    task.do(after_epoch=lambda row: tell(epoch_line(task.title, row, task.recipe.epochs)))


def epoch_line(title: str, row: EpochRecord, num_epochs: int) -> str:
    """One of several trainings' epochs as a line for people."""
    return f"{title}: epoch {row.epoch}/{num_epochs}, hold-out accuracy {row.valid_accuracy:.2%}, {row.seconds:.0f} s"
