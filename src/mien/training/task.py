"""One training as a task: any process with access to its folder can start or resume it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mien import checks
from mien.data.faceset import FaceSet
from mien.data.reading import DEFAULT, ReadOptions
from mien.errors import ArgumentError, RunError
from mien.progress import SILENT, Progress
from mien.recipes import Recipe
from mien.run import Run
from mien.run_record import AUTO, Hardware


@dataclass(frozen=True)
class Task:
    """A training to run once.

    Attributes:
        title: name in progress lines.
        data: a path that ``layouts.read`` accepts.
        recipe: all settings.
        folder: its run folder; the parent folder is created if missing.
        hardware: device and precision of training.
        home: base folder of relative paths in the recipe's ``teacher``.
        reading: how the data is read.
    """

    title: str
    data: Path
    recipe: Recipe
    folder: Path
    hardware: Hardware = AUTO
    home: Path = field(default_factory=Path.cwd)
    reading: ReadOptions = DEFAULT

    def __post_init__(self) -> None:
        checks.check_fields(self, ArgumentError)

    @property
    def done(self) -> bool:
        """Whether its model file, which is written last, exists."""
        return (self.folder / "model.onnx").is_file()

    def do(self, progress: Progress = SILENT) -> Run:
        """Return the finished run; resume it if it was stopped, else start it.

        Args:
            progress: receives notes and epochs.

        Raises:
            MienError: data, recipe or folder are not valid.
        """
        if self.done:
            return Run.open(self.folder)
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"The folder '{self.folder.parent}' can't be created: {error.strerror}.") from None
        from mien.training import job  # PyTorch; a plan of trainings doesn't need it

        run = job.start_or_resume(
            self.data,
            self.recipe,
            self.folder,
            reading=self.reading,
            hardware=self.hardware,
            progress=progress,
        )
        run.checkpoint.unlink(missing_ok=True)  # not needed any more; saves disk space in studies of large networks
        return run


def one_by_one(tasks: Sequence[Task], progress: Progress = SILENT) -> list[Run]:
    """Run the tasks one after the other in this process."""
    runs = []
    for number, task in enumerate(tasks, 1):
        progress.line(f"{number}/{len(tasks)}: {task.title}")
        runs.append(task.do(progress))
    return runs


def folder_name(faceset: FaceSet, recipe: Recipe) -> str:
    """Name of a training's run folder, unique for data and recipe."""
    content = json.dumps([faceset.hash, recipe.to_dict()], sort_keys=True)
    return f"{recipe.name}-{hashlib.sha256(content.encode()).hexdigest()[:10]}"


TrainAll = Callable[[Sequence[Task]], list[Run]]
"""Runs tasks of different folders, in any order or in parallel, and returns their runs in the order of the tasks."""
