"""Teachers: models whose probabilities a network learns from (Hinton et al., Distilling the Knowledge in a Neural Network, 2015).

A student learns most from a teacher that sees the very crop that the student sees, over many epochs (Beyer et al., Knowledge
Distillation: A Good Teacher Is Patient and Consistent, CVPR 2022).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from mien import modelfile
from mien.errors import ModelFileError
from mien.inference import shipped
from mien.inference.classifier import Classifier
from mien.training import devices
from mien.training.graph import ModelGraph, load_network
from mien.training.run import Run

Member = Callable[[Tensor], Tensor]
"""Gray levels ``(N, 1, H, W)`` to probabilities ``(N, K)``, both on the training's device."""


class Teacher:
    """One model, or the mean of several.

    Args:
        members: the models.
        device: where faces and answers are.
        num_views: how many views come again in a cycle, so that their answers are kept; 0 keeps none.
    """

    def __init__(self, members: Sequence[Member], device: torch.device, num_views: int = 0) -> None:
        self.members = members
        self.device = device
        self.num_views = num_views
        self._kept: dict[tuple[int, int], Tensor] = {}

    def view(self, epoch: int) -> int:
        """The number of the view that an epoch, counted from 1, shows."""
        return (epoch - 1) % self.num_views if self.num_views else epoch - 1

    @torch.no_grad()
    def ask(self, faces: Tensor) -> Tensor:
        """The members' mean probabilities ``(N, K)`` of gray levels ``(N, 1, H, W)``."""
        faces = faces.to(self.device)
        answers: Tensor = sum(member(faces) for member in self.members) / len(self.members)  # type: ignore[assignment] # sum starts at int 0
        return answers

    def recall(self, view: int, step: int, faces: Tensor) -> Tensor:
        """``ask``, but only once for each view and step where views come again: there the same faces stand in the same order."""
        if not self.num_views:
            return self.ask(faces)
        if (view, step) not in self._kept:
            self._kept[view, step] = self.ask(faces).half()
        return self._kept[view, step].float()


def load(
    names: str, classes: Sequence[str], device: torch.device, *, precision: str = "fp32", num_views: int = 0
) -> Teacher:
    """Load the models that a recipe's field ``teacher`` names.

    Args:
        names: names or paths, separated by commas; a run folder is computed by torch on the device, a model file by onnxruntime.
        classes: the classes of the data.
        device: where faces and answers are.
        precision: of run folders, as in training.
        num_views: as for ``Teacher``.

    Raises:
        ModelFileError: one can't be loaded, or knows other classes.
        RunError: a run folder has no weights.
    """
    members: list[Member] = []
    for name in _split(names):
        known = Run.open(name).record["data"]["classes"] if _is_run(name) else Classifier.load(name).spec.classes
        if tuple(known) != tuple(classes):
            raise ModelFileError(
                f"The teacher '{name}' knows {', '.join(known)}, the data has {', '.join(classes)}: "
                "name a teacher trained on the same classes."
            )
        members.append(_from_run(name, device, precision) if _is_run(name) else _from_file(name, device))
    return Teacher(members, device, num_views)


def digest(names: str) -> str:
    """What tells whether teachers have changed: their files' SHA-256, separated by commas.

    Raises:
        ModelFileError: one is missing.
        RunError: a run folder has no weights.
    """
    return ",".join(
        hashlib.sha256(_weights(name).read_bytes()).hexdigest()
        if _is_run(name)
        else modelfile.sha256(shipped.resolve(name))
        for name in _split(names)
    )


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _is_run(name: str) -> bool:
    return (Path(name) / "run.json").is_file()


def _weights(name: str) -> Path:
    run = Run.open(name)
    load_network(run)  # refuses a run without weights
    return run.best


def _from_file(name: str, device: torch.device) -> Member:
    classifier = Classifier.load(name)

    def member(faces: Tensor) -> Tensor:
        grays = faces[:, 0].round().clamp(0, 255).byte().cpu().numpy()
        return torch.from_numpy(classifier.probabilities(grays)).to(device)

    return member


def _from_run(name: str, device: torch.device, precision: str) -> Member:
    run = Run.open(name)
    data, memory_format = run.record["data"], devices.memory_format(device)
    temperature = Classifier.load(run.model_file).spec.temperature
    graph = ModelGraph(load_network(run), data["mean"], data["std"], temperature).eval().to(device)
    graph = graph.to(memory_format=memory_format)  # type: ignore[call-overload] # torch's stubs lack this overload

    def member(faces: Tensor) -> Tensor:
        with devices.autocast(device, precision):
            answers: Tensor = graph.probabilities(faces.contiguous(memory_format=memory_format))
        return answers

    return member
