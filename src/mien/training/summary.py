"""Summary of a network: output, parameters, multiply-adds and purpose of each layer."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from mien.run_record import LayerRecord, NetworkRecord, Reason, Window
from mien.training.networks import Network


def describe(network: Network, size: int) -> NetworkRecord:
    """Run one face of ``size`` x ``size`` pixels through the network and record every layer."""
    outputs: dict[str, Tensor] = {}
    shapes: dict[str, tuple[int, ...]] = {}  # of the inputs

    def note(name: str, layer: nn.Module) -> RemovableHandle:
        def hook(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            outputs[name], shapes[name] = output, tuple(inputs[0].shape[1:])

        return layer.register_forward_hook(hook)

    leaves = {name: layer for name, layer in network.named_modules() if _is_leaf(layer)}
    hooks = [note(name, layer) for name, layer in leaves.items()]
    was_training = network.training
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, 1, size, size, device=next(network.parameters()).device))
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    order = [leaves[name] for name in outputs]
    layers = tuple(
        LayerRecord(
            name=name,
            kind=type(layer).__name__,
            output=tuple(outputs[name].shape[1:]),
            parameters=sum(parameter.numel() for parameter in layer.parameters()),
            macs=_macs(layer, outputs[name]),
            reason=_reason(name, order, index),
            dropout=layer.p if isinstance(layer, nn.Dropout) else None,
            input=shapes[name],
            window=_window(layer),
        )
        for index, (name, layer) in enumerate(zip(outputs, order, strict=True))
    )
    activations = 4 * sum(math.prod(layer.output) for layer in layers)
    return NetworkRecord(layers, (1, size, size), activations)


def _reason(name: str, layers: Sequence[nn.Module], index: int) -> Reason:
    """The key of the text about a layer's purpose, from its kind and its neighbours."""
    layer, after = layers[index], layers[index + 1 : index + 2]
    if "shortcut" in name:
        return "shortcut"
    if isinstance(layer, nn.Dropout):
        if layer.p == 0:
            return "drop_off"
        if not after or not isinstance(after[0], nn.Linear):
            return "drop_conv"
        is_mean = not any(isinstance(other, nn.Linear) for other in layers[index + 2 :])  # one linear layer is left
        return "drop_mean" if is_mean else "drop_linear"
    if isinstance(layer, nn.Conv2d):
        if layer.bias is None:
            return "stem" if index == 0 else "conv_residual"
        return "conv_first" if index == 0 else "conv"
    if isinstance(layer, nn.Linear):
        if not after:
            return "logits"
        return "linear" if any(isinstance(other, nn.Linear) for other in layers[:index]) else "linear_first"
    return REASONS[type(layer).__name__]


REASONS: dict[str, Reason] = {
    "BatchNorm2d": "norm",
    "RReLU": "rrelu",
    "ReLU": "relu",
    "SiLU": "silu",
    "MaxPool2d": "pool",
}
"""Purpose of the kinds of layers that have only one."""


def _macs(layer: nn.Module, output: Tensor) -> int:
    if isinstance(layer, nn.Conv2d):
        return layer.weight.numel() * output.shape[2] * output.shape[3]
    return layer.weight.numel() if isinstance(layer, nn.Linear) else 0


def _window(layer: nn.Module) -> Window | None:
    """The window of a convolution or a pooling, which are square here."""
    if isinstance(layer, nn.Conv2d):
        return Window(layer.kernel_size[0], layer.stride[0], int(layer.padding[0]), layer.bias is not None)
    if isinstance(layer, nn.MaxPool2d):
        sides = (layer.kernel_size, layer.stride, layer.padding)
        kernel, stride, padding = (side if isinstance(side, int) else side[0] for side in sides)
        return Window(kernel, stride, padding, bias=False)
    return None


def _is_leaf(layer: nn.Module) -> bool:
    return not any(layer.children()) and not isinstance(layer, nn.Sequential)
