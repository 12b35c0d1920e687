"""Techniques for class imbalance: loss weights, focal loss and balanced sampling."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def class_weights(counts: Tensor, power: float) -> Tensor:
    """Loss weights ``(K,)`` of the classes: ``(1 / class frequency)^power``, scaled to a mean of 1 over the rows.

    With ``power`` 1, all classes have the same total weight; with 0.5, the total weight of a class is proportional to the
    square root of its frequency. A class without rows has weight 0.

    Args:
        counts: ``(K,)`` training rows of each class.
        power: exponent, from 0 (equal weights) to 1.
    """
    counts = counts.double()
    weights = torch.where(counts > 0, counts.clamp(min=1) ** -power, 0.0)
    return (weights * counts.sum() / (weights * counts).sum()).float()


def balanced_order(labels: Tensor, power: float, generator: torch.Generator) -> Tensor:
    """Row indices ``(N,)`` of an epoch in random order, with rare classes oversampled.

    The number of draws of class k is proportional to ``count[k] ** (1 - power)``; with ``power`` 1, all classes have the same
    number. Within a class, every row is drawn once before any is drawn again, so the class shares are exact in every epoch.

    Args:
        labels: ``(N,)``.
        power: above 0, at most 1.
        generator: source of random numbers; the result is on its device.
    """
    labels = labels.to(generator.device)
    num_rows = len(labels)
    counts = torch.bincount(labels).double()
    wanted = torch.where(counts > 0, counts.clamp(min=1) ** (1 - power), 0.0).cumsum(0)
    ends = (wanted * (num_rows / wanted[-1])).round().long().tolist()
    drawn: list[Tensor] = []
    for index, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        rows = (labels == index).nonzero()[:, 0]
        rounds = -(-(end - start) // max(1, len(rows)))
        shuffled = [rows[torch.randperm(len(rows), generator=generator, device=labels.device)] for _ in range(rounds)]
        drawn += [torch.cat(shuffled)[: end - start]] if shuffled else []
    order = torch.cat(drawn)
    return order[torch.randperm(num_rows, generator=generator, device=labels.device)]


def cross_entropy(logits: Tensor, target: Tensor, weights: Tensor | None = None, focal: float = 0.0) -> Tensor:
    """The mean loss of a batch.

    Weights apply to rows, not to classes of the target: class weights on a smoothed target would change the target
    distribution and increase the probability of rare classes on every row.

    Args:
        logits: ``(B, K)``.
        target: ``(B, K)``, the target distribution of each row.
        weights: ``(B,)`` the weight of each row, from the class of its label; None for equal weights.
        focal: gamma of the focal loss: each term is multiplied by ``(1 - p) ** focal`` (Lin et al., Focal Loss for Dense
            Object Detection, ICCV 2017, equation 4); 0 is plain cross-entropy.
    """
    if focal:
        log_p = F.log_softmax(logits, 1)
        rest = (1 - log_p.exp()).clamp(min=1e-6)  # the gradient of 0 ** focal is infinite if focal < 1
        losses = (-target * log_p * rest**focal).sum(1)  # (B,)
    else:
        losses = F.cross_entropy(logits, target, reduction="none")  # (B,)
    return (losses if weights is None else losses * weights).mean()
