"""What may be different when a run is gone on with: where its data lies, the device, and more epochs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mien import files
from mien.errors import RunError
from mien.training import devices, recipes
from mien.training.run import Run
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

    def to_dict(self) -> dict[str, Any]:
        """What is different, fit for JSON."""
        told = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {
            name: str(value) if isinstance(value, Path) else value for name, value in told.items() if value is not None
        }


UNCHANGED = Changes()


def changed(run: Run, changes: Changes) -> Run:
    """The run as it goes on; nothing is written yet.

    Raises:
        RunError: other data is there, the run has as many epochs already, or no checkpoint to go on from.
        TrainingError: there is no such device.
    """
    record = {**run.record, "data": dict(run.record["data"]), "recipe": dict(run.record["recipe"])}
    done = _num_done(run)
    if changes.data is not None:
        run.read_own(changes.data)
        record["data"]["path"] = str(changes.data.resolve())
    if changes.device is not None:
        place = devices.pick(changes.device)
        name = torch.cuda.get_device_name() if place.type == "cuda" else ""
        record |= {"device": place.type, "device_name": name}
    if changes.epochs is not None and changes.epochs != run.recipe.epochs:
        if changes.epochs <= done:
            raise RunError(f"The run '{run.folder}' has {counted(done, 'epoch')} already: name more of them in all.")
        if done and not run.checkpoint.exists():
            raise RunError(f"The run '{run.folder}' has no checkpoint to go on from: train anew with more epochs.")
        record["recipe"]["epochs"] = changes.epochs
        record["settings"] = recipes.changes(recipes.from_dict(record["recipe"]))
    if changes != UNCHANGED:
        record["resumed"] = [*record.get("resumed", []), {"after_epoch": done, **changes.to_dict()}]
    return Run(run.folder, record)


def write(run: Run) -> None:
    """Keep what is different in the run folder."""
    files.write_json(run.folder / "run.json", dict(run.record))


def _num_done(run: Run) -> int:
    return len(run.history) if (run.folder / "history.jsonl").exists() else 0
