"""Weights in other files are found, however they are written."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

import mien
from mien.errors import ModelFileError
from mien.inference import pretrained
from mien.inference.detector import PATH as DETECTOR
from mien.inference.protobuf import has_weights_elsewhere

EXTERNAL = onnx.TensorProto(data_location=onnx.TensorProto.EXTERNAL)
LOCATED = onnx.TensorProto(external_data=[onnx.StringStringEntryProto(key="location", value="weights.bin")])


def attribute(tensor: onnx.TensorProto) -> onnx.AttributeProto:
    return onnx.AttributeProto(name="value", type=onnx.AttributeProto.TENSOR, t=tensor)


def models(tensor: onnx.TensorProto) -> list[onnx.ModelProto]:
    """A model for each place where a tensor may be."""
    node = onnx.NodeProto(attribute=[attribute(tensor)])
    graph = onnx.GraphProto(initializer=[tensor])
    inner = onnx.AttributeProto(name="then", type=onnx.AttributeProto.GRAPH, g=graph)
    return [
        onnx.ModelProto(graph=graph),
        onnx.ModelProto(graph=onnx.GraphProto(node=[node])),
        onnx.ModelProto(graph=onnx.GraphProto(node=[onnx.NodeProto(attribute=[inner])])),
        onnx.ModelProto(graph=onnx.GraphProto(sparse_initializer=[onnx.SparseTensorProto(values=tensor)])),
        onnx.ModelProto(functions=[onnx.FunctionProto(node=[node])]),
    ]


@pytest.mark.parametrize("tensor", [EXTERNAL, LOCATED], ids=["external", "located"])
def test_a_tensor_elsewhere_is_found_in_every_place(tensor: onnx.TensorProto) -> None:
    assert [has_weights_elsewhere(model.SerializeToString()) for model in models(tensor)] == [True] * 5


def test_a_tensor_in_the_file_is_none() -> None:
    inside = onnx.TensorProto(dims=[1], data_type=1, float_data=[1.0], name="location")
    assert [has_weights_elsewhere(model.SerializeToString()) for model in models(inside)] == [False] * 5
    for path in (*pretrained.FOLDER.glob("*.onnx"), DETECTOR):
        assert not has_weights_elsewhere(path.read_bytes())


def test_numbers_may_be_longer_than_they_need_be() -> None:
    tensor = b"\xf0\x80\x00" + b"\x81\x80\x00"  # field 14, with the value 1
    graph = b"\x2a" + bytes([len(tensor)]) + tensor
    assert has_weights_elsewhere(b"\x3a" + bytes([len(graph)]) + graph)


@pytest.mark.parametrize("content", [b"\x3a\x7f", b"\x3b", b"\x3a", b"\xff" * 12, b"\x3a\x02\x2a\x09"])
def test_what_cant_be_parsed_is_not_trusted(content: bytes) -> None:
    assert has_weights_elsewhere(content)


def test_a_model_with_weights_in_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = onnx.load(pretrained.resolve("tiny"))
    onnx.save_model(
        tiny, tmp_path / "parted.onnx", save_as_external_data=True, location="weights.bin", size_threshold=1024
    )
    assert (tmp_path / "weights.bin").stat().st_size > 200_000
    monkeypatch.chdir(tmp_path)  # where onnxruntime looks for the weights of a graph from memory
    with pytest.raises(ModelFileError, match="weights in another file"):
        mien.load("parted.onnx")
