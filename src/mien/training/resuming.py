"""Changes that a resumed run may have: a new path of the data, another device, more epochs."""

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
    """Changes of a resumed run; None is unchanged.

    Attributes:
        data: new path of the run's data.
        device: a name from ``run_record.DEVICES``.
        epochs: new total number of epochs, including finished ones.
    """

    data: Path | None = None
    device: str | None = None
    epochs: int | None = None


UNCHANGED = Changes()


def changed(run: Run, changes: Changes) -> Run:
    """The run with the changes in its record; nothing is written.

    Raises:
        RunError: the data differs, the run already has that many epochs, or it has no checkpoint to resume from.
        TrainingError: this machine doesn't have the device.
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
            raise RunError(f"The run '{run.folder}' already has {counted(done, 'epoch')}: give a larger total.")
        if done and not run.checkpoint.exists():
            raise RunError(f"The run '{run.folder}' has no checkpoint to resume from: train again with more epochs.")
        recipe = replace(run.recipe, epochs=changes.epochs)
        record = replace(record, recipe=recipe, settings=tuple(recipes.changes(recipe)), ended=None)
    if changes != UNCHANGED:
        data = None if changes.data is None else str(changes.data)
        resumed = Resumption(done, data, changes.device, changes.epochs)
        record = replace(record, resumed=(*record.resumed, resumed))
    return Run(run.folder, record)
