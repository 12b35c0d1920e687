"""The section on confusions."""

from __future__ import annotations

from reported import Outline, judgement


def test_confusions_are_shown_as_faces(english: str) -> None:
    evaluation = judgement().evaluation
    top = evaluation.top_confusions(4)
    alts = [attributes["alt"] for tag, attributes in Outline(english).tags if tag == "img"]
    confidence = f"{evaluation.probabilities[top[0].rows[0]].max():.0%}"
    first = f"Face labelled {top[0].true.capitalize()}, predicted as {top[0].predicted.capitalize()} with {confidence} confidence"
    assert first in alts
    assert english.count("<article") == 4
