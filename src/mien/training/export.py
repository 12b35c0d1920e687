"""Export of a run's best weights as a model file, verified against the trained network."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from mien import files, modelfile, typed_json
from mien.checks import checked
from mien.data.faceset import FaceSet
from mien.data.seen import SeenFaces
from mien.errors import ExportError
from mien.evaluation import decisions
from mien.inference.classifier import Classifier
from mien.modelfile import Spec
from mien.run import Run
from mien.training import calibration, checkpoint, conversion, onnxfile, validation
from mien.training.graph import ModelGraph, load_network
from mien.training.temperature import Temperature
from mien.training.weights import BestEpoch
from mien.typed_json import JsonObject

TOLERANCE = 1e-4
"""Maximum difference of any probability between the trained network and its model file."""

HALVED_TOLERANCE = 0.02
"""Maximum difference of any probability caused by storing the weights in half precision."""


@checked
def export(run: Run, valid_set: FaceSet, path: str | os.PathLike[str]) -> Spec:
    """Write the model file of a run's best weights.

    The temperature is fitted on the held-out rows. Before the file is moved to ``path``, its probabilities are compared with
    the network's on those rows and on extreme images.

    Args:
        run: a run with ``best.safetensors``.
        valid_set: its held-out rows, at the recipe's size.
        path: the model file to write.

    Raises:
        ExportError: training has diverged, or the file's probabilities differ from the network's.
        RunError: the run has no weights yet.
    """
    data = run.record.data
    graph, temperature = load_graph(run, valid_set)
    size = (run.recipe.image_size, run.recipe.image_size)
    spec = Spec(tuple(data.classes), size, temperature=graph.temperature, training=training_record(run, temperature))
    return write(graph, spec, valid_set, data.valid.split, path, counts=data.train.counts, seen=run.seen)


@checked
def write(
    graph: nn.Module,
    spec: Spec,
    rows: FaceSet,
    split: str,
    path: str | os.PathLike[str],
    *,
    counts: Sequence[int],
    seen: SeenFaces | None = None,
) -> Spec:
    """Write a graph as a model file, verify it against the graph, and score it on held-out rows.

    The weights are stored in half precision, which halves the file size; onnxruntime converts them to fp32 at load time.

    Args:
        graph: ``uint8`` faces to probabilities.
        spec: the metadata, without scores.
        rows: held-out rows at the graph's size.
        split: name of these rows in the score.
        path: the model file to write.
        counts: training rows of each class.
        seen: hashes of the training faces and held-out faces, if known.

    Returns:
        The spec with the score, the decision rules fitted on the rows, and the maximum differences of a probability in
        ``training["parity"]``: ``full`` is the fp32 file against the graph, ``half`` the final file against the fp32 file.

    Raises:
        ExportError: a difference exceeds ``TOLERANCE`` or ``HALVED_TOLERANCE``.
    """
    model = conversion.to_onnx(graph, spec.size)
    onnxfile.set_spec(model, spec)
    if seen is not None:
        onnxfile.set_metadata(model, modelfile.SEEN_KEY, seen.to_text())
    with files.atomic_write(path, suffixes=files.MODELS) as temporary:
        onnx.save_model(model, temporary)
        full = Classifier.load(temporary)
        parity = check_parity(graph, full, rows.images[:512])
        probabilities = full.probabilities(rows.images)
        onnxfile.halve_weights(model)
        onnx.save_model(model, temporary)
        halved = Classifier.load(temporary).probabilities(rows.images)
        difference = float(np.abs(halved - probabilities).max())
        if not difference <= HALVED_TOLERANCE:
            raise ExportError(
                f"Weights in half precision change a probability by {difference:.2g} (allowed: {HALVED_TOLERANCE:g}): no file "
                "was written. The weights are too large: train with a lower learning rate or more weight_decay."
            )
        chosen = decisions.for_model_file(rows.labels, halved, decisions.shares_of(counts))
        training = {
            **spec.training,
            "parity": {"full": parity, "half": difference, "allowed": [TOLERANCE, HALVED_TOLERANCE]},
            "class_counts": dict(zip(spec.classes, map(int, counts), strict=True)),
        }
        scores = (score(halved, rows.labels, split),)
        spec = dataclasses.replace(spec, scores=scores, decisions=chosen, training=training)
        onnxfile.set_spec(model, spec)
        onnx.save_model(model, temporary)
    return spec


def load_graph(run: Run, valid_set: FaceSet) -> tuple[ModelGraph, Temperature]:
    """The graph of a run's best weights, and its temperature, fitted on the held-out rows.

    Raises:
        ExportError: training has diverged.
        RunError: the run has no weights yet.
    """
    network, data = load_network(run), run.record.data
    faces, labels = torch.from_numpy(valid_set.images), torch.from_numpy(valid_set.labels)
    logits = validation.predict(network, faces, data.mean, data.std, torch.device("cpu"), "fp32")
    loss = float(F.cross_entropy(logits, labels))
    if validation.has_diverged(loss, logits.shape[1]):
        raise ExportError(
            f"Training has diverged: the loss on the held-out rows is {loss:.3g}. No file was written; "
            "train again with a lower learning_rate, or with --set clip_norm=1."
        )
    plain = network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload] # torch's stubs lack this overload
    temperature = calibration.of_run(run, valid_set, logits)
    return ModelGraph(plain, data.mean, data.std, temperature.value).eval(), temperature


def training_record(run: Run, temperature: Temperature) -> JsonObject:
    """The training metadata of a model file."""
    data, setup = run.record.data, run.record.setup
    return {
        "mien": run.record.mien,
        "git_commit": run.record.git_commit,
        "torch": setup.torch,
        "device": setup.device,
        "precision": setup.precision,
        "recipe": run.recipe.to_dict(),
        "temperature": temperature.to_dict(),
        "epoch": checkpoint.load(run.best, BestEpoch)[1].epoch,
        "seed": run.recipe.seed,
        "data_hash": data.hash,
        "train_hash": data.train.faces_hash,
        "options": data.read.options.to_dict(),
        "coding": typed_json.to_json(data.read.coding),
        **({"init": {"name": Path(run.recipe.init).name, "sha256": setup.init}} if run.recipe.init else {}),
    }


def score(probabilities: NDArray[np.float32], labels: NDArray[np.int64], split: str) -> JsonObject:
    """The scores of probabilities ``(N, K)`` on held-out rows with labels ``(N,)``."""
    given = probabilities[np.arange(len(labels)), labels]
    return {
        "split": split,
        "n": len(labels),
        "accuracy": float((probabilities.argmax(1) == labels).mean()),
        "log_loss": float(-np.log(np.maximum(given, 1e-12)).mean()),
        "flip": False,
        "note": "held out of the training, which fitted the temperature on them and, where it keeps the best epoch, chose it: slightly optimistic",
    }


def check_parity(graph: nn.Module, classifier: Classifier, faces: NDArray[np.uint8]) -> float:
    """Compare network and model file on real and extreme faces; return the maximum difference of a probability.

    Raises:
        ExportError: the difference exceeds ``TOLERANCE``, or a probability is NaN.
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
                "no file was written. Train with a lower learning rate if weights are very large, or report this."
            )
    return worst
