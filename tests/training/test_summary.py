"""The summary of a network: each layer's output, parameters, arithmetic and purpose."""

from __future__ import annotations

import pytest
import torch

from mien.reporting import network as network_words
from mien.reporting.texts import LANGUAGES, Texts
from mien.run_record import NetworkRecord
from mien.training import networks, summary


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_every_layer_with_parameters_has_a_reason_in_both_languages(name: str) -> None:
    network = networks.build(name, 7, 64)
    described = {layer.name: layer.reason for layer in summary.describe(network, 64).layers}
    leaves = {key for key, layer in network.named_modules() if not any(layer.children()) and list(layer.parameters())}
    assert leaves <= set(described)
    assert all(set(described.values()) <= set(Texts(lang).tables["layers"]) for lang in LANGUAGES)


def reasons_of(network: NetworkRecord) -> dict[str, str]:
    reasons = network_words.layer_reasons(network, Texts("en"))
    return {layer.name: reason for layer, reason in zip(network.layers, reasons, strict=True)}


def test_the_table_tells_each_dropout_and_shares_that_are_counted() -> None:
    network = networks.build("vgg", 7, 64, dropout=0.8)
    described = summary.describe(network, 64)
    layers, reasons = {layer.name: layer for layer in described.layers}, reasons_of(described)
    assert (layers["features.0.4"].dropout, layers["head.0"].dropout) == (0.2, 0.4)
    assert layers["head.1"].dropout is None
    assert "it has 85% of all parameters" in reasons["head.1"]
    assert "The next layer has 85% of all parameters" in reasons["head.0"]
    assert "dropping 40% of its inputs" in reasons["head.0"]
    assert "Dropout 0.2" in network_words.network_as_text(described)
    small = summary.describe(networks.build("vgg", 7, 32), 32)  # fewer places, so fewer parameters there
    assert "it has 58% of all parameters" in reasons_of(small)["head.1"]
    off = summary.describe(networks.build("tiny", 7, 32, dropout=0.0), 32)
    assert reasons_of(off)["drop"].startswith("Off in this recipe")


def test_convolution_arithmetic_is_counted_by_hand() -> None:
    layers = summary.describe(networks.build("tiny", 7, 48), 48).layers
    assert layers[0].macs == 9 * 16 * 24 * 24  # 3x3, one channel to 16, at half of 48


def test_describing_leaves_the_network_in_its_mode() -> None:
    network = networks.build("tiny", 7, 48).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    summary.describe(network, 48)
    assert network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
