"""The result of evaluate shows itself."""

from __future__ import annotations

import numpy as np

from mien.evaluation.results import Evaluated
from mien.reporting import terminal
from mien.reporting.texts import Texts
from reported import judgement


def test_an_evaluated_model_shows_what_the_command_line_prints() -> None:
    told = judgement()
    result = Evaluated(told)
    assert str(result) == terminal.as_text(told)
    assert result.to_dict() == told.to_dict()
    assert result.evaluation is told.evaluation
    assert terminal.warnings(told, Texts("en"))[0][:20] in result._repr_html_()


def test_the_frame_of_an_evaluated_model_has_a_row_for_each_face() -> None:
    told = judgement()
    frame = Evaluated(told).to_frame()
    assert frame["name"].tolist() == told.faces.names.tolist()
    assert (frame["label"] == frame["predicted"]).mean() == told.evaluation.accuracy
    np.testing.assert_allclose(frame[[f"p_{name}" for name in told.evaluation.classes]], told.evaluation.probabilities)
