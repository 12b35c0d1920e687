"""Changes to a model file as a graph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.numpy_helper
from numpy.typing import NDArray

from mien import modelfile
from mien.data.faceset import FaceSet
from mien.inference.classifier import Classifier
from mien.run import Run
from mien.training import onnxfile


def graph(**tensors: NDArray[np.float32]) -> Any:
    """A model that has these tensors, and no node."""
    stored = [onnx.numpy_helper.from_array(values, name) for name, values in tensors.items()]
    return onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [], stored))


def metadata(model: Any) -> dict[str, str]:
    return {entry.key: entry.value for entry in model.metadata_props}


def test_a_copy_has_another_spec_and_the_same_answers(run: Run, faces: FaceSet, tmp_path: Path) -> None:
    classifier = Classifier.load(run.model_file)
    onnxfile.rewrite(classifier, replace(classifier.spec, crop="another"), tmp_path / "copy.onnx")
    copied = Classifier.load(tmp_path / "copy.onnx")
    assert copied.spec == replace(classifier.spec, crop="another")
    np.testing.assert_array_equal(copied.probabilities(faces.images[:4]), classifier.probabilities(faces.images[:4]))
    assert (copied.seen is None) == (classifier.seen is None)


def test_entries_are_replaced_and_foreign_ones_removed() -> None:
    model = graph()
    model.metadata_props.add(key="producer", value="another tool")
    model.metadata_props.add(key=modelfile.KEY, value="old")
    onnxfile.set_metadata(model, modelfile.SEEN_KEY, "seen")
    assert metadata(model) == {modelfile.KEY: "old", modelfile.SEEN_KEY: "seen"}
    onnxfile.set_metadata(model, modelfile.KEY, "new")
    assert metadata(model) == {modelfile.KEY: "new", modelfile.SEEN_KEY: "seen"}


def test_large_tensors_are_halved_and_widened_again() -> None:
    weights = np.linspace(-2, 2, 256, dtype=np.float32).reshape(16, 16)
    model = graph(weights=weights, bias=weights[0], huge=weights * 1e5)
    onnxfile.halve_weights(model)
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    assert sorted(stored) == ["bias", "huge", "weights.half"]
    assert stored["weights.half"].dtype == np.float16
    np.testing.assert_allclose(stored["weights.half"], weights, rtol=1e-3)
    assert stored["bias"].dtype == stored["huge"].dtype == np.float32
    (cast,) = model.graph.node
    assert (cast.op_type, list(cast.input), list(cast.output)) == ("Cast", ["weights.half"], ["weights"])
