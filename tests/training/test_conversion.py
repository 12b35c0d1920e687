"""The ONNX model of a graph: converted once per architecture, with the weights and constants of each graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mien.data import cache
from mien.inference.session import open_session
from mien.training import conversion, networks
from mien.training.ensemble import EnsembleGraph
from mien.training.graph import ModelGraph

FACES = np.random.default_rng(0).integers(0, 256, (3, 20, 20), np.uint8)


def graph(seed: int, mean: float = 120.0, std: float = 60.0, temperature: float = 1.3) -> ModelGraph:
    """A tiny network with batch norms as after a training."""
    torch.manual_seed(seed)
    network = networks.build("tiny", 4, 20).eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            nn.init.normal_(layer.running_mean)
            nn.init.uniform_(layer.running_var, 0.5, 2)
            nn.init.normal_(layer.bias)
    return ModelGraph(network, mean, std, temperature).eval()


def probabilities(model: Any) -> NDArray[np.float32]:
    (found,) = open_session(model.SerializeToString(), 1).run(["probabilities"], {"faces": FACES})
    return np.asarray(found, np.float32)


def expected(of: nn.Module) -> NDArray[np.float32]:
    with torch.no_grad():
        return np.asarray(of(torch.from_numpy(FACES)).numpy(), np.float32)


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch) -> list[nn.Module]:
    """The graphs that the exporter has converted, from a fresh start without a cache."""
    converted, convert = [], conversion._converted
    monkeypatch.setattr(conversion, "_structures", {})
    monkeypatch.setenv("MIEN_CACHE", "off")

    def counted(given: nn.Module, size: tuple[int, int]) -> Any:
        converted.append(given)
        return convert(given, size)

    monkeypatch.setattr(conversion, "_converted", counted)
    return converted


def test_one_conversion_serves_all_graphs_of_an_architecture(conversions: list[nn.Module]) -> None:
    """Also where a constant is special: the exporter leaves out a division by 1 and a subtraction of 0."""
    for one in (graph(0, mean=0.0, std=1.0, temperature=1.0), graph(1), graph(2, temperature=0.4)):
        np.testing.assert_allclose(probabilities(conversion.to_onnx(one, (20, 20))), expected(one), atol=1e-6)
    assert len(conversions) == 1
    conversion.to_onnx(graph(0), (28, 28))
    assert len(conversions) == 2


def test_the_graph_is_as_it_was() -> None:
    one = graph(3)
    before = {name: tensor.clone() for name, tensor in one.state_dict().items()}
    conversion.to_onnx(one, (20, 20))
    assert (one.mean, one.std, one.temperature) == (120.0, 60.0, 1.3)
    assert before.keys() == one.state_dict().keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in one.state_dict().items())


def test_no_batch_norm_is_left_and_weights_keep_their_names() -> None:
    model = conversion.to_onnx(graph(4), (20, 20))
    assert {node.op_type for node in model.graph.node} & {"BatchNormalization"} == set()
    names = {tensor.name for tensor in model.graph.initializer}
    assert {"network.stem.conv.weight", "network.stem.conv.bias", "network.linear.weight", "temperature"} <= names


def test_an_ensemble_is_converted_too(conversions: list[nn.Module]) -> None:
    for seeds, temperature in (((0, 1), 1.0), ((2, 3), 0.7)):
        both = EnsembleGraph([graph(seed) for seed in seeds], temperature).eval()
        np.testing.assert_allclose(probabilities(conversion.to_onnx(both, (20, 20))), expected(both), atol=1e-6)
    assert len(conversions) == 1


class Odd(nn.Module):
    """A weight that the exporter can't keep as it is, because only a function of it is used."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.network = networks.build("tiny", 4, 20)
        self.weight = nn.Parameter(torch.tensor([[value, 0.0], [0.0, 1.0]]))

    def forward(self, faces: Tensor) -> Tensor:
        scale = self.weight.exp().sum()
        return torch.softmax(scale * self.network(faces.float().unsqueeze(1) / 255), 1)


def test_a_graph_whose_weights_the_exporter_changes_is_converted_each_time(conversions: list[nn.Module]) -> None:
    for value in (0.3, -0.2):
        torch.manual_seed(0)
        odd = Odd(value).eval()
        np.testing.assert_allclose(probabilities(conversion.to_onnx(odd, (20, 20))), expected(odd), atol=1e-6)
    assert len(conversions) >= 1


def test_another_process_takes_the_graph_from_the_cache(
    conversions: list[nn.Module], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path))
    models = []
    for one in (graph(0), graph(1), graph(0)):
        monkeypatch.setattr(conversion, "_structures", {})  # as in a process that has just begun
        models.append(conversion.to_onnx(one, (20, 20)))
        np.testing.assert_allclose(probabilities(models[-1]), expected(one), atol=1e-6)
    assert len(conversions) == 1
    assert models[0].SerializeToString() == models[2].SerializeToString()
    (kept,) = tmp_path.rglob("*.onnx")
    assert kept.stat().st_size < 60_000  # no weights
    kept.write_bytes(b"damaged")
    monkeypatch.setattr(conversion, "_structures", {})
    np.testing.assert_allclose(probabilities(conversion.to_onnx(graph(2), (20, 20))), expected(graph(2)), atol=1e-6)
    assert len(conversions) == 2
    assert kept.stat().st_size > 1_000
    cache.clear()
    assert not kept.exists()


def test_a_graph_whose_code_is_not_miens_is_not_kept(
    conversions: list[nn.Module], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path))

    class Own(ModelGraph):
        pass

    conversion.to_onnx(Own(graph(0).network, 120.0, 60.0, 1.3).eval(), (20, 20))
    assert len(conversions) == 1
    assert list(tmp_path.rglob("*.onnx")) == []


def test_the_file_names_no_folder_of_this_machine(tmp_path: Path) -> None:
    onnx.save_model(conversion.to_onnx(graph(5), (20, 20)), tmp_path / "model.onnx")
    assert str(Path(__file__).parents[2]).encode() not in (tmp_path / "model.onnx").read_bytes()
