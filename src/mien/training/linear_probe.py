"""Linear probe: logistic regression on the features of a network, as the first weights of a new last layer.

Fine-tuning from a linear probe needs no epochs with frozen layers, and changes the features less than fine-tuning from a random layer
(Kumar et al., Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution, ICLR 2022).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mien.training.networks import Network

PENALTY = 0.03
"""L2 penalty: half of it, times the sum of squared weights, is added to the mean cross-entropy. docs/own-data.md says how it was chosen."""

STEPS = 200
"""Maximum number of L-BFGS iterations; a few dozen are usually enough."""


@torch.no_grad()
def features(network: Network, faces: Tensor, mean: float, std: float) -> Tensor:
    """The input of the last layer ``(2N, C)`` in fp32: of N faces, then of their mirror images.

    Args:
        network: the network; it is left in evaluation mode.
        faces: ``(N, H, W)`` ``uint8``, on the network's device.
        mean, std: normalisation, in gray levels (0 to 255).
    """
    network.eval()
    shown = torch.cat((faces, faces.flip(2)))
    return torch.cat([network.embed((batch.float().unsqueeze(1) - mean) / std) for batch in torch.split(shown, 256)])


def fit(features: Tensor, labels: Tensor, num_classes: int, penalty: float = PENALTY) -> tuple[Tensor, Tensor]:
    """Fit a linear layer by multinomial logistic regression with an L2 penalty, on centred features divided by one number.

    One number for all, the mean of their standard deviations, leaves features that vary more with more weight: with a number for each,
    ten people's faces gave a log-loss of 0.196 on others' in place of 0.184 (docs/own-data.md).

    Args:
        features: ``(N, C)``.
        labels: ``(N,)``, class numbers below ``num_classes``; a class may have no rows.
        num_classes: K.
        penalty: see ``PENALTY``.

    Returns:
        Weight ``(K, C)`` and bias ``(K,)`` for the features as they are, in fp32.
    """
    x = features.double()
    mean, scale = x.mean(0), x.std(0, correction=0).mean().clamp_min(1e-12)
    x = (x - mean) / scale
    weight = torch.zeros(num_classes, x.shape[1], dtype=x.dtype, device=x.device, requires_grad=True)
    bias = torch.zeros(num_classes, dtype=x.dtype, device=x.device, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=STEPS, tolerance_grad=1e-6, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        # Without a small penalty, the bias of a class without rows would go to minus infinity.
        squares = weight.square().sum() + 0.01 * bias.square().sum()
        value = F.cross_entropy(x @ weight.T + bias, labels) + 0.5 * penalty * squares
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    weight, bias = weight.detach() / scale, bias.detach()
    return weight.float(), (bias - weight @ mean).float()
