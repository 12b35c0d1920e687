"""The optimizers of a recipe: SGD or AdamW, with or without Muon for the hidden convolutions."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mien.recipes import Recipe


def build(recipe: Recipe, network: nn.Module) -> list[torch.optim.Optimizer]:
    """The recipe's optimizers; each parameter group has its peak learning rate as ``peak``.

    Weight decay applies to the weights of convolutions and linear layers, not to biases and batch-norm parameters. With
    ``recipe.muon``, Muon trains the hidden convolutions; it keeps their norms constant, so they need no weight decay.
    """
    hidden = hidden_convolutions(network) if recipe.muon else []
    others = [p for p in network.parameters() if not any(p is q for q in hidden)]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in others if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0},
    ]
    rate, momentum = recipe.learning_rate, recipe.momentum
    plain: torch.optim.Optimizer
    if recipe.optimizer == "adamw":
        plain = AdamW(groups, lr=rate, betas=(momentum, 0.999))
    else:
        plain = SGD(groups, lr=rate, momentum=momentum, nesterov=recipe.nesterov)
    optimizers: list[torch.optim.Optimizer] = [plain, Muon(hidden, recipe.muon)] if hidden else [plain]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return optimizers


def set_rates(optimizers: Iterable[torch.optim.Optimizer], share: float) -> None:
    """Set the learning rate of each parameter group to a share of its peak."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(group["peak"] * share)
            else:
                group["lr"] = group["peak"] * share


def recordable(
    optimizers: Sequence[torch.optim.Optimizer], device: torch.device, *, on: bool = True
) -> tuple[list[torch.optim.Optimizer], list[torch.optim.Optimizer]]:
    """The optimizers whose steps can be part of a CUDA graph, and the others.

    A graph repeats the numbers that it was recorded with, so the learning rate of the first becomes a tensor on the device. Only
    Muon is one of them: it launches hundreds of kernels, and PyTorch's optimizers a few.
    """
    inside: list[torch.optim.Optimizer] = [optimizer for optimizer in optimizers if on and isinstance(optimizer, Muon)]
    for optimizer in inside:
        for group in optimizer.param_groups:
            group["lr"] = torch.tensor(group["lr"], device=device)
    return inside, [optimizer for optimizer in optimizers if optimizer not in inside]


def hidden_convolutions(network: nn.Module) -> list[nn.Parameter]:
    """The weights of all convolutions with more than one input channel and kernels larger than 1x1."""
    return [p for p in network.parameters() if p.ndim == 4 and p.shape[1] > 1 and p.shape[2] > 1]


class _Uncompiled(torch.optim.Optimizer):
    """An optimizer whose methods are torch's own without the wrappers for ``torch.compile``.

    Each wrapper imports torch's compiler when it is first called, which takes half of the start-up of a training.
    """

    add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
    load_state_dict = inspect.unwrap(torch.optim.Optimizer.load_state_dict)
    state_dict = inspect.unwrap(torch.optim.Optimizer.state_dict)
    zero_grad = inspect.unwrap(torch.optim.Optimizer.zero_grad)


class SGD(_Uncompiled, torch.optim.SGD):
    """``torch.optim.SGD``, not compiled."""

    step = torch.no_grad()(inspect.unwrap(torch.optim.SGD.step))


class AdamW(_Uncompiled, torch.optim.AdamW):
    """``torch.optim.AdamW``, not compiled."""

    step = torch.no_grad()(inspect.unwrap(torch.optim.AdamW.step))


class Muon(_Uncompiled):
    """Muon: momentum with orthogonalized updates (Jordan, Muon: An optimizer for hidden layers in neural networks, 2024).

    ``torch.optim.Muon`` supports matrices only and iterates in bf16, which many CPUs emulate about a hundred times slower.
    This version supports convolutions, iterates in the precision of the gradient (bf16 on CUDA), and batches layers of equal
    shape. Each weight is a matrix with one row per output channel and is kept at the norm ``sqrt(rows)``: a batch norm follows,
    so only the direction matters, and the learning rate is the angle of a step in radians.

    Args:
        params: convolution weights, ``(out, in, height, width)``, each followed by a normalisation.
        lr: the learning rate.
        momentum: decay of the moving average of the gradient.
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float, momentum: float = 0.9) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override] # no closure is ever given
        """Update all weights."""
        del closure
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = {}
            for p in group["params"]:
                if p.grad is not None:
                    by_shape.setdefault(p.shape, []).append(p)
            for weights in by_shape.values():
                self._step_batch(weights, group["lr"], group["momentum"])

    def _step_batch(self, weights: list[Tensor], rate: float | Tensor, momentum: float) -> None:
        grads = [p.grad for p in weights if p.grad is not None]
        for p in weights:
            if "momentum_buffer" not in self.state[p]:
                self.state[p]["momentum_buffer"] = torch.zeros_like(p)
        buffers = [self.state[p]["momentum_buffer"] for p in weights]
        torch._foreach_lerp_(buffers, grads, 1 - momentum)
        nesterov = torch._foreach_lerp(grads, buffers, momentum)
        updates = orthogonal(torch.stack([update.flatten(1) for update in nesterov]))  # (layers, out, in * taps)
        for p, update in zip(weights, updates, strict=True):
            length = math.sqrt(len(p))
            p.mul_(length / p.norm())
            if isinstance(rate, Tensor):
                p.sub_(update.view(p.shape) * rate)
            else:
                p.add_(update.view(p.shape), alpha=-rate)
            p.mul_(length / p.norm())


def orthogonal(matrices: Tensor) -> Tensor:
    """Approximate the nearest semi-orthogonal matrices by five Newton-Schulz iterations.

    The odd quintic has the coefficients of Jordan (Muon: An optimizer for hidden layers in neural networks, 2024). Singular
    values of at least 1% of the matrix's Frobenius norm become 0.68 to 1.20; smaller ones are multiplied by at most 485.

    Args:
        matrices: ``(B, rows, columns)``.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrices.shape[1] > matrices.shape[2]
    x: Tensor = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    if x.device.type == "cuda":
        x = x.bfloat16()  # as Jordan does: tensor cores are ten times faster in bf16 than in fp32
    for _ in range(5):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).to(matrices.dtype)
