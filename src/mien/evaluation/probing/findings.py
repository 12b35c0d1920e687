"""Why and when a judged model errs: everything that is found out beyond its scores, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mien.checks import checked
from mien.evaluation import judge, voters
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement
from mien.evaluation.probing import robustness, saliency
from mien.evaluation.probing.robustness import CorruptedAccuracy, Curve
from mien.evaluation.probing.saliency import Attribute, Looks, Read
from mien.evaluation.voters import Agreement
from mien.inference.classifier import Classifier
from mien.progress import SILENT, Progress


@dataclass(frozen=True, eq=False)
class Findings:
    """What was found out about a judged model.

    Attributes:
        before: the model judged without its temperature.
        agreement: the model beside voters; None where the data has no votes.
        saliency: where it looks; None if that was left out.
        curves: how it reads corrupted faces, one curve per corruption; empty if that was left out.
    """

    before: Evaluation
    agreement: Agreement | None = None
    saliency: Looks | None = None
    curves: tuple[Curve, ...] = ()

    def to_dict(self, judgement: Judgement) -> dict[str, Any]:
        """The figures, fit for JSON; what was left out isn't there."""
        evaluation = judgement.evaluation
        told: dict[str, Any] = {
            "calibration": {
                "temperature": judgement.record.temperature,
                "before": _confidence(self.before),
                "after": _confidence(evaluation),
            },
            "voters": self.agreement.to_dict() if self.agreement else None,
        }
        if self.saliency:
            told["saliency"] = saliency.as_rows(self.saliency, evaluation)
        if self.curves:
            told["robustness"] = [curve.to_dict(evaluation.classes) for curve in self.curves]
        return told


def _confidence(evaluation: Evaluation) -> dict[str, Any]:
    """The two measures of how far the confidence can be believed, with their intervals."""
    return {
        "calibration_error": evaluation.calibration_error,
        "calibration_error_interval": list(evaluation.calibration_error_interval),
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
    """Find out why and when a judged model errs.

    Args:
        classifier: the model.
        judgement: its judgement; its way of reading (with or without the mirror image) is kept.
        probes: also read changed faces, tens of thousands of them, for saliency and robustness.
        most_rows: most judged rows that are corrupted; None takes ``robustness.MOST_ROWS``.
        gradients: Grad-CAM, where the network is at hand.
        progress: is told of the work.
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
    return Findings(before, agreement, maps, tuple(curves))


@checked
def judge_corrupted(classifier: Classifier, judgement: Judgement, *, progress: Progress = SILENT) -> CorruptedAccuracy:
    """The mean accuracy of a judged model under corruption, on at most ``robustness.MOST_CORRUPTED_ROWS`` of its rows."""
    flip, labels = bool(judgement.record.flip), judgement.evaluation.labels
    rows = robustness.corrupted_rows(len(labels))
    return robustness.corrupted_accuracy(
        lambda changed: classifier.probabilities(changed, flip=flip),
        judgement.faces.images[rows],
        labels[rows],
        progress=progress,
    )
