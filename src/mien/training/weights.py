"""Additional copies of the weights: their moving average (EMA), and the weights of the best epoch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mien.run import Run
from mien.training import checkpoint


class WeightAverage:
    """An exponential moving average of a network's weights and batch-norm statistics; integer counts are copied.

    Args:
        average: a network of the same kind, which holds the average.
        network: the trained network. The tensors of both must not be replaced later.
    """

    def __init__(self, average: nn.Module, network: nn.Module) -> None:
        pairs = list(zip(average.state_dict().values(), network.state_dict().values(), strict=True))
        self.floats = [pair for pair in pairs if pair[0].is_floating_point()]
        self.counts = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update_ema(self, decay: float) -> None:
        """Update: ``average = decay * average + (1 - decay) * network``."""
        torch._foreach_lerp_([a for a, _ in self.floats], [b for _, b in self.floats], 1 - decay)
        if self.counts:
            torch._foreach_copy_([a for a, _ in self.counts], [b for _, b in self.counts])


@dataclass(frozen=True)
class BestEpoch:
    """The JSON state of ``best.safetensors``: number and hold-out accuracy of the epoch."""

    epoch: int
    valid_accuracy: float = 0.0


class Best:
    """The weights of the best epoch so far, kept on the device until a checkpoint is due."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.taken: tuple[dict[str, Tensor], BestEpoch] | None = None

    def take(self, network: nn.Module, state: BestEpoch) -> None:
        """Keep a copy of the weights and their epoch."""
        tensors = checkpoint.network_tensors(network, "network")
        self.taken = {name: tensor.clone() for name, tensor in tensors.items()}, state

    def write(self) -> None:
        """Write the weights that were taken since the last call, if any."""
        if self.taken:
            checkpoint.save(self.run.best, *self.taken)
            self.taken = None
