"""Random numbers for augmentation: one per face and call, from one generator.

They are drawn where the generator is and go to where the faces are: a generator on the CPU gives the same numbers whatever the
faces are on.
"""

from __future__ import annotations

import torch
from torch import Tensor


class Draws:
    """One random number per face and call.

    Args:
        num: how many faces.
        generator: the source of all randomness, on ``device`` or on the CPU.
        device: where the numbers go.
    """

    def __init__(self, num: int, generator: torch.Generator, device: torch.device) -> None:
        self.num = num
        self.generator = generator
        self.device = device

    def of(self, num: int) -> Draws:
        """The same source for another number of faces."""
        return Draws(num, self.generator, self.device)

    def uniform(self, low: float, high: float) -> Tensor:
        """``(N,)`` numbers from ``low`` to ``high``."""
        return self._rand() * (high - low) + low

    def both_ways(self, largest: float) -> Tensor:
        """``(N,)`` numbers from ``-largest`` to ``largest``."""
        return self.uniform(-largest, largest)

    def chance(self, probability: float) -> Tensor:
        """``(N,)`` of 0.0 and 1.0."""
        return (self._rand() < probability).float()

    def whole(self, num_values: int) -> Tensor:
        """``(N,)`` whole numbers from 0 to ``num_values - 1``."""
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
