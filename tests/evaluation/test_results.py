"""Results of evaluate, explain and report: their JSON."""

from __future__ import annotations

from mien.evaluation.results import Evaluated
from reported import judgement


def test_the_json_has_only_what_was_requested() -> None:
    told = judgement()
    assert Evaluated(told).to_dict() == told.to_dict()
    assert Evaluated(told).evaluation is told.evaluation
    assert "by" not in Evaluated(told).to_dict()
