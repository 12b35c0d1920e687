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
    assert "Only 6 units to draw from: the intervals are too narrow." in shown
    expressions = [line for line in lines if line[:2] == ["y", "happy"]]
    assert expressions[0][2:4] == ["2.5", "2.0"]
    assert expressions[0][-1] == "–"  # one clip has no intraclass correlation
    frame = found.to_frame()
    assert frame.loc[frame["coder"] == "x", "kappa"].tolist() == [1.0, 1.0]
    assert "Fleiss" in found._repr_html_()


def test_what_was_left_out_or_guessed_is_told(tmp_path: Path) -> None:
    spans = [CodedSpan("anna-film", "x", label, n / 2, (n + 1) / 2) for n, label in enumerate(("Joy", "bored", "glad"))]
    spans.append(CodedSpan("anna-rest", "x", "neutral", 0, 7))
    shown = str(coder_agreement.measure(filmed(tmp_path / "out").folder, spans))
    assert "The model has no classes bored, glad: time with these labels counts as disagreement with mien." in shown
    assert "Its classes are angry, disgust, fear, happy, sad, surprise, neutral." in shown
    assert "Joy counts as happy: mien's name for this label." in shown
    assert "anna-rest.mp4: 5.0 s of the codes of x are after the end of the analysed time and are left out." in shown
