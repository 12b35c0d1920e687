"""Ensembles: one model file that averages the probabilities of several runs (third technique of the course report)."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mien.checks import checked
from mien.data import identity
from mien.data.faceset import FaceSet
from mien.data.seen import SeenFaces
from mien.errors import ArgumentError, ExportError
from mien.modelfile import Spec
from mien.run import Run
from mien.training import calibration, export, job
from mien.training.graph import ModelGraph
from mien.training.temperature import Temperature


class EnsembleGraph(nn.Module):
    """The mean of several models' probabilities, calibrated by one temperature."""

    CONSTANTS = ("temperature",)
    """As in ``ModelGraph``."""

    def __init__(self, members: Sequence[ModelGraph], temperature: float = 1.0) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.temperature = temperature

    def log_mean(self, faces: Tensor) -> Tensor:
        """``(N, H, W)`` ``uint8`` to the logarithm of the members' mean probabilities, ``(N, K)``."""
        mean: Tensor = sum(member(faces) for member in self.members) / len(self.members)
        return mean.clamp_min(1e-12).log()

    def forward(self, faces: Tensor) -> Tensor:
        """``(N, H, W)`` ``uint8`` to ``(N, K)`` ``float32``."""
        return torch.softmax(self.log_mean(faces) / self.temperature, dim=1)


@checked
def build(runs: Sequence[Run], path: str | os.PathLike[str], *, moved: Path | None = None) -> Spec:
    """Write one model file that averages several runs.

    The score and the temperature are computed on the rows that every run held out; with the same ``split_seed``, these are
    all held-out rows.

    Args:
        runs: two or more runs on the same data, with the same classes and face size.
        path: the model file to write.
        moved: new path of the data; None for the recorded path.

    Raises:
        ArgumentError: ``runs`` isn't a list of runs.
        RunError: the data differs from the training data of a run.
        ExportError: a run is given twice, the runs can't be combined, or no row was held out by all of them.
    """
    if isinstance(runs, Run) or not all(isinstance(run, Run) for run in runs):
        raise ArgumentError("An ensemble takes a list of runs: open each folder with Run.open.")
    _check(runs)
    first = runs[0]
    held = [job.read_sets(run, moved)[1] for run in runs]
    rows = in_all(held)
    if not len(rows):
        raise ExportError(
            "No row was held out by all of these runs, so the ensemble can't be scored: train them with the same split_seed."
        )
    members = [export.load_graph(run, own) for run, own in zip(runs, held, strict=True)]
    graph = EnsembleGraph([member for member, _ in members]).eval()
    temperature = _temperature(graph, runs, held, rows)
    graph.temperature = temperature.value
    data = first.record.data
    same_rows = all(run.record.data.train == data.train for run in runs)
    spec = Spec(
        tuple(data.classes),
        (first.recipe.image_size, first.recipe.image_size),
        temperature=graph.temperature,
        training={
            "data_hash": data.hash,
            "train_hash": data.train.faces_hash if same_rows else None,
            "temperature": temperature.to_dict(),
            "members": [export.training_record(run, own) for run, (_, own) in zip(runs, members, strict=True)],
        },
    )
    title, counts = "rows that all members held out", data.train.counts
    return export.write(graph, spec, rows, title, path, counts=counts, seen=_seen(runs))


def _check(runs: Sequence[Run]) -> None:
    """Refuse runs that can't be combined."""
    if len(runs) < 2:
        raise ExportError("An ensemble takes two or more runs: name several run folders.")
    folders = [run.folder.resolve() for run in runs]
    if twice := [run.folder for index, run in enumerate(runs) if folders[index] in folders[:index]]:
        raise ExportError(f"'{twice[0]}' is given twice: name different runs.")
    first = runs[0]
    for run in runs[1:]:
        for what, theirs, ours in (
            ("data", run.record.data.hash, first.record.data.hash),
            ("face size", run.recipe.image_size, first.recipe.image_size),
        ):
            if theirs != ours:
                raise ExportError(
                    f"'{run.folder}' and '{first.folder}' differ in {what}: the runs of an ensemble must have the same."
                )


def _temperature(graph: EnsembleGraph, runs: Sequence[Run], held: Sequence[FaceSet], rows: FaceSet) -> Temperature:
    """The temperature of the mean probabilities, on cross-fitted logits if all members have them."""
    own = [calibration.readings(run, valid) for run, valid in zip(runs, held, strict=True)]
    if any(logits is None for logits in own):
        with torch.no_grad():
            batches = torch.split(torch.from_numpy(rows.images), 256)
            return Temperature.fit(torch.cat([graph.log_mean(batch) for batch in batches]).numpy(), rows.labels)
    members: Any = graph.members
    probabilities = [
        torch.softmax(logits[calibration.rows_in(rows, valid)] / member.temperature, 1)
        for logits, valid, member in zip(filter(torch.is_tensor, own), held, members, strict=True)
    ]
    mean = torch.stack(probabilities).mean(0)  # (N, K)
    return Temperature.fit(mean.clamp_min(1e-12).log().numpy(), rows.labels, cross_fitted=True)


def _seen(runs: Sequence[Run]) -> SeenFaces | None:
    """The union of the faces that the members have seen; None if one member has no record."""
    known = [run.seen for run in runs]
    return None if None in known else functools.reduce(SeenFaces.joined, filter(None, known))


def in_all(sets: Sequence[FaceSet]) -> FaceSet:
    """The rows of the first set whose image is in every other set; for hold-outs, the rows that no run was trained on."""
    common = sets[0]
    for other in sets[1:]:
        common = common.select(identity.are_in(common.images, other.images))  # duplicates are always in the same split
    return common
