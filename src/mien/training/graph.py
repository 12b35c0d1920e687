"""The computation of the model file in torch: gray faces to calibrated probabilities."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mien.run import Run
from mien.training import checkpoint, networks


class ModelGraph(nn.Module):
    """``uint8`` faces ``(N, H, W)`` to probabilities ``(N, K)``, with normalisation and calibration."""

    CONSTANTS = ("mean", "std", "temperature")
    """Attributes that are numbers of this model, as weights are."""

    def __init__(self, network: nn.Module, mean: float, std: float, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.mean, self.std, self.temperature = mean, std, temperature

    def forward(self, faces: Tensor) -> Tensor:
        """``(N, H, W)`` ``uint8`` to ``(N, K)`` ``float32``."""
        return self.probabilities(faces.float().unsqueeze(1))

    def probabilities(self, faces: Tensor) -> Tensor:
        """Gray levels ``(N, 1, H, W)`` as ``float32`` to ``(N, K)`` ``float32``."""
        logits = self.network((faces - self.mean) / self.std).float()
        return torch.softmax(logits / self.temperature, dim=1)


def load_network(run: Run) -> networks.Network:
    """Load the network of a run with its best weights.

    Raises:
        RunError: the run has no weights yet.
    """
    tensors = checkpoint.tensors(run.best)
    recipe, data = run.recipe, run.record.data
    network = networks.build(recipe.network, len(data.classes), recipe.image_size)
    checkpoint.load_network(network, tensors, "network")
    return network
