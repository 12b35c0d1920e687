"""Trackers: each epoch of a training to TensorBoard or MLflow.

=============  =======================================================================================
tensorboard    event files in the run folder: ``tensorboard --logdir runs``
mlflow         a run of the experiment ``MLFLOW_EXPERIMENT_NAME`` (else ``mien``) at ``MLFLOW_TRACKING_URI``
=============  =======================================================================================

Both get the recipe as parameters, the fields of ``EpochRecord`` for each epoch, and the scores of the exported model. A resumed
training continues what was tracked.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mien import files, typed_json
from mien.extras import needed
from mien.progress import Progress, Several
from mien.recipes import Recipe
from mien.run_record import EpochRecord, RunRecord

EXPERIMENT = "mien"
"""Default name of MLflow's experiment."""

RUN_ID = "mlflow.txt"
"""File of the run folder with the ID of MLflow's run."""


@contextmanager
def tracked(progress: Progress, log: str | None) -> Iterator[Progress]:
    """The progress of a training, which is also tracked; an exception ends the tracked run too.

    Args:
        progress: receives everything, as before.
        log: ``"tensorboard"``, ``"mlflow"`` or None.

    Raises:
        MissingExtraError: the tracker isn't installed.
    """
    if log is None:
        yield progress
        return
    with needed("train", log):
        tracker: Tracker = {"tensorboard": TensorBoard, "mlflow": MLflow}[log]()
    try:
        yield Several(progress, tracker)
    except BaseException as error:
        tracker.close("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
        raise
    tracker.close("FINISHED")


class Tracker(Progress):
    """A receiver of epochs that can be pickled before a training begins."""

    def on_worker(self, tell: Callable[[str], None]) -> Progress:
        """The tracker itself: the process that trains sends the epochs."""
        return self

    def close(self, status: str) -> None:
        """Write what is left.

        Args:
            status: ``"FINISHED"``, ``"FAILED"`` or ``"KILLED"``.
        """


class TensorBoard(Tracker):
    """Event files of TensorBoard in the run folder."""

    def __init__(self) -> None:
        import torch.utils.tensorboard  # noqa: F401 # fails now, not after the data is read

        self.writer: Any = None
        self.recipe: dict[str, float | str] = {}

    def begin(self, folder: Path, record: RunRecord, epochs_done: int) -> None:
        """Open an event file, from which TensorBoard shows the epochs after ``epochs_done``."""
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder), purge_step=epochs_done + 1)
        self.recipe = parameters(record.recipe)

    def epoch(self, record: EpochRecord, num_epochs: int, is_best: bool) -> None:
        """Write the figures of an epoch."""
        for name, value in figures(record).items():
            self.writer.add_scalar(name, value, record.epoch)
        self.writer.flush()

    def end(self, scores: Mapping[str, float]) -> None:
        """Write the recipe and the scores, which TensorBoard shows as a table of runs."""
        # The writer of hyperparameters opens a file of its own; "." puts it into the same folder.
        self.writer.add_hparams(self.recipe, final(scores), run_name=".")

    def close(self, status: str) -> None:
        """Close the file."""
        if self.writer is not None:
            self.writer.close()


class MLflow(Tracker):
    """A run of MLflow."""

    def __init__(self) -> None:
        import mlflow  # noqa: F401 # fails now, not after the data is read

        self.client: Any = None
        self.run_id = ""

    def begin(self, folder: Path, record: RunRecord, epochs_done: int) -> None:
        """Create a run, or open the one that the run folder names."""
        import mlflow
        from mlflow.entities import Param

        self.client = mlflow.MlflowClient()
        known = folder / RUN_ID
        if known.is_file():
            self.run_id = known.read_text(encoding="utf-8").strip()
            self.client.update_run(self.run_id, status="RUNNING")
            return
        tags = {"mien.version": record.mien, "mien.data": record.data.hash, "mien.folder": folder.name}
        self.run_id = self.client.create_run(self._experiment(), run_name=folder.name, tags=tags).info.run_id
        params = [Param(name, str(value)) for name, value in parameters(record.recipe).items()]
        self.client.log_batch(self.run_id, params=params)
        files.write_text(known, f"{self.run_id}\n")

    def epoch(self, record: EpochRecord, num_epochs: int, is_best: bool) -> None:
        """Send the figures of an epoch."""
        self._send(figures(record), record.epoch)

    def end(self, scores: Mapping[str, float]) -> None:
        """Send the scores."""
        self._send(final(scores), 0)
        self.client.set_terminated(self.run_id, "FINISHED")

    def close(self, status: str) -> None:
        """End a run that has not ended."""
        if self.run_id and status != "FINISHED":
            self.client.set_terminated(self.run_id, status)

    def _experiment(self) -> str:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
        found = self.client.get_experiment_by_name(name)
        return str(found.experiment_id if found else self.client.create_experiment(name))

    def _send(self, values: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = round(1000 * time.time())
        self.client.log_batch(self.run_id, metrics=[Metric(name, value, now, step) for name, value in values.items()])


def figures(record: EpochRecord) -> dict[str, float]:
    """The figures of an epoch by name: the fields of ``EpochRecord``."""
    return {name: float(value) for name, value in asdict(record).items() if name != "epoch"}


def final(scores: Mapping[str, float]) -> dict[str, float]:
    """The scores of the exported model, by their names in a tracker."""
    return {f"final_{name}": value for name, value in scores.items()}


def parameters(recipe: Recipe) -> dict[str, float | str]:
    """The fields of a recipe by name, such as ``epochs`` and ``augment.blur``; other values than numbers as text."""
    return dict(_flat("", typed_json.to_json(recipe)))


def _flat(name: str, value: Any) -> Iterator[tuple[str, float | str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else key, inner)
    else:
        yield name, value if isinstance(value, bool | int | float | str) else str(value)
