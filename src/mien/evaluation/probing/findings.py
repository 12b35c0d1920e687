"""Analyses of a model's errors: calibration, agreement with annotators, saliency, robustness."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mien.checks import checked
from mien.evaluation import judge, voters
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement
from mien.evaluation.probing import robustness, saliency
from mien.evaluation.probing.robustness import CorruptedAccuracy, Curve
from mien.evaluation.probing.saliency import Attribute, Read, SaliencyMaps
from mien.evaluation.voters import Agreement
from mien.inference.classifier import Classifier
from mien.progress import SILENT, Progress
from mien.typed_json import JsonObject


@dataclass(frozen=True, eq=False)
class Findings:
    """Analyses of an evaluated model.

    Attributes:
        before: the evaluation without the model's temperature.
        agreement: agreement with annotators; None if the data has no votes.
        saliency: saliency maps; None if not measured.
        curves: predictions under corruptions, one curve each; empty if not measured.
        corrupted: the rows of the evaluation that the curves are of.
    """

    before: Evaluation
    agreement: Agreement | None = None
    saliency: SaliencyMaps | None = None
    curves: tuple[Curve, ...] = ()
    corrupted: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def to_dict(self, judgement: Judgement) -> JsonObject:
        """A dictionary for JSON, without what was not measured."""
        evaluation = judgement.evaluation
        figures: JsonObject = {
            "calibration": {
                "temperature": judgement.record.temperature,
                "before": _confidence(self.before),
                "after": _confidence(evaluation),
            },
            "voters": self.agreement.to_dict() if self.agreement else None,
        }
        if self.saliency:
            figures["saliency"] = [found.to_dict() for found in saliency.by_class(self.saliency, evaluation)]
        if self.curves:
            figures["robustness"] = [curve.to_dict(evaluation.classes) for curve in self.curves]
        return figures


def _confidence(evaluation: Evaluation) -> JsonObject:
    """The two measures of calibration, with their intervals."""
    return {
        **evaluation.scores["calibration_error"].named("calibration_error"),
        "log_loss": evaluation.log_loss,
        "log_loss_interval": evaluation.log_loss_interval and list(evaluation.log_loss_interval),
    }


@checked
def find(
    classifier: Classifier,
    judgement: Judgement,
    *,
    probes: bool = True,
    most_rows: int | None = None,
    gradients: Attribute | None = None,
    progress: Progress = SILENT,
) -> Findings:
    """Analyze the errors of an evaluated model.

    Args:
        classifier: the model.
        judgement: its evaluation; faces are predicted with or without the mirror image, as there.
        probes: also measure saliency and robustness, which takes tens of thousands of predictions.
        most_rows: maximum number of corrupted rows; None takes ``robustness.MOST_ROWS``.
        gradients: Grad-CAM of the network, if available.
        progress: receives the steps.
    """
    evaluation, faces = judgement.evaluation, judgement.faces
    before = judge.before_temperature(classifier, judgement)
    agreement = voters.compare(evaluation.labels, evaluation.probabilities, faces.votes)
    if not probes:
        return Findings(before, agreement)
    flip = bool(judgement.record.flip)
    read: Read = lambda changed: classifier.probabilities(changed, flip=flip)  # noqa: E731 # shorter than a function
    maps = saliency.measure(read, faces.images, evaluation, gradients=gradients, progress=progress)
    rows = robustness.sample(evaluation.labels, len(evaluation.classes), most_rows or robustness.MOST_ROWS)
    curves = robustness.curves(
        read, faces.images[rows], evaluation.labels[rows], len(evaluation.classes), progress=progress
    )
    return Findings(before, agreement, maps, tuple(curves), rows)


@checked
def judge_corrupted(classifier: Classifier, judgement: Judgement, *, progress: Progress = SILENT) -> CorruptedAccuracy:
    """The mean accuracy under corruption, on at most ``robustness.MOST_CORRUPTED_ROWS`` of the evaluated rows."""
    flip, labels = bool(judgement.record.flip), judgement.evaluation.labels
    rows = robustness.corrupted_rows(len(labels))
    return robustness.corrupted_accuracy(
        lambda changed: classifier.probabilities(changed, flip=flip),
        judgement.faces.images[rows],
        labels[rows],
        progress=progress,
    )
