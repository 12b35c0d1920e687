"""One training as a task: any process that sees its folder can do it, and goes on with what another one left."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mien import checks
from mien.data.reading import DEFAULT, ReadOptions
from mien.errors import ArgumentError, RunError
from mien.progress import SILENT, Progress
from mien.recipes import Recipe
from mien.run import Run
from mien.run_record import AUTO, Hardware
from mien.training import job


@dataclass(frozen=True)
class Task:
    """A training that is to be done once.

    Attributes:
        title: what it is called in lines for people.
        data: a path that ``layouts.read`` knows.
        recipe: all settings.
        folder: its run folder; the folder above is made if missing.
        hardware: on what to train.
        home: where the recipe's teacher is named from.
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
        """Whether its model file is there, which is written last."""
        return (self.folder / "model.onnx").is_file()

    def do(self, progress: Progress = SILENT) -> Run:
        """Give the run: the one that is there, gone on with if it was stopped, or a new one.

        Args:
            progress: is told of the work.

        Raises:
            MienError: data, recipe or folder don't fit.
        """
        if self.done:
            return Run.open(self.folder)
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"The folder '{self.folder.parent}' can't be made: {error.strerror}.") from None
        run = job.start_or_resume(
            self.data,
            self.recipe,
            self.folder,
            reading=self.reading,
            hardware=self.hardware,
            progress=progress,
        )
        run.checkpoint.unlink(missing_ok=True)  # many large networks would fill a disk with what nothing needs
        return run
