"""The agreement of coders shows itself."""

from __future__ import annotations

from pathlib import Path

from filmed import filmed
from mien.experiments import coder_agreement
from mien.videos.coding import CodedSpan


def test_agreement_shows_its_tables(tmp_path: Path) -> None:
    spans = [CodedSpan("anna-film", coder, "happy", start, 3.0) for coder, start in (("x", 1.0), ("y", 0.5))]
    found = coder_agreement.measure(filmed(tmp_path / "out").folder, spans, uncoded="neutral", block=0.5)
    shown = str(found)
    lines = [line.split() for line in shown.splitlines()]
    assert ["x", "mien", "3.0", "1.00", "(1.00", "to", "1.00)", "1.00", "(1.00", "to", "1.00)"] in lines
    assert "Fleiss' kappa of the people: " in shown
    assert "Time without a code counts as neutral." in shown
    assert "Intervals draw blocks of 0.5 seconds" in shown
    assert "Only 8 units to draw from: the intervals are too narrow." in shown
    expressions = [line for line in lines if line[:2] == ["y", "happy"]]
    assert expressions[0][2:4] == ["2.5", "2.0"]
    assert expressions[0][-1] == "–"  # one clip has no intraclass correlation
    frame = found.to_frame()
    assert frame.loc[frame["coder"] == "x", "kappa"].tolist() == [1.0, 1.0]
    assert "Fleiss" in found._repr_html_()
