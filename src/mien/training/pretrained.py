"""Weights to start from: those of a run folder, or of a model file, whose batch norms are folded into its convolutions."""

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
from mien.errors import ModelFileError
from mien.inference import pretrained
from mien.inference.classifier import Classifier
from mien.run import Run
from mien.training import checkpoint
from mien.training.networks import Network

PREFIX = "network."
"""What weights' names begin with in a model file."""


@dataclass(frozen=True)
class Pretrained:
    """Weights by the names that they have in the network.

    Attributes:
        name: where they come from.
        classes: the classes that their last layer tells apart.
        mean, std: what their faces are normalised by, in gray levels.
        tensors: the weights.
        is_folded: whether they come without batch norms, each of which is a bias of the convolution in front of it.
    """

    name: str
    classes: tuple[str, ...]
    mean: float
    std: float
    tensors: Mapping[str, Tensor]
    is_folded: bool

    def put_into(self, network: Network, classes: tuple[str, ...], faces: Tensor) -> None:
        """Give a network these weights; where the classes differ, its last layer stays as it is.

        Args:
            network: of the same shape.
            classes: the classes that the network is to tell apart.
            faces: ``(N, 1, H, W)`` normalised faces as in training, on the network's device: where batch norms are folded, they
                show each one's mean and variance.

        Raises:
            ModelFileError: the weights are those of another network.
        """
        last = next(name for name, module in network.named_modules() if module is network.last)
        kept = set() if self.classes == classes else {f"{last}.weight", f"{last}.bias"}
        own = network.state_dict()
        norms = _norms(network) if self.is_folded else {}
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
                f"'{self.name}' has the weights of another network ({(missing + unfit)[0]}): start from a model of the same network."
            )
        for conv in own_biases & own.keys():
            given[conv] = torch.zeros_like(own[conv])
        network.load_state_dict(given, strict=False)
        if norms:
            _unfold(network, {norm: bias for norm, bias in biases.items() if bias is not None}, faces)


def load(name: str | os.PathLike[str]) -> Pretrained:
    """Read weights.

    Args:
        name: a run folder, a pretrained model's short name, or the path of a model file.

    Raises:
        ModelFileError: it can't be read, or holds several networks.
        RunError: the run has no weights yet.
    """
    if _is_run(name):
        run = Run.open(name)
        data, tensors = run.record.data, checkpoint.tensors(run.best)
        own = {key.removeprefix(PREFIX): tensor for key, tensor in tensors.items()}
        return Pretrained(str(name), tuple(data.classes), data.mean, data.std, own, is_folded=False)
    classifier = Classifier.load(name)
    graph = onnx.load_model(classifier.path).graph
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    shift, factor = (_constant(graph, values, kind) for kind in ("Sub", "Div"))
    weights = {key.removesuffix(".half"): value for key, value in values.items() if key.startswith(PREFIX)}
    if not weights or shift is None or factor is None:
        raise ModelFileError(
            f"'{name}' is no single network that training can start from: name one that  mien train  made."
        )
    own = {key.removeprefix(PREFIX): torch.from_numpy(value.astype(np.float32)) for key, value in weights.items()}
    return Pretrained(str(name), classifier.spec.classes, shift, factor, own, is_folded=True)


def digest(name: str) -> str:
    """SHA-256 of the file that the weights come from.

    Raises:
        ModelFileError: there is no such model.
        RunError: the run has no weights yet.
    """
    if not _is_run(name):
        return modelfile.sha256(pretrained.resolve(name))
    run = Run.open(name)
    checkpoint.tensors(run.best)  # refuses a run without weights
    return hashlib.sha256(run.best.read_bytes()).hexdigest()


def _is_run(name: str | os.PathLike[str]) -> bool:
    return (Path(name) / "run.json").is_file()


def _constant(graph: onnx.GraphProto, values: Mapping[str, NDArray[np.generic]], kind: str) -> float | None:
    """The number that the first node of a kind subtracts or divides by: faces are normalised in front of everything else."""
    node = next((node for node in graph.node if node.op_type == kind), None)
    value = values.get(node.input[1]) if node else None
    return None if value is None or value.size != 1 else float(value.item())


def _norms(network: Network) -> dict[str, str]:
    """Each convolution's name to that of the batch norm behind it, which is called the same but for ``norm``."""
    pairs = {}
    for name, module in network.named_modules():
        parent, _, own = name.rpartition(".")
        norm = f"{parent}.{own.replace('conv', 'norm')}".lstrip(".")
        if isinstance(module, nn.Conv2d) and isinstance(network.get_submodule(norm), nn.BatchNorm2d):
            pairs[name] = norm
    return pairs


@torch.no_grad()
def _unfold(network: Network, biases: Mapping[str, Tensor], faces: Tensor) -> None:
    """Set the batch norms so that each only adds its bias, and normalises by what the faces show it.

    With mean and variance of what arrives at it, a batch norm whose factor is the root of that variance gives back its input;
    it then does in training, where it looks at the batch, nearly what it does in use.
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
