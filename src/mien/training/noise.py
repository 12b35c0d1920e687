"""RReLU and dropout whose randomness doesn't hold a CPU up.

PyTorch draws on a CPU one number after the other on one core, while the others wait; the report's network draws millions
per step. Here a counter of numpy's SFC64, seeded from torch's global generator, gives 16 random bits per response, so
slopes and probabilities are exact to 1/65,536. On other devices PyTorch's own draws are used.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEVELS = 65_536


def random_levels(like: Tensor) -> Tensor:
    """A random ``int16`` from -32,768 to 32,767 for each number of a tensor, in its shape and memory format."""
    seed = int(torch.randint(2**63 - 1, ()))
    words = np.random.SFC64(seed).random_raw(-(-like.numel() // 4))  # four levels to a 64-bit word
    levels = torch.from_numpy(words).view(torch.int16)[: like.numel()]
    return levels.as_strided(like.shape, torch.empty_like(like, device="meta").stride())


class RReLU(nn.RReLU):
    """``nn.RReLU``, written as a product with random slopes, which the exporter to ONNX can follow too."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return F.leaky_relu(x, (self.lower + self.upper) / 2)
        with torch.no_grad():  # the slopes are constants to the gradient
            if x.device.type == "cpu":
                step = (self.upper - self.lower) / LEVELS
                slopes = random_levels(x).to(x.dtype).mul_(step).add_(self.lower + (LEVELS + 1) / 2 * step)
            else:
                slopes = torch.empty_like(x).uniform_(self.lower, self.upper)
            slopes = torch.maximum(slopes, (x >= 0).to(x.dtype))  # several times faster here than torch.where
        return x * slopes


class Dropout(nn.Dropout):
    """``nn.Dropout``: silences each response with probability ``p`` in training and scales the others by ``1 / (1 - p)``."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or x.device.type != "cpu":
            return super().forward(x)
        kept = random_levels(x) >= round(self.p * LEVELS) - LEVELS // 2
        return x * kept.to(x.dtype).mul_(1 / (1 - self.p) if self.p < 1 else 0.0)
