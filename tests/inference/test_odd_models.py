"""Model files that aren't what they should be: each ends in one sentence, when it is loaded or, at the latest, when it answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from mien import modelfile
from mien.errors import ModelFileError
from mien.inference.classifier import Classifier
from mien.modelfile import Spec

CLASSES = ("angry", "happy", "sad")


@dataclass(frozen=True)
class Graph:
    """A small graph from faces to probabilities, with whatever is wrong with it."""

    input_name: str = "faces"
    input_type: int = TensorProto.UINT8
    input_shape: Sequence[str | int] = ("N", 16, 16)
    output_name: str = "probabilities"
    output_type: int = TensorProto.FLOAT
    last: str = "Softmax"
    factor: float = 0.01
    num: int = len(CLASSES)
    extra_input: bool = False

    def nodes(self) -> list[Any]:
        """Mean gray, times a row of factors, then softmax or another end."""
        nodes = [
            helper.make_node("Cast", [self.input_name], ["grays"], to=TensorProto.FLOAT),
            helper.make_node("Flatten", ["grays"], ["flat"]),
            helper.make_node("ReduceMean", ["flat"], ["mean"], axes=[1], keepdims=1),
            helper.make_node("MatMul", ["mean", "factors"], ["logits"]),
        ]
        if self.last == "scalar":
            return [*nodes, helper.make_node("ReduceMean", ["logits"], ["rows"], keepdims=0)]
        if self.last == "one row":
            nodes.append(helper.make_node("ReduceMean", ["logits"], ["merged"], axes=[0], keepdims=1))
            return [*nodes, helper.make_node("Softmax", ["merged"], ["rows"], axis=1)]
        options = {"axis": 1} if self.last == "Softmax" else {}
        return [*nodes, helper.make_node(self.last, ["logits"], ["rows"], **options)]

    def write(self, path: Path, spec: str | None) -> Path:
        rows, out = ("rows", self.output_name)
        nodes = [*self.nodes(), helper.make_node("Cast", [rows], [out], to=self.output_type)]
        inputs = [helper.make_tensor_value_info(self.input_name, self.input_type, self.input_shape)]
        if self.extra_input:
            inputs.append(helper.make_tensor_value_info("temperature", TensorProto.FLOAT, [1]))
        shape = [] if self.last == "scalar" else ["N", self.num] if self.last != "one row" else ["M", self.num]
        outputs = [helper.make_tensor_value_info(out, self.output_type, shape)]
        factors = np.arange(self.num, dtype=np.float32)[None] * np.float32(self.factor)
        graph = helper.make_graph(nodes, "g", inputs, outputs, [numpy_helper.from_array(factors, "factors")])
        model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
        if spec is not None:
            helper.set_model_props(model, {modelfile.KEY: spec})
        onnx.save_model(model, path)
        return path


def spec(**changes: Any) -> str:
    values = json.loads(Spec(CLASSES, (16, 16), decisions={"balanced": [0.0, 0.1, 0.2]}).to_json())
    return json.dumps(values | changes)


def nested(depth: int) -> str:
    return spec().replace('"training": {}', '"training": ' + '{"a":' * depth + "1" + "}" * depth)


def fails(path: Path) -> str:
    """What loading a file says, on one line."""
    with pytest.raises(ModelFileError) as caught:
        Classifier.load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 500 + len(str(path))
    return str(caught.value)


def test_a_right_one_is_read(tmp_path: Path) -> None:
    classifier = Classifier.load(Graph().write(tmp_path / "m.onnx", spec()), decision="balanced")
    rows = classifier.probabilities(np.zeros((3, 20, 20), np.uint8))
    np.testing.assert_allclose(rows.sum(1), 1, atol=1e-6)
    named = Graph(input_shape=("N", "H", "W")).write(tmp_path / "named.onnx", spec())  # sides of any size
    assert Classifier.load(named).classes == CLASSES


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (Graph(input_name="x"), "must take faces and return probabilities, not x to probabilities"),
        (Graph(output_name="y"), "must take faces and return probabilities, not faces to y"),
        (Graph(extra_input=True), "not faces, temperature to probabilities"),
        (Graph(input_type=TensorProto.FLOAT), r"faces must be a tensor\(uint8\), not a tensor\(float\)"),
        (Graph(input_type=TensorProto.INT8), r"faces must be a tensor\(uint8\), not a tensor\(int8\)"),
        (Graph(output_type=TensorProto.DOUBLE), r"probabilities must be a tensor\(float\), not a tensor\(double\)"),
        (Graph(output_type=TensorProto.FLOAT16), r"probabilities must be a tensor\(float\), not a tensor\(float16\)"),
        (Graph(input_shape=(1, 16, 16)), r"faces must have the shape \(N, 16, 16\), not \(1, 16, 16\)"),
        (Graph(input_shape=("N", 48, 48)), r"faces must have the shape \(N, 16, 16\), not \('N', 48, 48\)"),
        (Graph(input_shape=("N", 1, 16, 16)), r"faces must have the shape \(N, 16, 16\)"),
        (Graph(input_shape=("N", 256)), r"faces must have the shape \(N, 16, 16\)"),
        (Graph(last="scalar"), r"probabilities must have the shape \(N, 3\), not \(\)"),
        (Graph(num=7), r"probabilities must have the shape \(N, 3\), not \('N', 7\)"),
        (Graph(last="Identity"), "doesn't return 3 probabilities per face that sum to 1"),
        (Graph(last="Identity", factor=1862.25), "doesn't return 3 probabilities per face that sum to 1"),
        (Graph(last="LogSoftmax"), "doesn't return 3 probabilities per face that sum to 1"),
        (Graph(last="Sigmoid"), "doesn't return 3 probabilities per face that sum to 1"),
        (Graph(factor=float("nan")), "doesn't return 3 probabilities per face that sum to 1"),
        (Graph(last="one row"), r"probabilities must have the shape \(N, 3\), not \(1, 3\)"),
    ],
    ids=lambda value: "" if isinstance(value, str) else None,
)
def test_a_graph_that_differs_from_the_contract(tmp_path: Path, graph: Graph, words: str) -> None:
    said = fails(graph.write(tmp_path / "m.onnx", spec()))
    assert re.search(words, said)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (spec(classes=[]), "classes must be different names"),
        (spec(classes=[1, 2, 3]), "classes must be different names"),
        (spec(classes=[["angry"], "happy", "sad"]), "classes must be different names"),
        (spec(classes=["happy", "happy", "sad"]), "classes must be different names"),
        (spec(classes=["a", "b"]), "decisions must be lists of 2 numbers"),
        (spec(classes=["a", "b"], decisions={}), "probabilities must have the shape"),
        (spec(classes="abc"), "can't be read"),
        (spec(size=[1, 1]), "size must be a height and a width"),
        (spec(size=[0, 16]), "size must be a height and a width"),
        (spec(size=[-5, 16]), "size must be a height and a width"),
        (spec(size=[10**6, 10**6]), "size must be a height and a width"),
        (spec(size=[16.0, 16]), "size must be a height and a width"),
        (spec(size=[16]), "size must be a height and a width"),
        (spec(size=[24, 24]), "faces must have the shape"),
        (spec(size=16), "can't be read"),
        (spec(temperature=0), "temperature must be a number above 0"),
        (spec(temperature=float("nan")), "temperature must be a number above 0"),
        (spec(temperature="warm"), "temperature must be a number above 0"),
        (spec(decisions="balanced"), "decisions must be lists"),
        (spec(decisions={"balanced": [0.1]}), "decisions must be lists of 3 numbers"),
        (spec(decisions={"balanced": "abc"}), "decisions must be lists of 3 numbers"),
        (spec(decisions={"balanced": [0, 1, float("inf")]}), "decisions must be lists of 3 numbers"),
        (spec(training=[1]), "training must be a record"),
        (spec(training={"recipe": 5}), "training must be a record"),
        (spec(scores=[3]), "crop must be a name, and scores records"),
        (spec(crop=3), "crop must be a name, and scores records"),
        (spec(format=float("nan")), "format must be a version number"),
        (spec(format=True), "format must be a version number"),
        (spec(format="1"), "format must be a version number"),
        (spec(format=0), "format must be a version number"),
        (spec(format=2), "written by a newer mien"),
        (spec(colour="red"), "can't be read"),
        (nested(100_000), "can't be read"),
        ("[1]", "can't be read"),
        ("null", "can't be read"),
        ("", "can't be read"),
    ],
)
def test_a_spec_that_does_not_fit(tmp_path: Path, changed: str, words: str) -> None:
    assert words in fails(Graph().write(tmp_path / "m.onnx", changed))


def test_later_answers_are_checked_too(tmp_path: Path) -> None:
    """A graph that is right on black and on white, and wrong between them."""
    path = Graph().write(tmp_path / "m.onnx", spec())
    model = onnx.load(path)
    cast = model.graph.node.pop()
    zero, full, limit = (
        numpy_helper.from_array(np.array([v], np.float32), n)
        for v, n in ((0.0, "zero"), (250.0, "full"), (5.0, "limit"))
    )
    model.graph.initializer.extend([zero, full, limit])
    model.graph.node.extend([
        helper.make_node("Greater", ["mean", "limit"], ["is_bright"]),
        helper.make_node("Less", ["mean", "full"], ["is_dark"]),
        helper.make_node("And", ["is_bright", "is_dark"], ["is_between"]),
        helper.make_node("Div", ["zero", "zero"], ["nothing"]),
        helper.make_node("Where", ["is_between", "nothing", "rows"], ["corrupted"]),
        helper.make_node("Cast", ["corrupted"], [cast.output[0]], to=TensorProto.FLOAT),
    ])  # fmt: skip
    onnx.save_model(model, path)
    classifier = Classifier.load(path)
    with pytest.raises(ModelFileError, match=r"m\.onnx' doesn't return 3 probabilities per face that sum to 1"):
        classifier.probabilities(np.full((2, 16, 16), 100, np.uint8))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
KEYS = ("format", "classes", "size", "crop", "temperature", "decisions", "training", "scores", "other")


def takes(read: Callable[[], Spec]) -> None:
    """A spec that is read can be written and read again; any other is one sentence."""
    try:
        one = read()
    except ModelFileError as error:
        assert "\n" not in str(error)  # noqa: PT017 # either outcome is right
    else:
        assert one.fault() is None
        assert Spec.from_json(one.to_json(), "m.onnx").classes == one.classes


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4), st.sets(st.sampled_from(KEYS), max_size=2))
def test_any_spec_is_read_or_refused(changes: dict[str, Any], missing: set[str]) -> None:
    values = json.loads(spec()) | changes
    text = json.dumps({key: value for key, value in values.items() if key not in missing})
    takes(lambda: Spec.from_json(text, "m.onnx"))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(st.text(max_size=200), st.integers(0, 400))
def test_any_text_is_read_or_refused(text: str, start: int) -> None:
    takes(lambda: Spec.from_json(spec()[:start] + text, "m.onnx"))
