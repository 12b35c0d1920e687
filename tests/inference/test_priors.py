from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import mien
from mien.data.faceset import FaceSet
from mien.emotions import EMOTIONS
from mien.errors import ArgumentError, DataError, ModelFileError
from mien.inference import pretrained, priors
from mien.inference.classifier import Classifier
from mien.inference.photo import Reader
from mien.modelfile import Spec

CLASSES = ("angry", "happy", "neutral")
EVEN = np.full(3, 1 / 3)


def answers(
    shares: NDArray[np.float64], known: NDArray[np.float64], num: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Labels with some class shares, and calibrated probabilities for others: of a normal variable about each class's own mean."""
    rng = np.random.default_rng(0)
    labels = rng.choice(len(shares), num, p=shares)
    values = rng.normal(labels * 1.5, 1.0)
    likelihood = np.exp(-0.5 * (values[:, None] - np.arange(len(shares)) * 1.5) ** 2) * known
    return labels, (likelihood / likelihood.sum(1, keepdims=True)).astype(np.float32)


def test_shares_are_found_from_faces_without_labels() -> None:
    true = np.array([0.1, 0.2, 0.7])
    labels, probabilities = answers(true, EVEN, 5_000)
    found = priors.estimate(probabilities, EVEN)
    np.testing.assert_allclose(found, true, atol=0.03)
    allowed = priors.shift(probabilities, priors.offsets(EVEN, found))
    assert (allowed.argmax(1) == labels).mean() > (probabilities.argmax(1) == labels).mean() + 0.05
    np.testing.assert_allclose(allowed.mean(0), found, atol=1e-3)  # what expectation-maximisation converges to
    again = priors.estimate(allowed, found)  # whatever shares it begins with
    np.testing.assert_allclose(again, found, atol=1e-3)


def test_a_shift_is_bayes_rule() -> None:
    rows = np.array([[0.2, 0.3, 0.5]], np.float32)
    after = np.array([0.5, 0.25, 0.25])
    expected = rows * after / EVEN
    np.testing.assert_allclose(priors.shift(rows, priors.offsets(EVEN, after)), expected / expected.sum(), rtol=1e-5)
    there = priors.shift(rows, priors.offsets(EVEN, after))
    np.testing.assert_allclose(priors.shift(there, priors.offsets(after, EVEN)), rows, rtol=1e-5)


def test_few_faces_are_refused() -> None:
    _, probabilities = answers(EVEN, EVEN, 49)
    with pytest.raises(DataError, match="can't be estimated from 49 faces; at least 50 are needed: state them"):
        priors.estimate(probabilities, EVEN)
    one_class = np.tile(np.array([1, 0, 0], np.float32), (50, 1))
    found = priors.estimate(one_class, EVEN)
    assert np.isfinite(priors.offsets(EVEN, found)).all()
    assert found[0] > 0.97


def test_stated_shares_are_read() -> None:
    known = np.array([0.2, 0.2, 0.6])
    np.testing.assert_allclose(priors.read("neutral=0.5", CLASSES, known), [0.25, 0.25, 0.5])
    np.testing.assert_allclose(priors.read(" Happiness = 0.3 , neutral=0.5 ", CLASSES, known), [0.2, 0.3, 0.5])
    np.testing.assert_allclose(
        priors.read({"angry": 0.334, "happy": 0.333, "neutral": 0.333}, CLASSES, known), EVEN, atol=1e-3
    )
    shares = priors.read("angry=0.1,happy=0.2,neutral=0.7", CLASSES, known)
    np.testing.assert_allclose(priors.read(priors.in_words(shares, CLASSES), CLASSES, known), shares, atol=1e-4)


@pytest.mark.parametrize(
    ("prior", "words"),
    [
        ("", "names ''"),
        ("neutral", "share of 'neutral' must be a number above 0 and below 1, not ''"),
        ("neutral=half", "must be a number above 0 and below 1, not 'half'"),
        ("neutral=nan", "must be a number above 0 and below 1, not 'nan'"),
        ("neutral=1", "must be a number above 0 and below 1, not '1'"),
        ("neutral=-0.5", "must be a number above 0 and below 1"),
        ("joyous=0.5", "names 'joyous', but the model's classes are angry, happy, neutral"),
        ("surprise=0.5", "names 'surprise', but the model's classes are"),
        ("happy=0.2,happiness=0.3", "names 'happy' twice"),
        ("happy=0.6,neutral=0.5", "add up to 1.1, and must add up to less than 1"),
        ("angry=0.3,happy=0.3,neutral=0.3", "add up to 0.9, and must add up to 1"),
        ({"happy": "many"}, "not 'many'"),
    ],
)
def test_shares_that_do_not_fit_are_refused(prior: str | dict[str, float], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        priors.read(prior, CLASSES, EVEN)


def test_shares_of_training_are_known() -> None:
    fer2013 = [0.1391, 0.0152, 0.1427, 0.2513, 0.1682, 0.1105, 0.1730]  # Training rows without the hold-out
    for name in pretrained.names():
        np.testing.assert_allclose(priors.training_shares(mien.load(name).spec, name), fer2013, atol=1e-3)
    counts = Spec(CLASSES, (48, 48), training={"class_counts": {"angry": 10, "happy": 30, "neutral": 60}})
    np.testing.assert_allclose(priors.training_shares(counts, "m"), [0.1, 0.3, 0.6])
    shares = np.array([0.1, 0.3, 0.6])
    for tau in (0.4, 2.0, -0.5):
        spec = Spec(CLASSES, (48, 48), decisions={"balanced": (-tau * np.log(shares)).tolist()})
        np.testing.assert_allclose(priors.training_shares(spec, "m"), shares, atol=1e-6)
    for spec in (Spec(CLASSES, (48, 48)), Spec(CLASSES, (48, 48), decisions={"balanced": [0.0, 0.0, 0.0]})):
        with pytest.raises(ModelFileError, match="'m' has no class shares of its training"):
            priors.training_shares(spec, "m")


def test_a_classifier_with_a_prior(faces: FaceSet) -> None:
    plain = mien.load("tiny")
    skewed = mien.load("tiny", prior="neutral=0.5,happy=0.3")
    rows = plain.probabilities(faces.images[:80])
    assert plain.prior is None
    assert skewed.prior_by_class is not None
    assert skewed.prior_by_class["neutral"] == pytest.approx(0.5)
    expected = priors.shift(rows, priors.offsets(plain.shares, skewed.shares))
    np.testing.assert_allclose(skewed.probabilities(faces.images[:80]), expected, atol=1e-6)
    again: Classifier = pickle.loads(pickle.dumps(skewed))
    np.testing.assert_array_equal(again.probabilities(faces.images[:3]), skewed.probabilities(faces.images[:3]))
    with pytest.raises(ArgumentError, match="A prior and the decision 'balanced' both change"):
        mien.load("tiny", decision="balanced", prior="neutral=0.5")
    with pytest.raises(ArgumentError, match="'auto' needs all faces of a folder"):
        Reader("tiny", prior="auto")
    assert Reader("tiny", prior={"neutral": 0.5}).options.prior == "neutral=0.5"
    assert tuple(skewed.prior_by_class) == EMOTIONS


@pytest.mark.parametrize(
    "prior",
    [None, 5, [1 / 7] * 7, np.zeros(7), np.full(3, 1 / 3), np.ones(7), np.full(7, np.nan), {"happy": None}, {5: 0.5}],
)
def test_a_prior_of_another_kind_is_one_sentence(prior: Any) -> None:
    with pytest.raises(ArgumentError):
        mien.load("tiny").with_prior(prior)
