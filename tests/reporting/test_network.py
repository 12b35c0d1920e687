"""A network in words."""

from __future__ import annotations

import records
from mien.reporting import network as network_words
from mien.reporting.texts import LANGUAGES, Texts
from mien.run_record import NetworkRecord
from mien.training import networks, summary


def test_the_table_for_the_terminal_has_totals() -> None:
    text = network_words.network_as_text(summary.describe(networks.build("vgg", 7, 64), 64))
    assert "39,569,799 (all trainable)" in text
    assert "150.95 MiB" in text
    assert text.splitlines()[2].split()[:5] == ["1", "features.0.0", "Conv2d", "64x64x64", "640"]


def test_reasons_have_the_figures_of_the_network_and_of_the_layer_behind() -> None:
    layers = (
        records.layer("drop", "Dropout", 8, dropout=0.25, reason="drop_linear"),
        records.layer("linear", "Linear", 7, parameters=75, reason="linear_first"),
        records.layer("last", "Linear", 7, parameters=25, reason="logits"),
    )
    network = NetworkRecord(layers, (1, 48, 48), 4096)
    for lang in LANGUAGES:
        drop, first, _ = network_words.layer_reasons(network, Texts(lang))
        assert "75%" in drop
        assert "25%" in drop
        assert "75%" in first
    text = network_words.network_as_text(network)
    assert "Dropout 0.25" in text
    assert [line.split()[0] for line in text.splitlines()[1:] if line.split() and line.split()[0].isdecimal()] == [
        "1",
        "2",
        "3",
    ]
