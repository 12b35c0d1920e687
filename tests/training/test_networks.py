from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mien.errors import RecipeError
from mien.training import networks, summary

REPORT_TABLE = [
    ("Conv2d", (64, 64, 64), 640), ("BatchNorm2d", (64, 64, 64), 128), ("RReLU", (64, 64, 64), 0),
    ("MaxPool2d", (64, 32, 32), 0), ("Dropout", (64, 32, 32), 0),
    ("Conv2d", (128, 32, 32), 73_856), ("BatchNorm2d", (128, 32, 32), 256), ("ReLU", (128, 32, 32), 0),
    ("MaxPool2d", (128, 16, 16), 0), ("Dropout", (128, 16, 16), 0),
    ("Conv2d", (256, 16, 16), 295_168), ("BatchNorm2d", (256, 16, 16), 512), ("ReLU", (256, 16, 16), 0),
    ("MaxPool2d", (256, 8, 8), 0), ("Dropout", (256, 8, 8), 0),
    ("Conv2d", (512, 8, 8), 1_180_160), ("BatchNorm2d", (512, 8, 8), 1_024), ("ReLU", (512, 8, 8), 0),
    ("MaxPool2d", (512, 4, 4), 0), ("Dropout", (512, 4, 4), 0),
    ("Dropout", (8192,), 0), ("Linear", (4096,), 33_558_528), ("RReLU", (4096,), 0), ("Dropout", (4096,), 0),
    ("Linear", (1024,), 4_195_328), ("RReLU", (1024,), 0),
    ("Linear", (256,), 262_400), ("RReLU", (256,), 0),
    ("Linear", (7,), 1_799),
]  # fmt: skip
"""The layer table of the report: kind, output, parameters."""


def test_the_report_network_is_the_reports_layer_for_layer() -> None:
    description = summary.describe(networks.build("vgg", 7, 64), 64)
    assert [(layer.kind, layer.output, layer.parameters) for layer in description.layers] == REPORT_TABLE
    assert description.parameters == 39_569_799


@pytest.mark.parametrize(
    ("name", "most_parameters", "most_macs"),
    [
        ("base", 1_600_000, 135_000_000),
        ("tiny", 200_000, 12_000_000),
        ("large", 7_500_000, 1_200_000_000),  # 16 MiB in fp16 hold 8.4 million
        ("large_wide", 7_500_000, 1_200_000_000),
        ("large_deep", 7_500_000, 1_200_000_000),
    ],
)
def test_the_residual_networks_keep_their_budgets(name: str, most_parameters: int, most_macs: int) -> None:
    network = networks.build(name, 7, 48)
    description = summary.describe(network, 48)
    assert description.parameters == networks.num_parameters(network) <= most_parameters
    assert description.macs <= most_macs


@pytest.mark.parametrize("name", networks.NETWORKS)
@pytest.mark.parametrize("num_classes", [2, 8])
def test_each_network_gives_logits_for_any_number_of_classes(name: str, num_classes: int) -> None:
    network = networks.build(name, num_classes, 32).eval()
    assert network(torch.zeros(3, 1, 32, 32)).shape == (3, num_classes)


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_each_network_takes_faces_that_still_grow(name: str) -> None:
    network = networks.build(name, 7, 48).eval()
    for size in (16, 40, 48):
        assert network(torch.zeros(2, 1, size, size)).shape == (2, 7)


def test_the_report_network_spreads_the_map_of_a_small_face_over_that_of_a_whole_one() -> None:
    network = networks.build("vgg", 7, 32).eval()
    assert isinstance(network, networks.VGG)
    small = torch.randn(1, 1, 16, 16)
    spread = network.features(small).expand(1, 512, 2, 2)  # one place for four
    torch.testing.assert_close(network.embed(small), network.head(spread.flatten(1)))


def test_a_residual_block_adds_its_input() -> None:
    block = networks.ResidualBlock(4, 4, stride=1).eval()
    nn.init.zeros_(block.norm2.weight)
    x = torch.randn(2, 4, 6, 6)
    torch.testing.assert_close(block(x), nn.functional.silu(x))


def test_signals_neither_vanish_nor_explode_before_training() -> None:
    """A block that starts as its shortcut (zero weights in its last norm) fails here: nested SiLUs shrink the signal."""
    torch.manual_seed(0)
    for name, size in (("base", 48), ("tiny", 48), ("vgg", 64)):
        logits = networks.build(name, 7, size).train()(torch.randn(64, 1, size, size))
        assert 0.08 < logits.detach().std(0).mean() < 2, name


def test_unknown_names_and_sizes_are_refused() -> None:
    with pytest.raises(RecipeError, match="no network 'huge': choose vgg, large, large_wide, large_deep, base, tiny"):
        networks.build("huge", 7, 48)
    with pytest.raises(RecipeError, match="must be a multiple of 16, not 50"):
        networks.build("vgg", 7, 50)


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_the_last_layer_reads_the_features(name: str) -> None:
    network = networks.build(name, 5, 32).eval()
    x = torch.randn(2, 1, 32, 32)
    features = network.embed(x)
    assert features.shape == (2, network.last.in_features)
    assert torch.equal(network(x), network.last(features))


def plain_report_network() -> nn.Sequential:
    """The report's network as most people would write it, for 32x32 faces, out of PyTorch's own layers."""
    layers: list[nn.Module] = []
    for number, (width_in, width) in enumerate([(1, 64), (64, 128), (128, 256), (256, 512)]):
        layers += [nn.Conv2d(width_in, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU() if number else nn.RReLU()]
        layers += [nn.MaxPool2d(2), nn.Dropout(0.25)]
    layers += [nn.Flatten(), nn.Dropout(0.5), nn.Linear(2048, 4096), nn.RReLU(), nn.Dropout(0.5)]
    return nn.Sequential(
        *layers, nn.Linear(4096, 1024), nn.RReLU(), nn.Linear(1024, 256), nn.RReLU(), nn.Linear(256, 7)
    )


def test_the_report_network_computes_what_the_plain_one_does() -> None:
    """Loss, gradients and running statistics, with what is random switched off; what is random is in test_noise."""
    torch.manual_seed(0)
    ours, plain = networks.build("vgg", 7, 32), plain_report_network()
    with torch.no_grad():
        for mine, theirs in zip(ours.state_dict().values(), plain.state_dict().values(), strict=True):
            theirs.copy_(mine)
    for network in (ours, plain):
        for layer in network.modules():
            if isinstance(layer, nn.Dropout):
                layer.p = 0.0
            if isinstance(layer, nn.RReLU):
                layer.lower = layer.upper = 0.25
    x, labels = torch.randn(16, 1, 32, 32), torch.arange(16) % 7
    ours = ours.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's stubs lack this overload
    losses = [
        F.cross_entropy(ours(x.contiguous(memory_format=torch.channels_last)), labels),
        F.cross_entropy(plain.train()(x), labels),
    ]
    torch.testing.assert_close(*losses)
    for loss in losses:
        loss.backward()  # type: ignore[no-untyped-call] # torch's own
    for mine, theirs in zip(ours.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(ours.eval()(x), plain.eval()(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_the_factor_on_dropout_reaches_every_network(name: str) -> None:
    def shares(factor: float) -> list[float]:
        return [
            layer.p for layer in networks.build(name, 7, 48, factor).modules() if isinstance(layer, torch.nn.Dropout)
        ]

    assert shares(0.5) == [share / 2 for share in shares(1.0)]
    assert max(shares(1.0)) > 0
