"""Weights beside those that learn: their moving average, and those of the best epoch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mien.run import Run
from mien.training import checkpoint


class WeightAverage:
    """A moving average of a network's weights; batch-norm statistics move along, and counts are copied.

    Args:
        average: where the average is kept, a network of the same kind.
        network: what it follows. Both must keep their tensors, which are looked up once.
    """

    def __init__(self, average: nn.Module, network: nn.Module) -> None:
        pairs = list(zip(average.state_dict().values(), network.state_dict().values(), strict=True))
        self.floats = [pair for pair in pairs if pair[0].is_floating_point()]
        self.counts = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update_ema(self, decay: float) -> None:
        """Move a step towards the network: keep the share ``decay`` of what is there."""
        torch._foreach_lerp_([a for a, _ in self.floats], [b for _, b in self.floats], 1 - decay)
        if self.counts:
            torch._foreach_copy_([a for a, _ in self.counts], [b for _, b in self.counts])


@dataclass(frozen=True)
class BestEpoch:
    """The epoch whose weights ``best.safetensors`` holds, and its hold-out accuracy."""

    epoch: int
    valid_accuracy: float = 0.0


class Best:
    """The weights of the best epoch so far: kept on the device, written when a checkpoint is due."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.taken: tuple[dict[str, Tensor], BestEpoch] | None = None

    def take(self, network: nn.Module, state: BestEpoch) -> None:
        """Keep a copy of the weights, and what the file says of them."""
        tensors = checkpoint.network_tensors(network, "network")
        self.taken = {name: tensor.clone() for name, tensor in tensors.items()}, state

    def write(self) -> None:
        """Write what was taken since the last time, if anything."""
        if self.taken:
            checkpoint.save(self.run.best, *self.taken)
            self.taken = None
