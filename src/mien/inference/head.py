"""The linear head of a model file: its last layer, from the features of a face to the logits of the classes.

A graph with a linear head ends in ``features`` -> Gemm (or MatMul and Add) -> division by the temperature -> softmax. Reading a graph
takes the package onnx.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mien import modelfile
from mien.extras import needed

_SCALAR = ("Div", "Mul")
"""What a temperature is in a graph."""


@dataclass(frozen=True)
class LinearHead:
    """Where the last layer of a graph is, by names of tensors.

    Attributes:
        features: its input, ``(N, C)``.
        weight: its weights, ``(K, C)`` or ``(C, K)``.
        bias: its biases ``(K,)``.
        width: C.
    """

    features: str
    weight: str
    bias: str
    width: int

    @classmethod
    def find(cls, model: Any) -> LinearHead | None:
        """The head of an ONNX model; None where the graph doesn't end in one linear layer, as that of an ensemble."""
        graph = _Graph.of(model)
        node = graph.made.get(modelfile.OUTPUT)
        if node is None or node.op_type != "Softmax":
            return None
        node = graph.made.get(node.input[0])
        while node is not None and node.op_type in _SCALAR and graph.is_scalar(node.input[1]):
            node = graph.made.get(node.input[0])
        if node is None:
            return None
        if node.op_type == "Gemm" and len(node.input) == 3:
            features, weight, bias = node.input
            is_transposed = any(part.name == "transB" and part.i for part in node.attribute)
        elif node.op_type == "Add" and (product := graph.made.get(node.input[0])) and product.op_type == "MatMul":
            (features, weight), bias, is_transposed = product.input, node.input[1], False
        else:
            return None
        shape, width_of_bias = graph.shape(weight), graph.shape(bias)
        if len(shape) != 2 or len(width_of_bias) != 1:
            return None
        return cls(features, weight, bias, shape[1 if is_transposed else 0])


@dataclass(frozen=True)
class _Graph:
    """A graph by the names of its tensors.

    Attributes:
        made: the node that computes each tensor.
        stored: the shape of each tensor that is stored.
    """

    made: dict[str, Any]
    stored: dict[str, tuple[int, ...]]

    @classmethod
    def of(cls, model: Any) -> _Graph:
        made = {name: node for node in model.graph.node for name in node.output}
        return cls(made, {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer})

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a stored tensor, also behind a node that widens half precision; empty for others."""
        node = self.made.get(name)
        return self.stored.get(node.input[0] if node is not None and node.op_type == "Cast" else name, ())

    def is_scalar(self, name: str) -> bool:
        return name in self.stored and all(side == 1 for side in self.stored[name])


def expose(model: Any) -> bool:
    """Give an ONNX model the second output ``features`` ``(N, C)`` in place; the probabilities stay bit for bit as they are.

    Returns:
        Whether the model has it now: false without a linear head.
    """
    from onnx import TensorProto, helper

    graph = model.graph
    if any(output.name == modelfile.FEATURES for output in graph.output):
        return True
    head = LinearHead.find(model)
    if head is None:
        return False
    graph.node.append(helper.make_node("Identity", [head.features], [modelfile.FEATURES], name=modelfile.FEATURES))
    num_faces = graph.input[0].type.tensor_type.shape.dim[0].dim_param or "num_faces"
    graph.output.append(helper.make_tensor_value_info(modelfile.FEATURES, TensorProto.FLOAT, [num_faces, head.width]))
    return True


def with_features(content: bytes) -> bytes | None:
    """The bytes of a model file with the second output ``features``; None without a linear head.

    Raises:
        MissingExtraError: onnx isn't installed.
    """
    with needed("adapt"):
        import onnx

    model = onnx.load_model_from_string(content)
    return model.SerializeToString() if expose(model) else None
