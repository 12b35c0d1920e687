"""RReLU and dropout with a faster random number generator on CPUs.

PyTorch's generator runs on one core, and the network ``vgg`` needs millions of random numbers per step. Here numpy's SFC64,
seeded from torch's global generator, gives 16 random bits per activation, so slopes and probabilities have a resolution of
1/65,536. Other devices use PyTorch's generator.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEVELS = 65_536


def random_levels(like: Tensor) -> Tensor:
    """Random ``int16`` values from -32,768 to 32,767 with the shape and memory format of a tensor."""
    seed = int(torch.randint(2**63 - 1, ()))
    words = np.random.SFC64(seed).random_raw(-(-like.numel() // 4))  # four levels to a 64-bit word
    levels = torch.from_numpy(words).view(torch.int16)[: like.numel()]
    return levels.as_strided(like.shape, torch.empty_like(like, device="meta").stride())


class RReLU(nn.RReLU):
    """``nn.RReLU`` as a product with random slopes, which the ONNX exporter supports."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return F.leaky_relu(x, (self.lower + self.upper) / 2)
        with torch.no_grad():  # the slopes are constants in the backward pass
            if x.device.type == "cpu":
                step = (self.upper - self.lower) / LEVELS
                slopes = random_levels(x).to(x.dtype).mul_(step).add_(self.lower + (LEVELS + 1) / 2 * step)
            else:
                slopes = torch.empty_like(x).uniform_(self.lower, self.upper)
            slopes = torch.maximum(slopes, (x >= 0).to(x.dtype))  # several times faster here than torch.where
        return x * slopes


class Dropout(nn.Dropout):
    """``nn.Dropout``: sets each activation to 0 with probability ``p`` in training, and scales the others by ``1 / (1 - p)``."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or x.device.type != "cpu":
            return super().forward(x)
        kept = random_levels(x) >= round(self.p * LEVELS) - LEVELS // 2
        return x * kept.to(x.dtype).mul_(1 / (1 - self.p) if self.p < 1 else 0.0)
