"""From a run's best weights to the model file, checked against the network that was trained."""

from __future__ import annotations

import logging
import os
import warnings
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mien import files, modelfile
from mien.data.faceset import FaceSet
from mien.errors import ExportError
from mien.inference.classifier import Classifier
from mien.modelfile import Spec
from mien.training import checkpoint, loop, networks
from mien.training.run import Run

TOLERANCE = 1e-4
"""Largest difference in any probability between the trained network and its model file."""

OPSET = 18


class ModelGraph(nn.Module):
    """What the model file computes: ``uint8`` faces ``(N, H, W)`` to probabilities ``(N, K)``."""

    def __init__(self, network: nn.Module, mean: float, std: float, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.mean, self.std, self.temperature = mean, std, temperature

    def forward(self, faces: Tensor) -> Tensor:
        """``(N, H, W)`` ``uint8`` to ``(N, K)`` ``float32``."""
        logits = self.network((faces.float().unsqueeze(1) - self.mean) / self.std)
        return torch.softmax(logits / self.temperature, dim=1)


def export(run: Run, valid_set: FaceSet, path: str | os.PathLike[str]) -> Spec:
    """Write the model file of a run's best weights.

    The temperature is fitted on the held-out rows, and the file's probabilities are compared with the network's on those
    rows and on extreme pictures before the file takes its place.

    Args:
        run: a run with ``best.safetensors``.
        valid_set: its held-out rows, at the recipe's size.
        path: where the model file goes.

    Raises:
        ExportError: the file would compute something else than the network.
        RunError: the run has no weights yet.
    """
    graph, logits = load_graph(run, valid_set)
    labels = torch.from_numpy(valid_set.labels)
    data = run.record["data"]
    spec = Spec(
        tuple(data["classes"]),
        (run.recipe.image_size, run.recipe.image_size),
        temperature=graph.temperature,
        training=training_record(run),
        scores=(score(logits / graph.temperature, labels, data["valid"]["from"]),),
    )
    model = to_onnx(graph, spec)
    with files.whole(path) as temporary:
        onnx.save_model(model, temporary)
        check_parity(graph, Classifier.load(temporary), valid_set.images[:512])
    return spec


def load_graph(run: Run, valid_set: FaceSet) -> tuple[ModelGraph, Tensor]:
    """The graph of a run's best weights, its temperature fitted on the held-out rows, and its logits ``(N, K)`` of these."""
    tensors, _ = checkpoint.load(run.best)
    recipe, data = run.recipe, run.record["data"]
    network = networks.build(recipe.network, len(data["classes"]), recipe.image_size)
    checkpoint.load_network(network, tensors, "network")
    faces, labels = torch.from_numpy(valid_set.images), torch.from_numpy(valid_set.labels)
    logits = loop.predict(network, faces, data["mean"], data["std"], torch.device("cpu"), "fp32")
    network = network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload] # torch's stubs lack this overload
    return ModelGraph(network, data["mean"], data["std"], fit_temperature(logits, labels)).eval(), logits


def training_record(run: Run) -> dict[str, Any]:
    """What the model file says of its training."""
    data = run.record["data"]
    record = {key: run.record[key] for key in ("mien", "git_commit", "torch", "device", "precision")}
    return record | {
        "recipe": run.record["recipe"],
        "epoch": checkpoint.load(run.best)[1]["epoch"],
        "seed": run.recipe.seed,
        "data_hash": data["hash"],
        "train_hash": data["train"]["hash"],
    }


def score(logits: Tensor, labels: Tensor, split: str) -> dict[str, Any]:
    """What a model scored on held-out rows, from its calibrated logits ``(N, K)``."""
    return {
        "split": split,
        "n": len(labels),
        "accuracy": float((logits.argmax(1) == labels).float().mean()),
        "log_loss": float(F.cross_entropy(logits, labels)),
        "flip": False,
        "note": "the rows that chose the epoch and the temperature: slightly optimistic",
    }


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature that minimises the cross-entropy of ``logits / T`` (Guo et al., On Calibration, ICML 2017).

    The loss is convex in 1/T; golden-section search over log T from 1/20 to 20.
    """
    ratio = (5**0.5 - 1) / 2
    low, high = float(np.log(0.05)), float(np.log(20.0))

    def loss(log_t: float) -> float:
        return float(F.cross_entropy(logits.double() / np.exp(log_t), labels))

    while high - low > 1e-4:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def to_onnx(graph: nn.Module, spec: Spec) -> Any:
    """The graph as an ONNX model with the spec inside."""
    example = torch.zeros((2, *spec.size), dtype=torch.uint8)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of deprecations within itself
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
    for node in model.graph.node:  # the exporter notes source lines of this machine in every node
        del node.metadata_props[:]
    model.metadata_props.add(key=modelfile.KEY, value=spec.to_json())
    return model


def check_parity(graph: nn.Module, classifier: Classifier, faces: NDArray[np.uint8]) -> float:
    """Compare network and model file on real and extreme faces; return the largest difference.

    Raises:
        ExportError: it is above ``TOLERANCE``, or a number is missing.
    """
    height, width = classifier.spec.size
    rng = np.random.default_rng(0)
    extremes = np.stack(
        [
            np.zeros((height, width)),
            np.full((height, width), 255),
            np.indices((height, width)).sum(0) % 2 * 255,
            rng.integers(0, 256, (height, width)),
        ]
    ).astype(np.uint8)
    worst = 0.0
    for batch in (extremes, extremes[:1], faces):
        with torch.no_grad():
            expected = graph(torch.from_numpy(batch)).numpy()
        difference = float(np.abs(classifier.probabilities(batch) - expected).max(initial=0.0))
        worst = max(worst, difference) if difference == difference else float("nan")
        if not worst <= TOLERANCE:
            raise ExportError(
                f"The model file differs from the network by {worst:.2g} in a probability (allowed: {TOLERANCE:g}): "
                "no file was written. Train with a lower learning rate if weights grew huge, or report this."
            )
    return worst
