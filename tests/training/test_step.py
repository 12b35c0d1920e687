from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mien import recipes
from mien.training import networks, optimizers
from mien.training.step import Learner, Step

CPU = torch.device("cpu")


def learner(votes: bool = False) -> Learner:
    torch.manual_seed(0)
    network = networks.build("tiny", 7, 16, 0)
    return Learner({"network": network} | ({"votes": nn.Linear(network.last.in_features, 7)} if votes else {}))


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(8, 1, 16, 16, generator=generator), torch.eye(7)[torch.arange(8) % 7]


def test_a_step_gives_loss_hits_and_gradients() -> None:
    own, (x, target) = learner(), batch()
    loss, right = Step(recipes.get("demo"), own, own, [], CPU, "fp32")(x, target, None, None, None)
    logits = own(x)[0].detach()
    assert float(loss) == pytest.approx(float(F.cross_entropy(logits, target)), rel=1e-5)
    assert int(right) == int((logits.argmax(1) == target.argmax(1)).sum())
    assert all(p.grad is not None for p in own.parameters())
    assert not loss.requires_grad


def test_weights_of_rows_and_the_auxiliary_head_change_the_loss() -> None:
    own, (x, target) = learner(votes=True), batch()
    step = Step(recipes.get("demo", ["auxiliary_head=0.5"]), own, own, [], CPU, "fp32")
    votes, asked = torch.full((8, 7), 1 / 7), torch.tensor([1.0] * 4 + [0.0] * 4)
    loss, _ = step(x, target, torch.arange(8.0), votes, asked)
    with torch.no_grad():
        logits, voted = own(x)
    rows = F.cross_entropy(logits, target, reduction="none") * torch.arange(8.0)
    expected = rows.mean() + 0.5 * (F.cross_entropy(voted, votes, reduction="none") * asked).mean()
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)


def test_gradients_are_clipped_before_the_optimizers_step() -> None:
    own, (x, target) = learner(), batch()
    recipe = recipes.get("demo", ["clip_norm=0.01"])
    plain = torch.optim.SGD(own.parameters(), lr=1.0)
    before = [p.detach().clone() for p in own.parameters()]
    Step(recipe, own, own, [plain], CPU, "fp32")(x, target, None, None, None)
    moved = torch.cat([(p.detach() - old).flatten() for p, old in zip(own.parameters(), before, strict=True)])
    assert float(moved.norm()) == pytest.approx(0.01, rel=1e-3)


def test_muon_takes_a_rate_that_is_a_tensor() -> None:
    """As in a CUDA graph, where a number would be repeated."""
    moved = []
    for on in (False, True):
        own, (x, target) = learner(), batch()
        recipe = recipes.get("demo", ["muon=0.03"])
        inside, outside = optimizers.recordable(optimizers.build(recipe, own), CPU, on=on)
        assert [type(each).__name__ for each in inside] == (["Muon"] if on else [])
        optimizers.set_rates([*inside, *outside], 0.5)
        Step(recipe, own, own, inside, CPU, "fp32")(x, target, None, None, None)
        for optimizer in outside:
            optimizer.step()
        moved.append(torch.cat([p.detach().flatten() for p in own.parameters()]))
    torch.testing.assert_close(moved[0], moved[1], rtol=0, atol=1e-6)
