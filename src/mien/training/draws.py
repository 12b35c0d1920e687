"""Random numbers for augmentation: one per face and call, from one generator.

They are drawn on the generator's device and moved to the device of the faces. A generator on the CPU therefore gives the same
numbers for every device.
"""

from __future__ import annotations

import torch
from torch import Tensor


class Draws:
    """One random number per face and call.

    Args:
        num: number of faces.
        generator: source of all random numbers, on ``device`` or on the CPU.
        device: device of the results.
    """

    def __init__(self, num: int, generator: torch.Generator, device: torch.device) -> None:
        self.num = num
        self.generator = generator
        self.device = device

    def of(self, num: int) -> Draws:
        """The same generator for another number of faces."""
        return Draws(num, self.generator, self.device)

    def uniform(self, low: float, high: float) -> Tensor:
        """``(N,)`` uniform numbers from ``low`` to ``high``."""
        return self._rand() * (high - low) + low

    def both_ways(self, largest: float) -> Tensor:
        """``(N,)`` uniform numbers from ``-largest`` to ``largest``."""
        return self.uniform(-largest, largest)

    def chance(self, probability: float) -> Tensor:
        """``(N,)`` numbers that are 1.0 with this probability, else 0.0."""
        return (self._rand() < probability).float()

    def integers(self, num_values: int) -> Tensor:
        """``(N,)`` uniform integers from 0 to ``num_values - 1``."""
        return self._here(
            torch.randint(num_values, (self.num,), generator=self.generator, device=self.generator.device)
        )

    def normal(self, shape: tuple[int, ...]) -> Tensor:
        """Standard normal numbers of any shape."""
        return self._here(torch.randn(shape, generator=self.generator, device=self.generator.device))

    def _rand(self) -> Tensor:
        return self._here(torch.rand(self.num, generator=self.generator, device=self.generator.device))

    def _here(self, numbers: Tensor) -> Tensor:
        return numbers.to(self.device, non_blocking=True)
