"""Changes to a model file as an ONNX graph: its metadata, the precision of its weights, its last layer. Needs no PyTorch."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import onnx
import onnx.numpy_helper
from numpy.typing import NDArray

from mien import files, modelfile
from mien.checks import checked
from mien.inference import head as heads
from mien.inference.classifier import Classifier
from mien.inference.head import LinearHead
from mien.modelfile import Spec


@checked
def rewrite(classifier: Classifier, spec: Spec, path: str | os.PathLike[str]) -> None:
    """Write a copy of a model file with another spec; the graph is unchanged."""
    model = onnx.load_model(classifier.path)
    set_spec(model, spec)
    with files.atomic_write(path, inputs=[classifier.path], suffixes=files.MODELS) as temporary:
        onnx.save_model(model, temporary)


def set_spec(model: Any, spec: Spec) -> None:
    """Set the spec of an ONNX model; an existing one is replaced."""
    set_metadata(model, modelfile.KEY, spec.to_json())


def set_metadata(model: Any, key: str, value: str) -> None:
    """Set a metadata entry of an ONNX model; an existing one is replaced, and keys that aren't mien's are removed."""
    kept = {
        entry.key: entry.value for entry in model.metadata_props if entry.key in (modelfile.KEY, modelfile.SEEN_KEY)
    }
    del model.metadata_props[:]
    for name, text in {**kept, key: value}.items():
        model.metadata_props.add(key=name, value=text)


def halve_weights(model: Any) -> None:
    """Store the large tensors of an ONNX model in fp16, each with a Cast node to fp32."""
    for tensor in model.graph.initializer:
        weights = onnx.numpy_helper.to_array(tensor)
        if weights.dtype != np.float32 or weights.size < 256 or np.abs(weights).max() > np.finfo(np.float16).max:
            continue
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(weights.astype(np.float16), f"{name}.half"))
        widen = onnx.helper.make_node("Cast", [f"{name}.half"], [name], name=f"{name}.widen", to=onnx.TensorProto.FLOAT)
        model.graph.node.insert(0, widen)


def replace_head(
    model: Any, head: LinearHead, weight: NDArray[np.float64], bias: NDArray[np.float64], temperature: float
) -> None:
    """Put another last layer into an ONNX model, in place: everything behind the features is made anew.

    Args:
        model: the model.
        head: where its last layer is; the new weights take its names.
        weight, bias: ``(K, C)`` and ``(K,)``.
        temperature: the divisor of the logits.
    """
    graph, make = model.graph, onnx.helper.make_node
    _keep_only(graph, head.features)
    for name, values in (
        (head.weight, weight),
        (head.bias, bias),
        ("temperature", np.array(temperature)),
    ):
        graph.initializer.append(onnx.numpy_helper.from_array(values.astype(np.float32), name))
    graph.node.extend(
        [
            make("Gemm", [head.features, head.weight, head.bias], ["logits"], name="logits", transB=1),
            make("Div", ["logits", "temperature"], ["tempered"], name="tempered"),
            make("Softmax", ["tempered"], [modelfile.OUTPUT], name=modelfile.OUTPUT, axis=1),
        ]
    )
    num_faces = graph.input[0].type.tensor_type.shape.dim[0].dim_param or "num_faces"
    graph.output.append(
        onnx.helper.make_tensor_value_info(modelfile.OUTPUT, onnx.TensorProto.FLOAT, [num_faces, len(bias)])
    )
    heads.expose(model)


def _keep_only(graph: Any, name: str) -> None:
    """Take out everything of a graph that a tensor isn't computed from."""
    needed, nodes = {name}, []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            nodes.append(node)
    stored = [tensor for tensor in graph.initializer if tensor.name in needed]
    shapes = [value for value in graph.value_info if value.name in needed]
    for field, kept in ((graph.node, nodes[::-1]), (graph.initializer, stored), (graph.value_info, shapes)):
        copies = [type(part).FromString(part.SerializeToString()) for part in kept]
        del field[:]
        field.extend(copies)
    del graph.output[:]
