"""One trial of a search, in its own process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ray import tune

from mien import recipes
from mien.errors import RecipeError, TrainingError
from mien.progress import Progress
from mien.recipes import search_space
from mien.recipes.search_space import Axis
from mien.run import Run
from mien.run_record import EpochRecord
from mien.scale import nodes
from mien.scale.sweep import Sweep
from mien.training.task import Task


def run(config: dict[str, float | str], sweep: Sweep, space: tuple[Axis, ...]) -> None:
    """Run a trial in its own process: start or resume its run, and report every epoch."""
    folder = sweep.runs / tune.get_context().get_trial_id()
    progress = Reported(folder, sweep.recipe.keep)
    try:
        recipe = recipes.changed(sweep.recipe, search_space.settings(space, config))
        task = Task(folder.name, sweep.data, recipe, folder, sweep.hardware, sweep.home, sweep.reading)
        nodes.settle(task, sweep.num_cpus)
        run = task.do(progress)
    except (TrainingError, RecipeError) as error:  # such settings count as a failed trial, and the search continues
        tune.report({"epoch": progress.reported, "accuracy": 0.0, "seconds": 0.0, "failed": str(error)})
        return
    if progress.reported < len(run.history):  # it was killed after its last epoch, before the report
        progress.epoch(run.history[-1], recipe.epochs, is_best=False)


class Reported(Progress):
    """Report each epoch to Tune, which stops a trial at a report."""

    def __init__(self, folder: Path, keep: str) -> None:
        self.folder, self.keep, self.reported = folder, keep, 0

    def epoch(self, record: EpochRecord, num_epochs: int, is_best: bool) -> None:
        """Report it."""
        self.reported = record.epoch
        accuracy = score(Run.open(self.folder).history, self.keep)
        tune.report(
            {"epoch": record.epoch, "accuracy": accuracy, "own": record.valid_accuracy, "seconds": record.seconds}
        )


def score(history: Sequence[EpochRecord], keep: str) -> float:
    """The hold-out accuracy of the epoch that the recipe keeps."""
    accuracies = [row.valid_accuracy for row in history]
    return float(accuracies[-1] if keep == "last" else max(accuracies))
