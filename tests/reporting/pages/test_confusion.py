"""The section on confusions."""

from __future__ import annotations

import pytest

from mien.reporting.pages import confusion
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


def test_the_matrix_is_a_table_whose_cells_say_what_they_count() -> None:
    told = judgement()
    table = confusion.confusion(told.evaluation, told.faces.images, Texts("en")).matrix
    assert table is not None
    assert table.heads == tuple(Texts("en").names(told.evaluation.classes))
    for row, support in zip(table.rows, told.evaluation.support, strict=True):
        assert sum(int(cell.text) for cell in row.cells) == support
    first, n = told.evaluation.confusion[0], told.evaluation.support[0]
    column = int(first.argmax())
    cell = table.rows[0].cells[column]
    assert (cell.minor, cell.shade, cell.faces) == (
        f"{first[column] / n:.0%}",
        first[column] / n,
        f"true=0&predicted={column}",
    )
    assert [row.cells[place].is_marked for place, row in enumerate(table.rows)] == [True] * 7
    assert cell.step == f"gain s{round(20 * first[column] / n)}"


def test_a_matrix_of_many_classes_is_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    told = judgement()
    assert confusion.confusion(told.evaluation, told.faces.images, Texts("en")).figures == ()
    for module in (confusion, scores):
        monkeypatch.setattr(module, "MOST_CELLS", 6)
    section = confusion.confusion(told.evaluation, told.faces.images, Texts("en"))
    (figure,) = section.figures
    assert section.matrix is None
    assert figure.caption == "Share of each labelled class"
    assert str(figure.svg).count("<image") == 1
