"""Features: the input of the last linear layer, as a second output of the graph."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from mien import extras, modelfile
from mien.data.faceset import FaceSet
from mien.errors import MissingExtraError, ModelFileError
from mien.inference import head, pretrained
from mien.inference.classifier import Classifier
from mien.inference.head import LinearHead
from mien.modelfile import Spec
from mien.run import Run
from mien.training import ensemble
from mien.training.graph import load_network


@pytest.mark.parametrize(
    ("name", "tensor", "width"), [("base", "mean", 192), ("robust", "mean_1", 192), ("tiny", "mean_1", 64)]
)
def test_pretrained_models_have_features_from_which_the_probabilities_follow(
    name: str, tensor: str, width: int
) -> None:
    classifier = Classifier.load(name)
    faces = np.random.default_rng(0).integers(0, 256, (5, 48, 48), np.uint8)
    features = classifier.features(faces)
    assert features.shape == (5, width)
    assert features.dtype == np.float32
    model = onnx.load_model(classifier.path)
    found = LinearHead.find(model)
    assert found == LinearHead(tensor, "network.linear.weight", "network.linear.bias", width)
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    logits = features @ stored["network.linear.weight.half"].astype(np.float32).T + stored["network.linear.bias"]
    odds = np.exp(logits / classifier.spec.temperature)
    np.testing.assert_allclose(odds / odds.sum(1, keepdims=True), classifier.probabilities(faces), atol=1e-5)


def test_the_second_output_leaves_the_probabilities_as_they_are_bit_for_bit() -> None:
    content = pretrained.resolve("tiny").read_bytes()
    more = head.with_features(content)
    assert more is not None
    faces = np.random.default_rng(0).integers(0, 256, (20, 48, 48), np.uint8)
    session = onnxruntime.InferenceSession(more)
    assert [output.name for output in session.get_outputs()] == ["probabilities", "features"]
    probabilities, _ = session.run(None, {"faces": faces})
    assert np.array_equal(probabilities, Classifier.load("tiny").probabilities(faces))
    assert head.with_features(more) == more


def test_a_run_s_file_has_the_features_that_its_network_has(run: Run, faces: FaceSet) -> None:
    classifier = Classifier.load(run.model_file)
    assert [output.name for output in onnx.load_model(run.model_file).graph.output] == ["probabilities", "features"]
    data = run.record.data
    with torch.no_grad():
        pixels = torch.from_numpy(faces.images[:6]).float().unsqueeze(1)
        expected = load_network(run).eval().embed((pixels - data.mean) / data.std).numpy()
    np.testing.assert_allclose(classifier.features(faces.images[:6]), expected, rtol=0.02, atol=0.02)
    np.testing.assert_array_equal(
        classifier.features(faces.images[:6], batch_size=4)[:4], classifier.features(faces.images[:4])
    )
    assert classifier.features(faces.images[:0]).shape == (0, expected.shape[1])


def test_faces_of_another_kind_are_refused() -> None:
    with pytest.raises(ModelFileError, match=r"Faces must be uint8 of shape \(N, H, W\)"):
        Classifier.load("tiny").features(np.zeros((2, 48), np.uint8))


def test_an_ensemble_has_no_features(run: Run, tmp_path: Path) -> None:
    copy = Run.open(shutil.copytree(run.folder, tmp_path / "copy"))
    ensemble.build([run, copy], tmp_path / "both.onnx")
    with pytest.raises(ModelFileError, match="doesn't end in one linear layer, so it has no features"):
        Classifier.load(tmp_path / "both.onnx").features(np.zeros((1, 48, 48), np.uint8))


def matmul_model(path: Path) -> Path:
    """A model of mean gray whose last layer is a MatMul and an Add, as other exporters write it."""
    weights = {"factors": np.array([[0.01, -0.01]], np.float32), "offsets": np.array([0.0, 1.0], np.float32)}
    nodes = [
        helper.make_node("Cast", ["faces"], ["grays"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["grays"], ["flat"]),
        helper.make_node("ReduceMean", ["flat"], ["gray"], axes=[1], keepdims=1),
        helper.make_node("MatMul", ["gray", "factors"], ["product"]),
        helper.make_node("Add", ["product", "offsets"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("faces", TensorProto.UINT8, ["n", 16, 16])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    model.metadata_props.add(key=modelfile.KEY, value=Spec(("calm", "pain"), (16, 16)).to_json())
    onnx.save_model(model, path)
    return path


def test_a_product_and_a_sum_are_a_linear_layer_too(tmp_path: Path) -> None:
    classifier = Classifier.load(matmul_model(tmp_path / "other.onnx"))
    assert classifier.features(np.full((2, 16, 16), 7, np.uint8)).tolist() == [[7.0], [7.0]]


def test_an_old_file_without_onnx_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"'mien\[adapt\]'"):
        Classifier.load("base").features(np.zeros((1, 48, 48), np.uint8))
    assert "onnx" in extras.PACKAGES["adapt"]
