from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from mien import recipes
from mien.training import networks, optimizers


def test_only_weights_decay() -> None:
    network = networks.build("tiny", 7, 48)
    ((decaying, plain),) = (
        optimizer.param_groups for optimizer in optimizers.build(recipes.get("demo", ["muon=0"]), network)
    )
    assert decaying["weight_decay"] == 5e-4
    assert plain["weight_decay"] == 0
    assert all(p.ndim > 1 for p in decaying["params"])
    assert sum(p.numel() for group in (decaying, plain) for p in group["params"]) == networks.num_parameters(network)


def test_muon_takes_the_hidden_convolutions_and_nothing_is_left_out() -> None:
    network = networks.build("tiny", 7, 48)
    plain, muon = optimizers.build(recipes.get("demo", ["muon=0.03"]), network)
    groups = [group for optimizer in (plain, muon) for group in optimizer.param_groups]
    assert sum(p.numel() for group in groups for p in group["params"]) == networks.num_parameters(network)
    (turned,) = muon.param_groups
    assert turned["peak"] == 0.03
    assert len(turned["params"]) == 8  # two convolutions in each of four blocks: neither the stem nor the shortcuts
    assert plain.param_groups[0]["peak"] == recipes.get("demo").learning_rate


@pytest.mark.parametrize("shape", [(8, 72), (72, 8), (16, 16)])
def test_orthogonal_flattens_the_singular_values(shape: tuple[int, int]) -> None:
    matrices = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0))
    u, _, vh = torch.linalg.svd(matrices, full_matrices=False)
    flattened = optimizers.orthogonal(matrices)
    lengths = u.mT @ flattened @ vh.mT  # in the singular directions of the original: diagonal, about 1
    diagonal = torch.diagonal(lengths, dim1=1, dim2=2)
    assert diagonal.min() > 0.6
    assert diagonal.max() < 1.25
    torch.testing.assert_close(lengths, torch.diag_embed(diagonal), atol=1e-4, rtol=0)


def test_muon_keeps_lengths_and_lowers_the_loss() -> None:
    torch.manual_seed(0)
    conv, norm = nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8)
    x, wanted = torch.randn(32, 3, 6, 6), torch.randn(32, 8, 4, 4)
    muon = optimizers.Muon(list(conv.parameters()), lr=0.05)
    losses = []
    for _ in range(40):
        loss = (norm(conv(x)) - wanted).square().mean()
        muon.zero_grad()
        loss.backward()
        muon.step()
        losses.append(loss.item())
        assert conv.weight.norm().item() == pytest.approx(8**0.5, rel=1e-5)
    assert losses[-1] < losses[0] - 0.02


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["muon=0", "learning_rate=0.1"], lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=True)),
        (["muon=0", "optimizer=adamw"], lambda groups: torch.optim.AdamW(groups, lr=0.05, betas=(0.9, 0.999))),
    ],
)
def test_they_step_as_torchs_own_do(
    settings: list[str], expected: Callable[[list[dict[str, Any]]], torch.optim.Optimizer]
) -> None:
    ours, theirs = (nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(16, 7)) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    (optimizer,) = optimizers.build(recipes.get("demo", settings), ours)
    torchs = expected(
        [
            {"params": [p for p in theirs.parameters() if (p.ndim > 1) == decays], "weight_decay": 5e-4 * decays}
            for decays in (True, False)
        ]
    )
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        x = torch.randn(8, 1, 4, 4, generator=generator)
        for network, one in ((ours, optimizer), (theirs, torchs)):
            one.zero_grad()
            network(x).square().mean().backward()
            one.step()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(p, q)


def test_training_does_not_import_torchs_compiler() -> None:
    """It took half of the start-up of a training."""
    code = """
import sys
import torch
from mien import recipes
from mien.training import networks, optimizers
for settings in (["muon=0.02"], ["optimizer=adamw"]):
    network = networks.build("tiny", 7, 48)
    for optimizer in optimizers.build(recipes.get("demo", settings), network):
        optimizer.zero_grad()
        network(torch.zeros(2, 1, 48, 48)).sum().backward()
        optimizer.step()
        optimizer.load_state_dict(optimizer.state_dict())
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
