"""Text description of a network: each layer with its shape, parameters and purpose. Needs no extra."""

from __future__ import annotations

import math

from mien import tables
from mien.reporting.texts import Texts
from mien.run_record import NetworkRecord


def layer_reasons(network: NetworkRecord, t: Texts) -> list[str]:
    """The purpose of each layer, with the figures of this network."""
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
    """The layers as a table, each with its purpose, and the totals."""
    t, mib = Texts(lang), 2.0**20
    rows = [
        [
            str(number),
            layer.name,
            layer.kind + (f" {layer.dropout:g}" if layer.dropout is not None else ""),
            "x".join(map(str, layer.output)),
            f"{layer.parameters:,}",
            reason,
        ]
        for number, (layer, reason) in enumerate(zip(network.layers, layer_reasons(network, t), strict=True), start=1)
    ]
    table = tables.render(["#", "layer", "kind", "output", "parameters", "reason"], rows)
    totals = [
        f"parameters          {network.parameters:,} (all trainable)",
        f"multiply-adds       {network.macs:,} per face",
        f"input               {'x'.join(map(str, network.input))}, {4 * math.prod(network.input) / mib:.2f} MiB",
        f"activations         {network.activation_bytes / mib:.2f} MiB per face in fp32, kept for the backward pass",
        f"parameter size      {4 * network.parameters / mib:.2f} MiB in fp32",
    ]
    return "\n".join([table, "", *totals])
