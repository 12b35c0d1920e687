"""What training can do about classes of unequal size: weigh the loss, look away from easy rows, or draw rows more evenly."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def class_weights(counts: Tensor, power: float) -> Tensor:
    """Weights ``(K,)`` of each class's rows in the loss: the class's share to the power of ``-power``, with a mean of 1 over the rows.

    With a power of 1 all classes weigh the same in sum; with 0.5 a class weighs as the root of its share. A class without
    rows gets 0.

    Args:
        counts: ``(K,)`` training rows of each class.
        power: from 0, which leaves rows alike, to 1.
    """
    counts = counts.double()
    weights = torch.where(counts > 0, counts.clamp(min=1) ** -power, 0.0)
    return (weights * counts.sum() / (weights * counts).sum()).float()


def balanced_order(labels: Tensor, power: float, generator: torch.Generator) -> Tensor:
    """An epoch's rows ``(N,)`` in random order, with rare classes more often than they occur.

    Class k gets a number of places in proportion to ``count[k] ** (1 - power)``: with 1, all classes get the same. Within a
    class every row is drawn once before any is drawn again, so an epoch differs from the wanted shares by no chance.

    Args:
        labels: ``(N,)``.
        power: above 0, at most 1.
        generator: the source of randomness; the order is on its device.
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

    A weight belongs to a row, not to a part of its target: weighting the classes of a smoothed target would move the target
    itself, so that a face of a common class is pulled towards the rare ones.

    Args:
        logits: ``(B, K)``.
        target: ``(B, K)``, the distribution that each row should be read as.
        weights: ``(B,)`` the weight of each row, that of its label's class; None for all alike.
        focal: gamma of the focal loss: each term is multiplied by ``(1 - p) ** focal`` (Lin et al., Focal Loss for Dense
            Object Detection, ICCV 2017, equation 4); 0 is plain cross-entropy.
    """
    if focal:
        log_p = F.log_softmax(logits, 1)
        doubt = (1 - log_p.exp()).clamp(min=1e-6)  # the slope of 0 ** focal is infinite where focal is below 1
        losses = (-target * log_p * doubt**focal).sum(1)  # (B,)
    else:
        losses = F.cross_entropy(logits, target, reduction="none")  # (B,)
    return (losses if weights is None else losses * weights).mean()
