"""One training step after augmentation: forward pass, loss, gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mien.recipes import Recipe
from mien.training import devices
from mien.training.imbalance import cross_entropy


class Learner(nn.ModuleDict):
    """The trained modules: ``network``, and the auxiliary head ``votes`` if the recipe has one."""

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor | None]:  # (B, 1, H, W)
        """The logits of the network and of the auxiliary head, ``(B, K)`` each; None without the head."""
        network: Any = self["network"]
        features = network.embed(faces)  # (B, C)
        return network.last(features), self["votes"](features) if "votes" in self else None


class Step:
    """Computes gradients, and takes the steps of the optimizers that can be part of a CUDA graph.

    Args:
        recipe: settings of the loss.
        learner: the trained modules.
        compute: the learner, possibly compiled or wrapped for several processes.
        optimizers: those whose steps are part of this one.
        device, precision: of the forward pass.
    """

    def __init__(
        self,
        recipe: Recipe,
        learner: Learner,
        compute: Callable[[Tensor], tuple[Tensor, Tensor | None]],
        optimizers: Sequence[torch.optim.Optimizer],
        device: torch.device,
        precision: str,
    ) -> None:
        self.recipe, self.learner, self.compute, self.optimizers = recipe, learner, compute, optimizers
        self.device, self.precision = device, precision
        self.memory_format = devices.memory_format(device)

    def __call__(
        self, x: Tensor, target: Tensor, weights: Tensor | None, votes: Tensor | None, asked: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Gradients of a batch.

        Args:
            x: normalised faces ``(B, 1, H, W)``.
            target: distribution over the classes ``(B, K)``.
            weights: of the rows ``(B,)``; None for equal ones.
            votes, asked: distribution of the annotators' votes ``(B, K)``, and whether there are any ``(B,)``; None without the head.

        Returns:
            The loss, and the number of faces whose predicted class is that of the target, both as tensors without dimensions.
        """
        recipe = self.recipe
        self.learner.zero_grad(set_to_none=True)
        with devices.autocast(self.device, self.precision):
            logits, vote_logits = self.compute(x.contiguous(memory_format=self.memory_format))  # (B, K)
        loss = cross_entropy(logits.float(), target, weights, recipe.focal)
        if vote_logits is not None and votes is not None and asked is not None:
            vote_loss = F.cross_entropy(vote_logits.float(), votes, reduction="none") * asked
            loss = loss + recipe.auxiliary_head * vote_loss.mean()
        loss.backward()  # type: ignore[no-untyped-call]
        if recipe.clip_norm:
            nn.utils.clip_grad_norm_(self.learner.parameters(), recipe.clip_norm)
        for optimizer in self.optimizers:
            optimizer.step()
        return loss.detach(), (logits.argmax(1) == target.argmax(1)).sum()
