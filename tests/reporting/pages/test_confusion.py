"""The section on confusions."""

from __future__ import annotations

import pytest

from mien.reporting.pages import confusion as section
from mien.reporting.plots import scores
from mien.reporting.texts import Texts
from reported import Outline, judgement


def test_confusions_are_shown_as_faces(english: str) -> None:
    evaluation = judgement().evaluation
    top = evaluation.top_confusions(4)
    alts = [attributes["alt"] for tag, attributes in Outline(english).tags if tag == "img"]
    confidence = f"{evaluation.probabilities[top[0].rows[0]].max():.0%}"
    first = f"Face labelled {top[0].true.capitalize()}, predicted as {top[0].predicted.capitalize()} with {confidence} confidence"
    assert first in alts
    assert english.count("<article") == 4


def test_a_matrix_of_many_classes_is_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluation, t = judgement().evaluation, Texts("en")
    images = judgement().faces.images
    assert [figure.caption for figure in section.confusion(evaluation, images, t).figures] == [
        "Counts",
        "Share of each labelled class",
    ]
    for module in (section, scores):
        monkeypatch.setattr(module, "MOST_CELLS", 6)
    (figure,) = section.confusion(evaluation, images, t).figures
    assert figure.caption == "Share of each labelled class"
    assert str(figure.svg).count("<image") == 1
