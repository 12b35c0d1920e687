from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from mien import images
from mien.data.faceset import FaceSet
from mien.errors import ArgumentError, ModelFileError
from mien.inference.classifier import Classifier
from mien.run import Run


@pytest.fixture(scope="module")
def classifier(run: Run) -> Classifier:
    return Classifier.load(run.model_file)


def test_probabilities_are_probabilities(classifier: Classifier, faces: FaceSet) -> None:
    rows = classifier.probabilities(faces.images)
    assert rows.shape == (len(faces), 7)
    assert rows.dtype == np.float32
    assert rows.min() >= 0
    np.testing.assert_allclose(rows.sum(1), 1.0, atol=1e-5)


def test_it_has_the_methods_of_scikit_learn(classifier: Classifier, faces: FaceSet) -> None:
    rows, names = classifier.probabilities(faces.images), np.array(classifier.classes)
    assert classifier.classes_.tolist() == list(classifier.classes)
    np.testing.assert_array_equal(classifier.predict_proba(faces.images), rows)
    np.testing.assert_array_equal(classifier.predict(faces.images), names[rows.argmax(1)])
    accuracy = float((names[rows.argmax(1)] == faces.label_names).mean())
    assert classifier.score(faces.images, faces.label_names) == accuracy
    assert classifier.score(faces.images, faces.label_names.tolist()) == accuracy


def test_a_score_needs_a_name_for_each_face(classifier: Classifier, faces: FaceSet) -> None:
    with pytest.raises(ArgumentError, match=r"Labels must be names of classes of shape \(N,\), not int64 of shape"):
        classifier.score(faces.images, faces.labels)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="one or more faces and a label for each, not 350 and 2"):
        classifier.score(faces.images, ["happy", "sad"])
    with pytest.raises(ArgumentError, match="not 0 and 0"):
        classifier.score(faces.images[:0], faces.label_names[:0])


def test_batching_and_threads_change_nothing_but_rounding(classifier: Classifier, run: Run, faces: FaceSet) -> None:
    expected = classifier.probabilities(faces.images[:50])
    np.testing.assert_allclose(classifier.probabilities(faces.images[:50], batch_size=7), expected, atol=1e-5)
    np.testing.assert_allclose(
        Classifier.load(run.model_file, threads=1).probabilities(faces.images[:50]), expected, atol=1e-5
    )


def test_no_faces_give_no_rows(classifier: Classifier, faces: FaceSet) -> None:
    assert classifier.probabilities(faces.images[:0]).shape == (0, 7)


def test_flip_is_the_mean_of_a_face_and_its_mirror_image(classifier: Classifier, faces: FaceSet) -> None:
    some = faces.images[:20]
    both = (classifier.probabilities(some) + classifier.probabilities(np.ascontiguousarray(some[:, :, ::-1]))) / 2
    np.testing.assert_allclose(classifier.probabilities(some, flip=True), both, atol=1e-6)


def test_faces_of_another_size_are_resized_in_the_one_place(classifier: Classifier, faces: FaceSet) -> None:
    large = images.resize_faces(faces.images[:5], (96, 96))
    np.testing.assert_array_equal(
        classifier.probabilities(large), classifier.probabilities(images.resize_faces(large, (48, 48)))
    )


def test_it_may_be_called_from_several_threads(classifier: Classifier, faces: FaceSet) -> None:
    expected = classifier.probabilities(faces.images[:40])
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: classifier.probabilities(faces.images[:40]), range(8)))
    assert all(np.array_equal(result, expected) for result in results)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((2, 48, 48), np.float32),
        np.zeros((48, 48), np.uint8),
        np.zeros((2, 48, 48, 3), np.uint8),
        np.zeros((2, 0, 48), np.uint8),
    ],
)
def test_other_arrays_are_refused(
    classifier: Classifier, bad: np.ndarray[tuple[int, ...], np.dtype[np.generic]]
) -> None:
    with pytest.raises(ModelFileError, match=r"Faces must be uint8 of shape \(N, H, W\), not"):
        classifier.probabilities(bad)  # type: ignore[arg-type] # the wrong type is the test


def test_files_that_are_no_model_say_so(tmp_path: Path, run: Run) -> None:
    with pytest.raises(ModelFileError, match=r"no model file '.*nope.onnx': check the path"):
        Classifier.load(tmp_path / "nope.onnx")
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(ModelFileError, match="is not a valid ONNX file"):
        Classifier.load(tmp_path / "text.onnx")
    (tmp_path / "half.onnx").write_bytes(run.model_file.read_bytes()[:-1000])
    with pytest.raises(ModelFileError, match=r"half.onnx' is"):
        Classifier.load(tmp_path / "half.onnx")


def test_an_onnx_file_of_others_says_so(tmp_path: Path) -> None:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [x], [y])
    onnx.save_model(
        helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "other.onnx"
    )
    with pytest.raises(ModelFileError, match=r"but not of mien \(it has no spec\)"):
        Classifier.load(tmp_path / "other.onnx")
