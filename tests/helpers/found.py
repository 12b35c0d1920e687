"""Findings of the short training that the tests share, on faces with votes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.data.faceset import FaceSet
from mien.evaluation.judge import Judgement, judge
from mien.evaluation.probing import findings
from mien.evaluation.probing.findings import Findings
from mien.inference.classifier import Classifier
from mien.run import Run
from mien.training.gradcam import GradCam


def with_votes(faces: FaceSet) -> FaceSet:
    """The same faces with seven votes for the label and up to three for the class behind it."""
    votes = np.zeros((len(faces), len(faces.classes)), np.float32)
    rows = np.arange(len(faces))
    votes[rows, faces.labels] = 7
    votes[rows, (faces.labels + 1) % len(faces.classes)] = rows % 4
    return replace(faces, votes=votes)


@pytest.fixture(scope="session")
def classifier(run: Run) -> Classifier:
    """The model of the short training."""
    return Classifier.load(run.model_file)


@pytest.fixture(scope="session")
def judged(classifier: Classifier, faces: FaceSet) -> Judgement:
    """It, judged on faces with votes."""
    return judge(classifier, with_votes(faces), "test")


@pytest.fixture(scope="session")
def probed(classifier: Classifier, judged: Judgement, run: Run) -> Findings:
    """What probing finds, with Grad-CAM."""
    return findings.find(classifier, judged, most_rows=21, gradients=GradCam.load(run))
