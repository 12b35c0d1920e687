"""A network in words: each layer with its shape, its parameters and the reason for it. Needs no extra."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mien import tables
from mien.reporting.texts import Texts, cells
from mien.run_record import NetworkRecord


def layer_reasons(network: NetworkRecord, t: Texts) -> list[str]:
    """Why each layer is there, with the figures of this network."""
    following = [*network.layers[1:], *network.layers[-1:]]
    total = max(1, network.parameters)
    return [
        t(
            f"layers.{layer.reason}",
            share=layer.parameters / total,
            next=after.parameters / total,
            dropout=layer.dropout or 0.0,
        )
        for layer, after in zip(network.layers, following, strict=True)
    ]


def network_as_text(network: NetworkRecord, lang: str = "en") -> str:
    """The layers as a table, each with its reason, and the totals."""
    t, mib = Texts(lang), 2.0**20
    rows = [
        [
            str(number),
            layer.name,
            layer.kind + (f" {cells.compact(layer.dropout)}" if layer.dropout is not None else ""),
            _shape(layer.output),
            cells.count(layer.parameters),
            reason,
        ]
        for number, (layer, reason) in enumerate(zip(network.layers, layer_reasons(network, t), strict=True), start=1)
    ]
    totals = {
        "parameters": t("terminal.parameters", num=network.parameters),
        "macs": t("terminal.macs", num=network.macs),
        "input": t("terminal.input", shape=_shape(network.input), mib=4 * math.prod(network.input) / mib),
        "activations": t("terminal.activations", mib=network.activation_bytes / mib),
        "size": t("terminal.size", mib=4 * network.parameters / mib),
    }
    lines = [t(f"terminal.{key}_name").ljust(20) + value for key, value in totals.items()]
    return "\n".join([tables.render(t.heads("terminal.layer_heads"), rows), "", *lines])


def _shape(sizes: Sequence[int]) -> str:
    return "x".join(map(str, sizes))
