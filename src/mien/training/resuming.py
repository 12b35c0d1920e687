"""What may be different when a run is gone on with: where its data lies, the device, and more epochs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from mien import recipes
from mien.errors import RunError
from mien.inference import run_data
from mien.run import Run
from mien.run_record import Resumption
from mien.training import devices
from mien.words import counted


@dataclass(frozen=True)
class Changes:
    """What is different from now on; None stays as it was.

    Attributes:
        data: where the run's data lies now.
        device: a name out of ``devices.DEVICES``.
        epochs: how many epochs there shall be in all, those that are done included.
    """

    data: Path | None = None
    device: str | None = None
    epochs: int | None = None


UNCHANGED = Changes()


def changed(run: Run, changes: Changes) -> Run:
    """The run as it goes on; nothing is written yet.

    Raises:
        RunError: other data is there, the run has as many epochs already, or no checkpoint to go on from.
        TrainingError: there is no such device.
    """
    record, done = run.record, run.epochs_done
    if changes.data is not None:
        run_data.read_own(run, changes.data)
        record = replace(record, data=replace(record.data, path=str(changes.data.resolve())))
    if changes.device is not None:
        place = devices.pick(changes.device)
        name = torch.cuda.get_device_name() if place.type == "cuda" else ""
        record = replace(record, setup=replace(record.setup, device=place.type, device_name=name))
    if changes.epochs is not None and changes.epochs != run.recipe.epochs:
        if changes.epochs <= done:
            raise RunError(f"The run '{run.folder}' has {counted(done, 'epoch')} already: name more of them in all.")
        if done and not run.checkpoint.exists():
            raise RunError(f"The run '{run.folder}' has no checkpoint to go on from: train anew with more epochs.")
        recipe = replace(run.recipe, epochs=changes.epochs)
        record = replace(record, recipe=recipe, settings=tuple(recipes.changes(recipe)), ended=None)
    if changes != UNCHANGED:
        data = None if changes.data is None else str(changes.data)
        resumed = Resumption(done, data, changes.device, changes.epochs)
        record = replace(record, resumed=(*record.resumed, resumed))
    return Run(run.folder, record)
