"""An Evaluation shows itself."""

from __future__ import annotations

import numpy as np
import pytest

from mien.evaluation.results import Evaluated
from mien.reporting import terminal
from reported import judgement


def test_the_text_has_the_scores_and_the_classes() -> None:
    evaluation = judgement().evaluation
    text = str(evaluation)
    assert text.startswith("n = 140\n")
    assert f"{evaluation.accuracy:.2%}" in text
    assert set(text.splitlines()[1:]) <= set(terminal.as_text(judgement()).splitlines())


def test_the_html_has_the_confusion_matrix() -> None:
    evaluation = judgement().evaluation
    page = evaluation._repr_html_()
    assert page.count("<table") == 3
    for count in evaluation.confusion[0].tolist():
        assert f">{count}</td>" in page
    assert "<script" not in page


def test_names_of_classes_are_escaped() -> None:
    found = judgement(classes=("<b>", "&", '"'))
    for page in (found.evaluation._repr_html_(), Evaluated(found)._repr_html_()):
        assert "<b>" not in page
        assert "&lt;b&gt;" in page


def test_the_frame_has_a_row_for_each_class() -> None:
    evaluation = judgement(absent=1).evaluation
    frame = evaluation.to_frame()
    assert frame["class"].tolist() == list(evaluation.classes)
    assert frame["support"].tolist() == evaluation.support.tolist()
    np.testing.assert_allclose(frame["recall"], evaluation.recall)
    score = evaluation.by_class[0].f1
    assert score is not None
    assert frame.loc[0, ["f1", "f1_low", "f1_high"]].tolist() == [score.value, score.low, score.high]


@pytest.mark.parametrize("name", ["confusion", "calibration", "coverage"])
def test_plots_are_drawn_on_the_axes_given(name: str) -> None:
    from matplotlib.figure import Figure

    result = Evaluated(judgement())
    ax = Figure().add_subplot()
    assert getattr(result, f"plot_{name}")(ax) is ax
    assert ax.has_data()
    own = getattr(result.evaluation, f"plot_{name}")()
    assert own.get_xlabel() == ax.get_xlabel() != ""


def test_a_confusion_matrix_has_counts_or_shares() -> None:
    evaluation = judgement().evaluation
    counts = [text.get_text() for text in evaluation.plot_confusion().texts]
    assert counts == [f"{count:,}" for count in evaluation.confusion.ravel()]
    assert all(text.get_text().endswith("%") for text in evaluation.plot_confusion(values="shares").texts)
