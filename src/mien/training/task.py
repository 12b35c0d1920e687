"""One training as a task: any process with access to its folder can start or resume it."""

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
