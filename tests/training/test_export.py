from __future__ import annotations

import copy
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from mien import modelfile
from mien.errors import ExportError, ModelFileError, RunError
from mien.inference.classifier import Classifier
from mien.modelfile import Spec
from mien.run import Run
from mien.training import checkpoint, conversion, export, job, networks, onnxfile
from mien.training.graph import ModelGraph
from mien.training.weights import BestEpoch


def saved(graph: ModelGraph, size: int, path: Path) -> Classifier:
    model = conversion.to_onnx(graph, (size, size))
    onnxfile.set_spec(model, Spec(tuple("abcdefg"), (size, size)))
    onnx.save_model(model, path)
    return Classifier.load(path)


@pytest.mark.parametrize(("name", "size"), [("vgg", 32), ("base", 48), ("tiny", 20)])
def test_the_file_computes_what_the_network_computes(name: str, size: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    graph = ModelGraph(networks.build(name, 7, size).eval(), 120.0, 60.0, 1.3).eval()
    faces = np.random.default_rng(0).integers(0, 256, (5, size, size), np.uint8)
    classifier = saved(graph, size, tmp_path / "model.onnx")
    assert export.check_parity(graph, classifier, faces) < 1e-5
    assert classifier.probabilities(faces[:0]).shape == (0, 7)


def test_a_file_that_differs_is_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    graph = ModelGraph(networks.build("tiny", 7, 32).eval(), 120.0, 60.0, 1.0).eval()
    classifier = saved(graph, 32, tmp_path / "model.onnx")
    other = copy.deepcopy(graph)
    other.temperature = 0.5
    faces = np.random.default_rng(0).integers(0, 256, (5, 32, 32), np.uint8)
    with pytest.raises(ExportError, match=r"differs from the network by .* no file was written"):
        export.check_parity(other, classifier, faces)


def test_numbers_that_are_missing_are_refused(tmp_path: Path) -> None:
    network = networks.build("tiny", 7, 32).eval()
    with torch.no_grad():
        network.get_parameter("linear.weight").fill_(float("nan"))
    graph = ModelGraph(network, 120.0, 60.0, 1.0).eval()
    with pytest.raises(ModelFileError, match="doesn't return 7 probabilities"):
        export.check_parity(graph, saved(graph, 32, tmp_path / "model.onnx"), np.zeros((1, 32, 32), np.uint8))


def test_the_weights_of_a_diverged_training_are_not_exported(run: Run, tmp_path: Path) -> None:
    copied = shutil.copytree(run.folder, tmp_path / "run")
    tensors, state = checkpoint.load(copied / "best.safetensors", BestEpoch)
    checkpoint.save(
        copied / "best.safetensors", tensors | {"network.linear.weight": 1e20 * tensors["network.linear.weight"]}, state
    )
    before = (copied / "model.onnx").read_bytes()
    diverged = Run.open(copied)
    with pytest.raises(ExportError, match=r"Training has diverged: .* loss on the held-out rows is .*e.*; train again"):
        export.export(diverged, job.read_sets(diverged)[1], copied / "model.onnx")
    assert (copied / "model.onnx").read_bytes() == before


def test_the_model_file_carries_its_spec(run: Run) -> None:
    spec = Classifier.load(run.model_file).spec
    assert spec.classes == run.record.data.classes
    assert spec.size == (48, 48)
    assert spec.training["data_hash"] == run.record.data.hash
    assert spec.training["recipe"] == run.recipe.to_dict()
    assert spec.training["epoch"] in (1, 2)
    (score,) = spec.scores
    assert (score["split"], score["n"]) == ("hold_out", run.record.data.valid.rows)
    assert score["accuracy"] == pytest.approx(max(row.valid_accuracy for row in run.history), abs=1.5 / score["n"])


def test_the_score_is_the_files_own(run: Run) -> None:
    held = job.read_sets(run)[1]
    classifier = Classifier.load(run.model_file)
    (score,) = classifier.spec.scores
    probabilities = classifier.probabilities(held.images)
    assert score["accuracy"] == np.mean(probabilities.argmax(1) == held.labels)
    assert score["log_loss"] == pytest.approx(-np.log(probabilities[np.arange(len(held)), held.labels]).mean())


def test_weights_take_half_the_room(run: Run) -> None:
    parameters = run.network.parameters
    assert 2 * parameters < run.model_file.stat().st_size < 2 * parameters + 30_000


def test_weights_that_half_precision_spoils_are_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "HALVED_TOLERANCE", 1e-9)
    with pytest.raises(ExportError, match="half precision change a probability"):
        export.export(run, job.read_sets(run)[1], tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_the_model_file_holds_no_path_of_the_machine(run: Run) -> None:
    assert str(Path.home()).encode() not in run.model_file.read_bytes()
    assert b"site-packages" not in run.model_file.read_bytes()


def test_exporting_again_gives_the_same_probabilities(run: Run, tmp_path: Path) -> None:
    _, valid_set = job.read_sets(run)
    export.export(run, valid_set, tmp_path / "again.onnx")
    one, other = (
        Classifier.load(path).probabilities(valid_set.images) for path in (run.model_file, tmp_path / "again.onnx")
    )
    np.testing.assert_array_equal(one, other)
    assert len(modelfile.sha256(run.model_file)) == 64


def test_a_run_without_weights_can_not_be_exported(run: Run, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes((run.folder / "run.json").read_bytes())
    _, valid_set = job.read_sets(run)
    with pytest.raises(RunError, match=r"best\.safetensors' can't be read"):
        export.export(Run.open(tmp_path), valid_set, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()
