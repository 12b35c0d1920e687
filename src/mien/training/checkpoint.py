"""Checkpoints: tensors and JSON in one safetensors file, written atomically, without pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from mien import files, typed_json
from mien.errors import OutputError, RunError

State = TypeVar("State")


def save(path: Path, tensors: Mapping[str, Tensor], state: Any) -> None:
    """Write named tensors and a state.

    Args:
        path: the file.
        tensors: the tensors by name.
        state: a dataclass that JSON can represent.

    Raises:
        OutputError: the file can't be written.
    """
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    with files.atomic_write(path) as temporary:
        try:
            save_file(plain, temporary, metadata={"state": json.dumps(typed_json.to_json(state))})
        except SafetensorError as error:
            raise OutputError(f"'{path}' can't be written: {error}.") from None


def load(path: Path, kind: type[State]) -> tuple[dict[str, Tensor], State]:
    """Read what ``save`` wrote, onto the CPU.

    Args:
        path: the file.
        kind: the dataclass of the state.

    Raises:
        RunError: the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            # Copies: a tensor of safetensors keeps the file mapped, and Windows doesn't replace a mapped file.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 # not a dict
            return tensors, typed_json.parse(file.metadata()["state"], kind)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"The checkpoint '{path}' can't be read ({error}): train again, or resume another run."
        ) from None


def tensors(path: Path) -> dict[str, Tensor]:
    """Only the tensors of a checkpoint; see ``load``."""
    return load(path, object)[0]


def network_tensors(network: nn.Module, prefix: str) -> dict[str, Tensor]:
    """The network's weights and buffers, with a prefix before their names."""
    return {f"{prefix}.{name}": tensor for name, tensor in network.state_dict().items()}


def load_network(network: nn.Module, tensors: Mapping[str, Tensor], prefix: str) -> None:
    """Load the tensors with a prefix into a network of the same shape.

    Raises:
        RunError: the tensors belong to another network.
    """
    own = {name.removeprefix(f"{prefix}."): tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")}
    try:
        network.load_state_dict(own)
    except RuntimeError as error:
        raise RunError(
            f"The checkpoint doesn't fit the network of the recipe: {str(error).splitlines()[-1].strip()}"
        ) from None


def optimizer_tensors(optimizer: torch.optim.Optimizer, prefix: str) -> dict[str, Tensor]:
    """The optimizer's state, with a prefix before the names, one name per parameter and quantity."""
    state = optimizer.state_dict()["state"]
    return {
        f"{prefix}.{index}.{key}": torch.as_tensor(value)
        for index, slots in state.items()
        for key, value in slots.items()
        if value is not None
    }


def load_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], prefix: str) -> None:
    """Load the result of ``optimizer_tensors``, in each parameter's memory format.

    Raises:
        RunError: the tensors belong to another optimizer.
    """
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state = optimizer.state_dict()
    for name, tensor in tensors.items():
        if not name.startswith(f"{prefix}."):
            continue
        _, index, key = [*name.split(".", 2), "", ""][:3]
        fits = index.isdecimal() and int(index) < len(parameters) and key
        if not fits or (tensor.ndim > 0 and tensor.shape != parameters[int(index)].shape):
            raise RunError(f"The checkpoint doesn't fit the optimizer of the recipe: it has '{name}'. Train again.")
        parameter = parameters[int(index)]
        value = torch.empty_like(parameter).copy_(tensor) if tensor.ndim > 0 else tensor
        state["state"].setdefault(int(index), {})[key] = value
    optimizer.load_state_dict(state)
