"""Findings of a trained run, and the pages and verbs that show them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from mien.data.faceset import FaceSet
from mien.evaluation import metrics
from mien.evaluation.judge import Judgement, before_temperature, judge
from mien.evaluation.probing.findings import Findings
from mien.inference.classifier import Classifier


def test_the_temperature_comes_out_exactly() -> None:
    logits = np.random.default_rng(0).normal(0, 4, (200, 7))

    def softmax(z: Any) -> Any:
        return np.exp(z) / np.exp(z).sum(1, keepdims=True)

    for temperature in (0.6, 1.0, 2.5):
        given = softmax(logits / temperature).astype(np.float32)
        assert metrics.untempered(given, temperature) == pytest.approx(softmax(logits), rel=1e-4, abs=1e-6)
    certain = metrics.untempered(np.array([[1.0, 0.0]], np.float32), 0.5)
    assert certain.sum() == pytest.approx(1)
    assert np.isfinite(certain).all()


@pytest.mark.parametrize("flip", [False, True])
def test_before_the_temperature_every_single_reading_is_softened(
    classifier: Classifier, faces: FaceSet, flip: bool
) -> None:
    judgement = judge(classifier, faces, "test", flip=flip)
    before = before_temperature(classifier, judgement)
    images = judgement.faces.images
    views = [images, images[:, :, ::-1]] if flip else [images]
    expected = np.mean(
        [metrics.untempered(classifier.probabilities(view), classifier.spec.temperature) for view in views], axis=0
    )
    assert before.probabilities == pytest.approx(expected, abs=1e-5)
    if not flip:
        assert (before.predicted == judgement.evaluation.predicted).all()  # one temperature changes no decision


def test_findings_hang_together(judged: Judgement, probed: Findings) -> None:
    evaluation = judged.evaluation
    assert probed.saliency is not None
    assert probed.saliency.gradients is not None
    assert (
        probed.saliency.maps.shape == probed.saliency.gradients.shape == (len(probed.saliency.rows), *judged.faces.size)
    )
    assert all(curve.support.sum() == 21 for curve in probed.curves)
    told = probed.to_dict(judged)
    json.dumps(told, allow_nan=False)
    assert told["voters"]["labels_against_majority"]["value"] == 1  # seven votes against three at most
    assert told["voters"]["accuracy_against_majority"]["value"] == pytest.approx(evaluation.accuracy)
    assert told["calibration"]["after"]["calibration_error"] == evaluation.calibration_error
