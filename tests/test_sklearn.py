"""The estimator of scikit-learn: its checks, cross-validation, grid search and displays."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibrationDisplay
from sklearn.exceptions import NotFittedError
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

import mien
from mien.data.faceset import FaceSet
from mien.errors import EstimatorError, MienError
from mien.inference.classifier import Classifier
from mien.sklearn import ExpressionClassifier
from mien.synthetic import drawn

COPIES = "pixels are whole numbers, so that its rows of small fractions are copies of a few pictures"

LEFT_OUT = {"check_pipeline_consistency": COPIES, "check_estimators_pickle": COPIES}
"""The checks of scikit-learn that faces can't pass, and why."""


def quick(**parameters: Any) -> ExpressionClassifier:
    return ExpressionClassifier("tiny", penalty=0.1, **parameters)


@pytest.fixture(scope="module")
def own() -> FaceSet:
    faces = drawn.draw(260, seed=3)
    rows = np.isin(faces.label_names, ["happy", "surprise", "sad"])
    return faces.select(rows)


@pytest.fixture(scope="module")
def fitted(own: FaceSet) -> ExpressionClassifier:
    return quick().fit(own.images, own.label_names)


def test_scikit_learns_checks_pass_but_for_those_that_faces_can_not() -> None:
    results = check_estimator(quick(shape=(1, -1)), expected_failed_checks=LEFT_OUT, on_skip=None, on_fail="raise")
    states = [(result["check_name"], result["status"]) for result in results]
    assert {name for name, state in states if state == "xfail"} == set(LEFT_OUT)
    assert {name for name, state in states if state == "skipped"} <= {"check_array_api_input"}
    assert sum(state == "passed" for _, state in states) > 45


def test_the_estimator_is_the_adapted_model(own: FaceSet, fitted: ExpressionClassifier, tmp_path: Any) -> None:
    own = own.split("train")  # which is what mien.adapt learns from
    adapted = mien.adapt("tiny", own, tmp_path / "mine.onnx")
    chosen = ExpressionClassifier("tiny").fit(own.images, own.label_names, groups=own.subjects)
    (tmp_path / "saved.onnx").write_bytes(chosen.classifier_.content)
    saved = mien.load(tmp_path / "saved.onnx")
    assert saved.classes == tuple(sorted({"happy", "surprise", "sad"})) == tuple(chosen.classes_.tolist())
    given = mien.load(adapted.path).probabilities(own.images)
    order = [mien.load(adapted.path).classes.index(name) for name in saved.classes]
    np.testing.assert_allclose(saved.probabilities(own.images), given[:, order], atol=2e-3)
    assert chosen.evaluation_.accuracy == pytest.approx(adapted.evaluation.accuracy, abs=0.03)
    assert fitted.score(own.images, own.label_names) > 0.8


def test_flat_faces_and_fractions_give_the_same(own: FaceSet, fitted: ExpressionClassifier) -> None:
    expected = fitted.predict_proba(own.images)
    flat = own.images.reshape(len(own), -1)
    for faces in (flat, flat / np.float32(255), own.images.astype(np.float64)):
        model = quick().fit(faces, own.label_names)
        np.testing.assert_allclose(model.predict_proba(faces), expected, atol=1e-6)
    cut = flat[:, : 48 * 40]
    model = quick(shape=(-1, 48)).fit(cut, own.label_names)
    np.testing.assert_array_equal(
        model.predict(cut), quick().fit(own.images[:, :40], own.label_names).predict(own.images[:, :40])
    )


def test_whole_numbers_are_labels_too(own: FaceSet, fitted: ExpressionClassifier) -> None:
    codes = np.unique(own.label_names, return_inverse=True)[1] + 5
    model = quick().fit(own.images, codes)
    assert model.classes_.tolist() == [5, 6, 7]
    np.testing.assert_array_equal(model.predict(own.images) - 5, fitted.predict_proba(own.images).argmax(1))


def test_cross_validation_keeps_persons_together(own: FaceSet) -> None:
    scores = cross_val_score(quick(), own.images, own.label_names, cv=GroupKFold(3), groups=own.subjects)
    assert len(scores) == 3
    assert scores.mean() > 0.6
    losses = cross_val_score(quick(), own.images, own.label_names, cv=2, scoring="neg_log_loss")
    assert (losses > -np.log(3)).all()  # better than guessing


def test_a_grid_search_finds_the_better_model(own: FaceSet) -> None:
    search = GridSearchCV(quick(), {"penalty": [1e-2, 1e4]}, cv=2).fit(own.images, own.label_names)
    assert search.best_params_ == {"penalty": 1e-2}
    assert search.best_estimator_.classifier_.classes == ("happy", "sad", "surprise")
    steps = make_pipeline(FunctionTransformer(lambda faces: faces[:, ::-1]), quick())
    assert steps.fit(own.images, own.label_names).predict(own.images[:2]).shape == (2,)


def test_displays_of_scikit_learn_draw_it(own: FaceSet, fitted: ExpressionClassifier) -> None:
    from matplotlib.figure import Figure

    both = own.select(own.label_names != "sad")
    two = quick().fit(both.images, both.label_names)
    axes = Figure().add_subplot()
    curve = CalibrationDisplay.from_estimator(two, both.images, both.label_names, n_bins=3, ax=axes)
    assert curve.prob_pred.min() >= 0
    assert curve.pos_label == "surprise"
    shown = ConfusionMatrixDisplay.from_estimator(fitted, own.images, own.label_names, ax=Figure().add_subplot())
    assert shown.confusion_matrix.sum() == len(own)


def test_it_is_cloned_pickled_and_starts_from_a_loaded_model(own: FaceSet, fitted: ExpressionClassifier) -> None:
    copied = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copied.predict_proba(own.images), fitted.predict_proba(own.images))
    again = clone(ExpressionClassifier(mien.load("tiny"), penalty=0.1)).fit(own.images, own.label_names)
    np.testing.assert_array_equal(again.predict(own.images), fitted.predict(own.images))
    further = quick().set_params(model=fitted.classifier_).fit(own.images, own.label_names)
    assert further.classifier_.spec.training["adapted_from"]["name"] == "tiny, adapted"
    assert is_classifier(fitted)


def blank(num: int) -> NDArray[np.uint8]:
    return np.zeros((num, 8, 8), np.uint8)


@pytest.mark.parametrize(
    ("parameters", "faces", "labels", "message"),
    [
        ({}, blank(12), ["a", "b"] * 6, "All faces are copies of one picture"),
        ({}, blank(12)[:, :, 0], ["a", "b"] * 6, "Faces of 8 pixels are not square: set shape=(height, width)."),
        ({"shape": (3, -1)}, blank(12)[:, :, 0], ["a", "b"] * 6, "Faces of 8 pixels don't have the shape (3, -1)."),
        ({"shape": 8}, blank(12)[:, :, 0], ["a", "b"] * 6, "shape=8 doesn't fit: it must be (height, width)."),
        ({}, blank(12) - 1.0, ["a", "b"] * 6, "Negative values in data: -1 is not a pixel from 0 to 1."),
        ({}, blank(12) + 300.0, ["a", "b"] * 6, "Values above 255: 300 is not a pixel as in the fit, from 0 to 255."),
        (
            {},
            blank(12)[..., None],
            ["a", "b"] * 6,
            "Faces must be of shape (N, H, W) or (N, H * W), not (12, 8, 8, 1).",
        ),
        ({"model": "best"}, blank(12), ["a", "b"] * 6, "There is no model file 'best'"),
        ({"penalty": 0}, blank(12), ["a", "b"] * 6, "penalty=0 doesn't fit: it must be a number above 0"),
        ({"seed": -1}, blank(12), ["a", "b"] * 6, "seed=-1 doesn't fit"),
    ],
)
def test_what_does_not_fit_is_told_in_a_sentence(
    parameters: dict[str, Any], faces: NDArray[Any], labels: list[str], message: str
) -> None:
    with pytest.raises(EstimatorError) as caught:
        quick().set_params(**parameters).fit(faces, labels)
    assert message in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, MienError)


def test_faces_that_differ_from_those_of_the_fit_are_refused(own: FaceSet, fitted: ExpressionClassifier) -> None:
    fractions = quick().fit(own.images / np.float32(255), own.label_names)
    with pytest.raises(EstimatorError, match=r"Values above 1: 255 is not a pixel as in the fit, from 0 to 1\."):
        fractions.predict(own.images.astype(np.float32))
    fractional = own.images / np.float32(255)
    for some in (fractional, fractional.reshape(len(own), -1), np.round(fractional)):
        model = fitted if some.ndim == 3 else quick().fit(own.images.reshape(len(own), -1), own.label_names)
        with pytest.raises(
            EstimatorError, match=r"fractions from 0 to 1, but .* pixels from 0 to 255: multiply by 255"
        ):
            model.predict(some)
    black = np.zeros_like(fractional)
    np.testing.assert_array_equal(fitted.predict_proba(black), fitted.predict_proba(black.astype(np.uint8)))
    with pytest.raises(NotFittedError):
        quick().predict(own.images)
    with pytest.raises(EstimatorError, match="but 3 subjects: each face needs one"):
        quick().fit(own.images, own.label_names, groups=["a", "b", "c"])


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, np.uint8])
def test_faces_of_0_and_1_alone_are_refused(own: FaceSet, kind: type[np.number[Any]]) -> None:
    with pytest.raises(EstimatorError, match="only the values 0 and 1, of which 1 may be white or nearly black"):
        quick().fit((own.images > 100).astype(kind), own.label_names)


def test_whole_numbers_are_whole_after_a_fit_on_fractions(own: FaceSet, fitted: ExpressionClassifier) -> None:
    model = quick().fit(own.images / np.float32(255), own.label_names)
    for kind in (np.uint8, np.int64):
        np.testing.assert_allclose(
            model.predict_proba(own.images.astype(kind)), fitted.predict_proba(own.images), atol=1e-6
        )


def test_only_flat_faces_have_a_number_of_features(own: FaceSet, fitted: ExpressionClassifier) -> None:
    assert not hasattr(fitted, "n_features_in_")
    assert quick().fit(own.images.reshape(len(own), -1), own.label_names).n_features_in_ == own.images[0].size


def test_a_loaded_model_speaks_scikit_learn(own: FaceSet) -> None:
    from sklearn.metrics import get_scorer

    model = Classifier.load("tiny")
    assert model.classes_.tolist() == list(model.classes)
    np.testing.assert_array_equal(model.predict_proba(own.images), model.probabilities(own.images))
    accuracy = float((model.predict(own.images) == own.label_names).mean())
    assert model.score(own.images, own.label_names) == accuracy
    assert get_scorer("accuracy")(model, own.images, own.label_names) == accuracy
    assert is_classifier(model)
