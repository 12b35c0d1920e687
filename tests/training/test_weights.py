"""Weights beside those that learn."""

from __future__ import annotations

import torch
from torch import nn

from mien.training.weights import WeightAverage


def test_the_average_follows_weights_and_statistics() -> None:
    average, network = nn.BatchNorm2d(2), nn.BatchNorm2d(2)
    with torch.no_grad():
        network.weight.fill_(3.0)
    network(torch.randn(4, 2, 3, 3))
    WeightAverage(average, network).update_ema(0.75)
    assert average.weight.tolist() == [1.5, 1.5]
    assert average.num_batches_tracked == 1
