"""Comparisons of decision rules show themselves."""

from __future__ import annotations

from pathlib import Path

import mien
from mien.reporting import terminal
from mien.run import Run


def test_decisions_show_their_scores(run: Run, faces_file: Path) -> None:
    decided = mien.decide(run.model_file, faces_file)
    assert str(decided) == terminal.decisions_as_text(decided)
    assert terminal.decisions_as_text(decided).splitlines()[0] in decided._repr_html_()
    frame = decided.to_frame()
    assert frame["decision"].tolist() == [rule.decision for rule in decided.decisions]
    assert frame["accuracy"].tolist() == [rule.accuracy for rule in decided.decisions]
    difference = decided.decisions[1].difference
    assert difference is not None
    assert frame.loc[1, ["accuracy_difference", "accuracy_difference_low"]].tolist() == list(difference["accuracy"][:2])
