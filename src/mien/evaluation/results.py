"""Results of ``evaluate``, ``explain`` and ``report``: the scores of a model on data, with the analyses that were requested."""

from __future__ import annotations

from dataclasses import dataclass

from mien import typed_json
from mien.display import Paged
from mien.evaluation.evaluation import Evaluation, WithEvaluation
from mien.evaluation.groups import GroupedScores
from mien.evaluation.judge import Judgement
from mien.evaluation.probing.findings import Findings
from mien.evaluation.probing.robustness import CorruptedAccuracy
from mien.typed_json import JsonObject


class _Judged(WithEvaluation):
    """A result with a judgement."""

    judgement: Judgement
    by: tuple[GroupedScores, ...]

    @property
    def evaluation(self) -> Evaluation:
        """The scores."""
        return self.judgement.evaluation

    def _to_dict(self) -> JsonObject:
        return self.judgement.to_dict() | ({"by": typed_json.to_json(self.by)} if self.by else {})


@dataclass(frozen=True, eq=False)
class Evaluated(_Judged, kind="evaluated"):
    """The result of ``evaluate``; ``to_frame`` has a row for each evaluated face.

    Attributes:
        judgement: the scores, with the model and the data they come from.
        corrupted: the mean accuracy under corruption; None if it was not requested.
        by: the scores by group of each column that was requested.
    """

    judgement: Judgement
    corrupted: CorruptedAccuracy | None = None
    by: tuple[GroupedScores, ...] = ()

    def to_dict(self) -> JsonObject:
        """The record, all scores and the requested parts as a dictionary for JSON."""
        return self._to_dict() | ({"corrupted": self.corrupted.to_dict()} if self.corrupted else {})


@dataclass(frozen=True, eq=False)
class Explained(_Judged, Paged, kind="explained"):
    """The result of ``explain`` and ``report``; ``to_frame`` has a row for each evaluated face.

    Attributes:
        judgement: the scores.
        findings: analyses of the errors: label issues, saliency, robustness.
        by: the scores by group of each column that was requested.
    """

    judgement: Judgement
    findings: Findings
    by: tuple[GroupedScores, ...] = ()

    def to_dict(self) -> JsonObject:
        """The record, all scores and the findings as a dictionary for JSON."""
        return self._to_dict() | self.findings.to_dict(self.judgement)
