"""Homeworks as tests need them: every training is a run that is there already."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import records
from mien import recipes
from mien.experiments import homework
from mien.experiments.homework import Homework, Options
from mien.run import Run
from mien.training.task import Task

SMALL = Options(recipe=recipes.get("demo", ["image_size=16"]), epochs=1, num_seeds=2, hardware=records.CPU)
"""Twelve trainings of one epoch."""


def same(run: Run) -> Callable[[Sequence[Task]], list[Run]]:
    """Trainings that all give a copy of one run, each in its own folder."""

    def copied(task: Task) -> Run:
        if not task.done:
            shutil.copytree(run.folder, task.folder)
        return Run.open(task.folder)

    return lambda tasks: [copied(task) for task in tasks]


def done(data: Path, test: Path | None, out: Path, run: Run, options: Options = SMALL) -> Homework:
    """A homework all of whose trainings are one run."""
    return homework.run(data, test, out, options, train_all=same(run))
