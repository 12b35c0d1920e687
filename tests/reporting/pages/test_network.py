"""The section on the network: its diagram and its table of layers."""

from __future__ import annotations

import numpy as np

from mien.evaluation.evaluation import Evaluation
from mien.reporting.pages import network as section
from mien.reporting.texts import Texts
from mien.run import Run
from reported import judgement


def test_each_layer_is_a_row_and_a_reason_that_was_given_is_referred_to(base: Run) -> None:
    told = section.network(judgement(), base.network, Texts("en"))
    layers = base.network.layers
    assert [row.name for row in told.layers] == [layer.name for layer in layers]
    assert [row.number for row in told.layers] == [str(number) for number in range(1, len(layers) + 1)]
    assert told.parameters == f"{base.network.parameters:,}"
    assert told.is_open == (len(layers) <= section.MOST_OPEN)
    seen: set[str] = set()
    for row, layer in zip(told.layers, layers, strict=True):
        assert row.output == "×".join(map(str, layer.output))
        assert row.parameters == (f"{layer.parameters:,}" if layer.parameters else "")
        assert row.is_repeated or row.reason not in seen
        seen.add(row.reason)
    assert any(row.is_repeated for row in told.layers)


def test_the_diagram_shows_a_face_of_medium_confidence_that_is_right() -> None:
    labels = np.array([0, 1, 0, 1, 0])
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.8, 0.2], [0.55, 0.45]], np.float32)
    evaluation = Evaluation.from_predictions(labels, probabilities, ("happy", "sad"))
    assert section.medium_row(evaluation) == 2  # of 0.55, 0.6, 0.7 and 0.9 that are right
    wrong = Evaluation.from_predictions(1 - labels[:3], probabilities[:3], ("happy", "sad"))
    assert section.medium_row(wrong) == 2


def test_the_diagram_has_every_class(base: Run) -> None:
    told = section.network(judgement(), base.network, Texts("en"))
    for name in Texts("en").names(judgement().evaluation.classes):
        assert name in told.diagram
