"""Teachers for knowledge distillation (Hinton et al., Distilling the Knowledge in a Neural Network, 2015).

Distillation works best if the teacher gets the same crops as the student, over many epochs (Beyer et al., Knowledge Distillation:
A Good Teacher Is Patient and Consistent, CVPR 2022).
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mien import modelfile
from mien.data.faceset import FaceSet
from mien.errors import ModelFileError, RunError
from mien.inference import pretrained
from mien.inference.classifier import Classifier
from mien.recipes import Recipe
from mien.run import Run
from mien.training import checkpoint, devices, networks
from mien.training import pretrained as pretrained_weights
from mien.training.graph import ModelGraph, load_network
from mien.typed_json import JsonObject

CROP_FIELDS = ("flip", "geometry", "rotation", "scale", "translation", "shear", "perspective")
"""Fields of ``Augment`` that determine the crop."""

Member = Callable[[Tensor], Tensor]
"""Gray levels ``(N, 1, H, W)`` to probabilities ``(N, K)``, both on the training's device."""


@dataclass(frozen=True)
class Answers:
    """The JSON state of a file of teacher outputs: the settings that the outputs depend on."""

    about: Mapping[str, Any]


class Teacher:
    """One model, or the mean of several.

    Args:
        members: the models.
        device: device of faces and outputs.
        num_views: number of views in a cycle, whose outputs are cached; 0 caches nothing.
        about: the settings that the outputs depend on, except the members; ``store`` writes them too.
        kept: outputs ``(V, S, B, K)`` by view and step, if known; members are not needed then.
    """

    def __init__(
        self,
        members: Sequence[Member],
        device: torch.device,
        num_views: int = 0,
        about: JsonObject | None = None,
        kept: Tensor | None = None,
    ) -> None:
        self.members = members
        self.device = device
        self.num_views = num_views
        self.about: JsonObject = about or {}
        self._stored = kept is not None
        self._kept: dict[tuple[int, int], Tensor] = {}
        for number, view in enumerate([] if kept is None else kept.to(device)):
            self._kept |= {(number, step): answers for step, answers in enumerate(view)}

    def view(self, epoch: int) -> int:
        """The number of the view of an epoch, counted from 1."""
        return (epoch - 1) % self.num_views if self.num_views else epoch - 1

    @torch.no_grad()
    def ask(self, faces: Tensor) -> Tensor:
        """The members' mean probabilities ``(N, K)`` of gray levels ``(N, 1, H, W)``."""
        faces = faces.to(self.device)
        answers: Tensor = sum(member(faces) for member in self.members) / len(self.members)  # type: ignore[assignment] # sum starts at int 0
        return answers

    def recall(self, view: int, step: int, faces: Tensor) -> Tensor:
        """``ask``, with a cache by view and step if views repeat; a repeated view has the same faces in the same order."""
        if not self.num_views:
            return self.ask(faces)
        if (view, step) not in self._kept:
            self._kept[view, step] = self.ask(faces).half()
        return self._kept[view, step].float()

    def store(self, path: Path, num_steps: int) -> None:
        """Write the outputs of all views and steps ``(V, S, B, K)`` in half precision, once the cycle is complete."""
        if self._stored or not self.num_views or len(self._kept) < self.num_views * num_steps:
            return
        views = [torch.stack([self._kept[view, step] for step in range(num_steps)]) for view in range(self.num_views)]
        checkpoint.save(path, {"answers": torch.stack(views)}, Answers(self.about))
        self._stored = True


def of_recipe(recipe: Recipe, train_set: FaceSet, device: torch.device, precision: str, stored: Path) -> Teacher | None:
    """Load the teacher of a recipe for these training rows; None without distillation.

    Args:
        recipe: all settings of the training.
        train_set: its training rows.
        device, precision: device and precision of the training.
        stored: the outputs that the same training wrote before it was stopped; the file need not exist.

    Raises:
        ModelFileError: a model can't be loaded or has other classes, or a file of outputs is for other views.
        RunError: a run folder has no weights.
    """
    if not recipe.distillation_weight:
        return None
    about = _about(recipe, train_set, device)
    if _is_answers(recipe.teacher):
        return Teacher([], device, recipe.teacher_views, about, _read_answers(Path(recipe.teacher), about))
    if stored.exists():
        with contextlib.suppress(ModelFileError):  # resumed on another device, whose views are others
            return Teacher([], device, recipe.teacher_views, about, _read_answers(stored, about))
    members = load(recipe.teacher, train_set.classes, device, precision=precision).members
    return Teacher(members, device, recipe.teacher_views, about)


def draws_on(recipe: Recipe, device: torch.device) -> torch.device:
    """The device on which order and crops of a cycle of views are drawn: the CPU, so that outputs are valid on every device.

    Corruptions need so many random numbers that they are drawn on the device of the faces.
    """
    return torch.device("cpu") if recipe.teacher_sees == "view" else device


def _about(recipe: Recipe, train_set: FaceSet, device: torch.device) -> JsonObject:
    """The settings that determine the faces of a cycle and their order, as JSON."""
    parts = dataclasses.asdict(recipe.augment)
    if recipe.teacher_sees == "view":
        parts = {name: parts[name] for name in CROP_FIELDS}
    fields = ("image_size", "batch_size", "seed", "balanced_sampling", "teacher_sees", "teacher_views")
    about = {name: getattr(recipe, name) for name in fields} | {
        "augment": parts,
        "training rows": train_set.faces_hash,
        "device": draws_on(recipe, device).type,
    }
    plain: dict[str, Any] = json.loads(json.dumps(about))  # lists instead of tuples, as in the file
    return plain


def _read_answers(path: Path, about: JsonObject) -> Tensor:
    try:
        tensors, state = checkpoint.load(path, Answers)
        answers, theirs = tensors["answers"], state.about
    except (RunError, KeyError):
        raise ModelFileError(f"'{path}' has no teacher outputs: name answers.safetensors of a run folder.") from None
    different = [name for name in about if theirs.get(name) != about[name]]
    if different:
        settings = [f"{name}={theirs.get(name)}" for name in different if not isinstance(about[name], dict)]
        raise ModelFileError(
            f"The teacher outputs in '{path}' don't fit the views of this training: {', '.join(different)} differ. "
            f"Train on the same rows with the settings of that run{': ' if settings else ''}{', '.join(settings)}."
        )
    return answers


def load(names: str, classes: Sequence[str], device: torch.device, *, precision: str = "fp32") -> Teacher:
    """Load the models that a recipe's field ``teacher`` names.

    Args:
        names: names or paths, separated by commas. Run folders run in torch on the device, and so do model files of mien's networks
            on a GPU; other model files run in onnxruntime on the CPU.
        classes: the classes of the data.
        device: device of faces and outputs.
        precision: precision of what runs in torch, as in training.

    Raises:
        ModelFileError: a model can't be loaded, or has other classes.
        RunError: a run folder has no weights.
    """
    members: list[Member] = []
    for name in _split(names):
        known = Run.open(name).record.data.classes if _is_run(name) else Classifier.load(name).spec.classes
        if tuple(known) != tuple(classes):
            raise ModelFileError(
                f"The teacher '{name}' has the classes {', '.join(known)}, the data has {', '.join(classes)}: "
                "name a teacher trained on the same classes."
            )
        members.append((_from_run if _is_run(name) else _from_file)(name, device, precision))
    return Teacher(members, device)


def digest(names: str) -> str:
    """SHA-256 of the teachers' files, separated by commas; shows whether a teacher has changed.

    Raises:
        ModelFileError: a file is missing.
        RunError: a run folder has no weights.
    """
    if _is_answers(names):
        if not Path(names).is_file():
            raise ModelFileError(f"There is no file '{names}': name answers.safetensors of a run folder.")
        return modelfile.sha256(Path(names))
    return ",".join(
        hashlib.sha256(_weights(name).read_bytes()).hexdigest()
        if _is_run(name)
        else modelfile.sha256(pretrained.resolve(name))
        for name in _split(names)
    )


def _is_answers(names: str) -> bool:
    return names.strip().endswith(".safetensors")


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _is_run(name: str) -> bool:
    return (Path(name) / "run.json").is_file()


def _weights(name: str) -> Path:
    run = Run.open(name)
    load_network(run)  # raises an error if the run has no weights
    return run.best


def _from_file(name: str, device: torch.device, precision: str) -> Member:
    classifier = Classifier.load(name)
    if device.type != "cpu":
        with contextlib.suppress(ModelFileError):  # an ensemble, or a network of another kind
            return from_weights(name, device, precision)

    def member(faces: Tensor) -> Tensor:
        grays = faces[:, 0].round().clamp(0, 255).byte().cpu().numpy()
        return torch.from_numpy(classifier.probabilities(grays)).to(device)

    return member


def from_weights(name: str, device: torch.device, precision: str) -> Member:
    """A model file of one of mien's networks, in torch on the device.

    Raises:
        ModelFileError: it has another network, or several, or computes more than its network.
    """
    first, classifier = pretrained_weights.load(name), Classifier.load(name)
    network = networks.build(first.network(), len(first.classes), first.size[0])
    some = np.random.default_rng(0).integers(0, 256, (32, *first.size), dtype=np.uint8)
    faces = torch.from_numpy(some)
    # Any faces do: what they set cancels in evaluation.
    first.put_into(network, first.classes, (faces.float().unsqueeze(1) - first.mean) / first.std)
    graph = ModelGraph(network, first.mean, first.std, classifier.spec.temperature).eval()
    with torch.no_grad():
        if not np.allclose(graph(faces).numpy(), classifier.probabilities(some), atol=1e-2):
            raise ModelFileError(f"'{name}' computes more than its network.")
    return _in_torch(graph, first.size, device, precision)


def _from_run(name: str, device: torch.device, precision: str) -> Member:
    run = Run.open(name)
    data, spec = run.record.data, Classifier.load(run.model_file).spec
    graph = ModelGraph(load_network(run), data.mean, data.std, spec.temperature)
    return _in_torch(graph, spec.size, device, precision)


def _in_torch(graph: ModelGraph, size: tuple[int, int], device: torch.device, precision: str) -> Member:
    memory_format = devices.memory_format(device)
    graph = graph.eval().to(device)
    graph = graph.to(memory_format=memory_format)  # type: ignore[call-overload] # torch's stubs lack this overload

    def member(faces: Tensor) -> Tensor:
        if faces.shape[2:] != size:
            faces = F.interpolate(faces, size, mode="bilinear", antialias=True)
        with devices.autocast(device, precision):
            answers: Tensor = graph.probabilities(faces.contiguous(memory_format=memory_format))
        return answers

    return member
