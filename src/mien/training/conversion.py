"""A graph in torch as an ONNX model.

The conversion takes seconds, and its result depends on the architecture only. So each architecture is converted once, its result
is kept in the user's cache without weights, and the weights of each graph are put into a copy.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mien import modelfile
from mien.data import cache
from mien.errors import ExportError
from mien.inference import head
from mien.training import networks

OPSET = 18

_structures: dict[Any, Any] = {}


def to_onnx(graph: nn.Module, size: tuple[int, int]) -> Any:
    """Convert a graph, with batch norms folded into the convolutions before them.

    Args:
        graph: ``(N, H, W)`` ``uint8`` to probabilities ``(N, K)``, in evaluation mode.
        size: H and W.

    Raises:
        ExportError: torch's exporter doesn't return a model.
    """
    graph = _with_tensors(_folded(copy.deepcopy(graph)))
    layers = tuple((name, type(layer), layer.extra_repr()) for name, layer in graph.named_modules())
    if (layers, size) not in _structures:
        _structures[layers, size] = _kept_or_made(graph, size, _place(layers, size))
    structure = _structures[layers, size]
    if structure is None:
        return _converted(graph, size)
    model = onnx.ModelProto()
    model.CopyFrom(structure)
    _put(model, graph.state_dict())
    return model


def _place(layers: tuple[tuple[str, type, str], ...], size: tuple[int, int]) -> Path | None:
    """The file that keeps a structure; None if the cache is off, or a layer's code is neither torch's nor mien's."""
    modules = sorted({kind.__module__ for _, kind, _ in layers} | {__name__, head.__name__})
    own = [name for name in modules if name.startswith("mien.")]
    if cache.folder() is None or any(not name.startswith(("mien.", "torch.")) for name in modules):
        return None
    code = [Path(str(sys.modules[name].__file__)).read_bytes() for name in own]
    about = repr((layers, size, torch.__version__, onnx.__version__)).encode()
    return cache.graph(hashlib.sha256(b"".join((about, *code))).hexdigest())


def _kept_or_made(graph: nn.Module, size: tuple[int, int], place: Path | None) -> Any:
    """The structure in a file; if there is none, or it is damaged, it is made and written there."""
    if place is not None:
        with contextlib.suppress(Exception):  # a missing or damaged file may raise any error; it is made anew
            return onnx.load(str(place))
    made = _structure(graph, size)
    if place is not None and made is not None:
        cache.write(place, lambda temporary: onnx.save_model(made, temporary))
    return made


def _structure(graph: nn.Module, size: tuple[int, int]) -> Any:
    """The model of an architecture without its weights; None if the exporter has changed a weight.

    It is converted with random weights, because the exporter simplifies special ones: a division by 1 would be left out.
    """
    random = torch.Generator().manual_seed(0)
    other = copy.deepcopy(graph)
    with torch.no_grad():
        for tensor in other.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(0.5 + torch.rand(tensor.shape, generator=random))
    model = _converted(other, size)
    found = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for name, tensor in other.state_dict().items():
        if tensor.is_floating_point() and not (name in found and (found[name] == tensor.numpy()).all()):
            return None
    for tensor in model.graph.initializer:
        if tensor.name in other.state_dict():
            tensor.ClearField("raw_data")
    return model


def _put(model: Any, weights: dict[str, Tensor]) -> None:
    for tensor in model.graph.initializer:
        if tensor.name in weights:
            tensor.CopyFrom(onnx.numpy_helper.from_array(weights[tensor.name].numpy(), tensor.name))


def _converted(graph: nn.Module, size: tuple[int, int]) -> Any:
    example = torch.zeros((2, *size), dtype=torch.uint8)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own deprecated calls
        program = torch.onnx.export(
            graph,
            (example,),
            input_names=[modelfile.INPUT],
            output_names=[modelfile.OUTPUT],
            dynamic_shapes={"faces": {0: torch.export.Dim("num_faces")}},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise ExportError("torch's exporter returned no model: check that torch and onnxscript fit together.")
    model = program.model_proto
    for node in model.graph.node:  # the exporter writes source paths of this machine into every node
        del node.metadata_props[:]
    head.expose(model)
    return model


def _folded(graph: nn.Module) -> nn.Module:
    """Fold each batch norm into the convolution before it, in place."""
    for conv, norm in networks.batch_norms(graph).items():
        first, second = graph.get_submodule(conv), graph.get_submodule(norm)
        assert isinstance(first, nn.Conv2d)
        assert isinstance(second, nn.BatchNorm2d)
        graph.set_submodule(conv, fuse_conv_bn_eval(first, second))
        graph.set_submodule(norm, nn.Identity())
    return graph


def _with_tensors(graph: nn.Module) -> nn.Module:
    """Turn the constants of normalisation and calibration into buffers, in place: they differ between graphs as weights do."""
    for layer in graph.modules():
        for name in getattr(layer, "CONSTANTS", ()):
            value = getattr(layer, name)
            delattr(layer, name)
            layer.register_buffer(name, torch.tensor(value, dtype=torch.float32))
    return graph
