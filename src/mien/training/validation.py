"""Validation: predictions and scores on the held-out rows, and the test for divergence."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mien.errors import TrainingError
from mien.training import devices
from mien.training.calibration import CrossFit

DIVERGED = 100.0
"""Training has diverged if its loss exceeds this factor times the loss of guessing, log(number of classes)."""


@torch.no_grad()
def predict(network: nn.Module, faces: Tensor, mean: float, std: float, device: torch.device, precision: str) -> Tensor:
    """Logits ``(N, K)`` in fp32 of faces ``(N, H, W)``, without augmentation."""
    network.eval()
    memory_format = devices.memory_format(device)
    logits = []
    for batch in torch.split(faces, 256):
        x = (batch.to(device).float().unsqueeze(1) - mean) / std
        with devices.autocast(device, precision):
            logits.append(network(x.contiguous(memory_format=memory_format)).float())
    return torch.cat(logits)


def score(
    network: nn.Module,
    faces: Tensor,
    labels: Tensor,
    mean: float,
    std: float,
    precision: str,
    crossfit: CrossFit | None = None,
) -> tuple[float, float]:
    """Mean log-loss and accuracy on faces ``(N, H, W)`` with labels ``(N,)``, without augmentation, on their device."""
    logits = predict(network, faces, mean, std, faces.device, precision)  # (N, K)
    if crossfit:
        crossfit.update(logits, labels)
    return float(F.cross_entropy(logits, labels)), float((logits.argmax(1) == labels).float().mean())


def has_diverged(loss: float, num_classes: int) -> bool:
    """Whether a mean loss is NaN, or at least ``DIVERGED`` times the loss of guessing."""
    return not loss < DIVERGED * math.log(num_classes)  # every comparison with NaN is false


def check_loss(loss: float, num_classes: int, epoch: int, rate: float) -> None:
    """Stop a training that has diverged.

    Raises:
        TrainingError: ``has_diverged``.
    """
    if has_diverged(loss, num_classes):
        shown = f"{loss:.3g} (guessing: {math.log(num_classes):.2f})" if math.isfinite(loss) else "not finite"
        raise TrainingError(
            f"The loss is {shown} in epoch {epoch} (learning rate {rate:.3g}): "
            "train again with a lower learning_rate, or with --set clip_norm=1."
        )
