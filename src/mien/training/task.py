"""One training as a task: any process that sees its folder can do it, and goes on with what another one left."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mien import checks
from mien.data.reading import DEFAULT, ReadOptions
from mien.errors import ArgumentError, RunError
from mien.recipes import Recipe
from mien.run import Run
from mien.training import job
from mien.training.devices import Precision
from mien.training.loop import AfterEpoch, Say, Track


@dataclass(frozen=True)
class Task:
    """A training that is to be done once.

    Attributes:
        title: what it is called in lines for people.
        data: a path that ``layouts.read`` knows.
        recipe: all settings.
        folder: its run folder; the folder above is made if missing.
        device, precision: as for ``job.start``.
        home: where the recipe's teacher is named from.
        reading: how the data is read.
    """

    title: str
    data: Path
    recipe: Recipe
    folder: Path
    device: str = "auto"
    precision: Precision = "auto"
    home: Path = field(default_factory=Path.cwd)
    reading: ReadOptions = DEFAULT

    def __post_init__(self) -> None:
        checks.check_fields(self, ArgumentError)

    @property
    def done(self) -> bool:
        """Whether its model file is there, which is written last."""
        return (self.folder / "model.onnx").is_file()

    def do(
        self,
        *,
        say: Say = lambda _: None,
        track: Track = lambda steps, _: steps,
        after_epoch: AfterEpoch = lambda _: None,
    ) -> Run:
        """Give the run: the one that is there, gone on with if it was stopped, or a new one.

        Args:
            say, track, after_epoch: as for ``job.start``.

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
            device=self.device,
            precision=self.precision,
            say=say,
            track=track,
            after_epoch=after_epoch,
        )
        run.checkpoint.unlink(missing_ok=True)  # many large networks would fill a disk with what nothing needs
        return run
