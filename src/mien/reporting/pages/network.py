"""The section on the network: its diagram and its table of layers, ready for the template."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien import palette
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement
from mien.reporting import network as layers_in_words
from mien.reporting import svg
from mien.reporting.pictures import face_url, markup
from mien.reporting.texts import Texts, cells
from mien.run_record import NetworkRecord

MOST_OPEN = 32
"""Most layers whose table is open when the page is opened."""


@dataclass(frozen=True)
class LayerRow:
    """A layer as shown; ``is_repeated`` where its reason refers to an earlier layer."""

    number: str
    name: str
    kind: str
    output: str
    parameters: str
    reason: str
    is_repeated: bool


@dataclass(frozen=True)
class NetworkSection:
    """Words, the diagram as inline SVG, the layers, number and memory of the parameters, and whether the table is open."""

    lead: str
    diagram: str
    layers: tuple[LayerRow, ...]
    parameters: str
    memory: str
    is_open: bool


def network(judgement: Judgement, network: NetworkRecord, t: Texts) -> NetworkSection:
    """The diagram, for one face that is predicted correctly if there is one, and the table of layers."""
    evaluation, layers = judgement.evaluation, network.layers
    row = medium_row(evaluation)
    outcome = [
        (t.named(name), palette.on_page(palette.colour(name, evaluation.classes)), float(share))
        for name, share in zip(evaluation.classes, evaluation.probabilities[row], strict=True)
    ]
    if len(outcome) > svg.MOST_OUTCOMES:
        outcome = sorted(outcome, key=lambda one: -one[2])[: svg.MOST_OUTCOMES]
    label, face = t("network.label", classes=len(evaluation.classes)), face_url(judgement.faces.images[row])
    return NetworkSection(
        lead=t(
            "network.lead",
            layers=len(layers),
            parameters=network.parameters,
            macs=network.macs,
            label=t.named(evaluation.classes[evaluation.labels[row]]),
        ),
        diagram=markup(svg.diagram(network, face, outcome, label=label, words=t.tables["diagram"])),
        layers=_layers(network, t),
        parameters=cells.count(network.parameters),
        memory=t(
            "network.memory",
            parameters=4 * network.parameters / 2**20,
            activations=network.activation_bytes / 2**20,
        ),
        is_open=len(layers) <= MOST_OPEN,
    )


def medium_row(evaluation: Evaluation) -> int:
    """The correct row of medium confidence, neither an easy nor a hard one; of all rows where none is correct."""
    right = np.flatnonzero(evaluation.predicted == evaluation.labels)
    candidates = right if len(right) else np.arange(len(evaluation))
    confidence = evaluation.probabilities[candidates].max(1)
    return int(candidates[np.argsort(confidence, kind="stable")[len(candidates) // 2]])


def _layers(network: NetworkRecord, t: Texts) -> tuple[LayerRow, ...]:
    """The layers; a reason that was given already is referred to."""
    first: dict[str, int] = {}
    rows = []
    reasons = layers_in_words.layer_reasons(network, t)
    for number, (layer, reason) in enumerate(zip(network.layers, reasons, strict=True), 1):
        before = first.setdefault(reason, number)
        rows.append(
            LayerRow(
                number=str(number),
                name=layer.name,
                kind=layer.kind + (f" {cells.exact_percent(layer.dropout)}" if layer.dropout is not None else ""),
                output="×".join(map(str, layer.output)),
                parameters=cells.count(layer.parameters) if layer.parameters else "",
                reason=reason if before == number else t("network.same", number=before),
                is_repeated=before != number,
            )
        )
    return tuple(rows)
