"""What a network consists of: each layer with its output, its parameters, its arithmetic and the key of the reason for it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from mien.run_record import LayerRecord, NetworkRecord
from mien.training.networks import Network


def describe(network: Network, size: int) -> NetworkRecord:
    """Run one face of ``size`` x ``size`` pixels through the network and note every layer."""
    layers: list[LayerRecord] = []

    def note(name: str, layer: nn.Module) -> RemovableHandle:
        def hook(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            dropout = layer.p if isinstance(layer, nn.Dropout) else None
            layers.append(
                LayerRecord(
                    name=name,
                    kind=type(layer).__name__,
                    output=tuple(output.shape[1:]),
                    parameters=sum(parameter.numel() for parameter in layer.parameters()),
                    macs=_macs(layer, output),
                    reason="drop_off" if dropout == 0 else network.reasons[name],
                    dropout=dropout,
                )
            )

        return layer.register_forward_hook(hook)

    leaves = [
        (name, layer) for name, layer in network.named_modules() if name in network.reasons and not _is_empty(layer)
    ]
    hooks = [note(name, layer) for name, layer in leaves]
    was_training = network.training
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, 1, size, size))
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    activations = 4 * sum(math.prod(layer.output) for layer in layers)
    return NetworkRecord(tuple(layers), (1, size, size), activations)


def _macs(layer: nn.Module, output: Tensor) -> int:
    if isinstance(layer, nn.Conv2d):
        return layer.weight.numel() * output.shape[2] * output.shape[3]
    return layer.weight.numel() if isinstance(layer, nn.Linear) else 0


def _is_empty(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Sequential) and len(layer) == 0
