"""Initial weights from a run folder, or from a model file, in which batch norms are folded into the convolutions."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mien import modelfile
from mien.data.seen import SeenFaces
from mien.errors import ModelFileError, RecipeError
from mien.inference import pretrained
from mien.inference.classifier import Classifier
from mien.run import Run
from mien.training import checkpoint, networks
from mien.training.networks import Network

PREFIX = "network."
"""Prefix of the names of weights in a model file."""


@dataclass(frozen=True)
class Pretrained:
    """Weights by their names in the network.

    Attributes:
        name: the source: a run folder, a pretrained model's name or a model file.
        classes: the classes of the last layer.
        size: height and width of the input, in pixels.
        mean, std: normalisation of the input, in gray levels (0 to 255).
        tensors: the weights.
        is_folded: whether batch norms are folded into the convolutions.
        seen: hashes of the training faces and the held-out faces; None if they are unknown.
    """

    name: str
    classes: tuple[str, ...]
    size: tuple[int, int]
    mean: float
    std: float
    tensors: Mapping[str, Tensor]
    is_folded: bool
    seen: SeenFaces | None

    def network(self) -> str:
        """The name of the network, found by the names and shapes of the weights.

        Raises:
            ModelFileError: no network of ``networks.NETWORKS`` has these weights.
        """
        for name in networks.NETWORKS:
            try:
                self._fitted(networks.sketch(name, len(self.classes), self.size[0]), set())
            except (ModelFileError, RecipeError):  # other weights, or a network that doesn't take this size
                continue
            return name
        raise ModelFileError(
            f"Training can't start from '{self.name}', because its network is not one of {', '.join(networks.NETWORKS)}."
        )

    def put_into(self, network: Network, classes: tuple[str, ...], faces: Tensor) -> None:
        """Load these weights into a network. The last layer gets its rows in the order of ``classes``; it is unchanged if they differ.

        Args:
            network: a network of the same shape.
            classes: the classes of the network.
            faces: ``(N, 1, H, W)`` normalised training faces on the network's device; if batch norms are folded, they determine
                the mean and the variance of each.

        Raises:
            ModelFileError: the weights belong to another network.
        """
        weight, bias = last = _last_names(network)
        has_head = self.has_classes(classes)
        given, biases = self._fitted(network, set() if has_head else {*last})
        if has_head:
            rows = [self.classes.index(name) for name in classes]
            given |= {weight: given[weight][rows], bias: given[bias][rows]}
        network.load_state_dict(given, strict=False)
        if biases:
            _unfold(network, biases, faces)

    def has_classes(self, classes: tuple[str, ...]) -> bool:
        """Whether the classes are the same, in any order."""
        return sorted(self.classes) == sorted(classes)

    def _fitted(self, network: Network, kept: set[str]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The weights by their names in the network, without those in ``kept``; and the bias of each folded batch norm by its name.

        Raises:
            ModelFileError: the weights belong to another network.
        """
        own = network.state_dict()
        norms = networks.batch_norms(network) if self.is_folded else {}
        given = {name: tensor for name, tensor in self.tensors.items() if name not in kept}
        biases = {
            norm: given.pop(f"{conv}.weight_bias", given.pop(f"{conv}.bias", None)) for conv, norm in norms.items()
        }
        of_norms = {f"{norm}.{part}" for norm in norms.values() for part in network.get_submodule(norm).state_dict()}
        own_biases = {f"{conv}.bias" for conv in norms}
        missing = [name for name in own if name not in given and name not in kept | of_norms | own_biases]
        missing += [norm for norm, bias in biases.items() if bias is None]
        unfit = [name for name in given if name not in own or own[name].shape != given[name].shape]
        if missing or unfit:
            raise ModelFileError(
                f"'{self.name}' has the weights of another network ({(missing + unfit)[0]}): use a model of the same network."
            )
        given |= {name: torch.zeros_like(own[name]) for name in own_biases & own.keys()}
        return given, {norm: bias for norm, bias in biases.items() if bias is not None}


def load(name: str | os.PathLike[str]) -> Pretrained:
    """Read weights.

    Args:
        name: a run folder, a pretrained model's short name, or the path of a model file.

    Raises:
        ModelFileError: the file can't be read, or is an ensemble.
        RunError: the run has no weights yet.
    """
    if _is_run(name):
        run = Run.open(name)
        data, tensors = run.record.data, checkpoint.tensors(run.best)
        own = {key.removeprefix(PREFIX): tensor for key, tensor in tensors.items()}
        size = (run.recipe.image_size, run.recipe.image_size)
        return Pretrained(str(name), tuple(data.classes), size, data.mean, data.std, own, False, run.seen)
    classifier = Classifier.load(name)
    graph = onnx.load_model(classifier.path).graph
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    shift, factor = (_constant(graph, values, kind) for kind in ("Sub", "Div"))
    weights = {key.removesuffix(".half"): value for key, value in values.items() if key.startswith(PREFIX)}
    if not weights or shift is None or factor is None:
        raise ModelFileError(
            f"Training can't start from '{name}', because it is not a single network: name one that  mien train  created."
        )
    own = {key.removeprefix(PREFIX): torch.from_numpy(value.astype(np.float32)) for key, value in weights.items()}
    spec = classifier.spec
    return Pretrained(str(name), spec.classes, spec.size, shift, factor, own, True, classifier.seen)


def digest(name: str) -> str:
    """SHA-256 of the file with the weights.

    Raises:
        ModelFileError: there is no such model.
        RunError: the run has no weights yet.
    """
    if not _is_run(name):
        return modelfile.sha256(pretrained.resolve(name))
    run = Run.open(name)
    checkpoint.tensors(run.best)  # raises an error if the run has no weights
    return hashlib.sha256(run.best.read_bytes()).hexdigest()


def _is_run(name: str | os.PathLike[str]) -> bool:
    return (Path(name) / "run.json").is_file()


def _constant(graph: onnx.GraphProto, values: Mapping[str, NDArray[np.generic]], kind: str) -> float | None:
    """The constant of the first ``Sub`` or ``Div`` node, which is the normalisation of the input."""
    node = next((node for node in graph.node if node.op_type == kind), None)
    value = values.get(node.input[1]) if node else None
    return None if value is None or value.size != 1 else float(value.item())


def _last_names(network: Network) -> tuple[str, str]:
    """The names of the last layer's weight and bias."""
    last = next(name for name, module in network.named_modules() if module is network.last)
    return f"{last}.weight", f"{last}.bias"


@torch.no_grad()
def _unfold(network: Network, biases: Mapping[str, Tensor], faces: Tensor) -> None:
    """Set each batch norm so that it adds its bias only, with running statistics from the given faces.

    A batch norm whose scale is the standard deviation of its input, and whose shift is the mean, returns its input. With
    statistics of training faces, this nearly holds for batch statistics in training too.
    """

    def set_up(norm: nn.BatchNorm2d, bias: Tensor, x: Tensor) -> None:
        variance, mean = torch.var_mean(x.float(), dim=(0, 2, 3), correction=0)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(bias.to(mean.device) + mean)

    def hook(bias: Tensor):  # type: ignore[no-untyped-def] # torch's hooks have no type of their own
        return lambda norm, inputs: set_up(norm, bias, inputs[0])

    hooks = [network.get_submodule(name).register_forward_pre_hook(hook(bias)) for name, bias in biases.items()]
    network.eval()
    try:
        network(faces)
    finally:
        for each in hooks:
            each.remove()
        network.train()
