from __future__ import annotations

import pytest
import torch
from torch import nn

from mien.training.noise import Dropout, RReLU, random_levels


def test_rrelu_is_torchs() -> None:
    ours, theirs = RReLU(), nn.RReLU()
    x = torch.randn(200, 200, generator=torch.Generator().manual_seed(0), requires_grad=True)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))
    for layer in (ours.train(), theirs.train()):
        y = layer(x)
        slopes = (y / x)[x < 0].detach()
        assert torch.equal(y[x >= 0], x[x >= 0])
        assert 1 / 8 <= slopes.min() + 1e-6 < 0.126
        assert 0.332 < slopes.max() <= 1 / 3 + 1e-6
        assert abs(float(slopes.mean()) - 11 / 48) < 0.002
        assert abs(float(slopes.std()) - (1 / 3 - 1 / 8) / 12**0.5) < 0.002
        (gradient,) = torch.autograd.grad(y.sum(), x)
        torch.testing.assert_close(gradient, torch.where(x >= 0, 1.0, y / x).detach())


@pytest.mark.parametrize("p", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_dropout_silences_its_share_and_scales_the_rest(p: float) -> None:
    torch.manual_seed(0)
    x = torch.ones(300, 300, requires_grad=True)
    y = Dropout(p).train()(x)
    assert set(y.unique().tolist()) <= {0.0, torch.tensor(1 / (1 - p)).item() if p < 1 else 0.0}
    assert abs(float((y == 0).float().mean()) - p) < 0.006
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert torch.equal(gradient, y.detach())  # what is silent doesn't learn
    assert torch.equal(Dropout(p).eval()(x), x)


def test_noise_follows_the_seed() -> None:
    x = torch.randn(3, 5, 7, 7).contiguous(memory_format=torch.channels_last)
    layer = nn.Sequential(RReLU(), Dropout(0.5)).train()
    torch.manual_seed(1)
    first, second = layer(x), layer(x)
    torch.manual_seed(1)
    assert torch.equal(layer(x), first)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_levels_are_uniform_and_independent(memory_format: torch.memory_format) -> None:
    torch.manual_seed(0)
    like = torch.empty(16, 32, 33, 7).contiguous(memory_format=memory_format)
    levels = random_levels(like)
    assert levels.shape == like.shape
    assert levels.stride() == like.stride()
    shares = (levels.double() + 32_768.5) / 65_536
    assert abs(float(shares.mean()) - 0.5) < 0.003
    assert abs(float(shares.std()) - 12**-0.5) < 0.003
    flat = shares.flatten() - 0.5
    assert abs(float((flat[1:] * flat[:-1]).mean() * 12)) < 0.01  # neighbours don't correlate
