"""The computation of the model file in torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from mien.data.faceset import FaceSet
from mien.errors import RunError
from mien.inference.classifier import Classifier
from mien.run import Run
from mien.training.graph import ModelGraph, load_network


class Mean(nn.Module):
    """Two logits: nothing, and the mean of what the network sees."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean = x.mean((1, 2, 3))
        return torch.stack([torch.zeros_like(mean), mean], 1)


def test_grays_are_normalised_and_logits_divided_by_the_temperature() -> None:
    faces = torch.full((1, 4, 4), 150, dtype=torch.uint8)
    graph = ModelGraph(Mean(), mean=100.0, std=20.0, temperature=2.5)
    logit = (150 - 100) / 20 / 2.5
    expected = torch.tensor([[1.0, np.exp(logit)]]) / (1 + np.exp(logit))
    torch.testing.assert_close(graph(faces), expected.float())
    torch.testing.assert_close(graph.probabilities(faces.float().unsqueeze(1)), expected.float())


def test_a_run_s_network_with_its_graph_reads_as_the_model_file_does(run: Run, faces: FaceSet) -> None:
    classifier, data = Classifier.load(run.model_file), run.record.data
    graph = ModelGraph(load_network(run).eval(), data.mean, data.std, classifier.spec.temperature)
    with torch.no_grad():
        ours = graph(torch.from_numpy(faces.images[:16])).numpy()
    np.testing.assert_allclose(ours, classifier.probabilities(faces.images[:16]), atol=0.02)  # its weights are halved


def test_a_run_without_weights_says_so(run: Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(RunError):
        load_network(Run(tmp_path_factory.mktemp("empty"), run.record))
