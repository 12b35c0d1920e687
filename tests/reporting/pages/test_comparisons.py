"""Studies and an ensemble as parts of a report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experimental import study as result
from mien.errors import DataError
from mien.evaluation.evaluation import Evaluation
from mien.reporting.pages import comparisons, report
from mien.reporting.texts import Texts
from mien.run import Run
from reported import Outline, judgement


def test_an_ensemble_is_compared_on_the_same_rows() -> None:
    single, t = judgement(), Texts("en")
    evaluation = single.evaluation
    right = np.eye(7, dtype=np.float32)[evaluation.labels]
    better = replace(single, evaluation=Evaluation.from_predictions(evaluation.labels, right, evaluation.classes))
    section = comparisons.of_ensemble(single, better, t)
    accuracy = section.rows[0]
    assert accuracy.name == "accuracy"
    assert accuracy.cells[0].startswith(f"{evaluation.accuracy:.1%} (")
    assert accuracy.cells[1].startswith("100.0% (")
    assert accuracy.cells[2].startswith(f"+{100 * (1 - evaluation.accuracy):.1f} (+")
    other = replace(better, record=replace(better.record, rows_hash="0" * 64))
    with pytest.raises(DataError, match="judged on other rows or classes"):
        comparisons.of_ensemble(single, other, t)


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_the_report_has_them_where_they_are_given(base: Run, lang: str) -> None:
    t, single = Texts(lang), judgement()
    parts = report.Parts(studies=(result(), replace(result(), study="imbalance")), ensemble=single)
    page = report.render(single, base, parts=parts, lang=lang)
    outline = Outline(page)
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert outline.open == []
    assert len(ids) == len(set(ids))
    for text in ("study.question.augmentation", "study.question.imbalance", "techniques.ensemble_averaged"):
        assert f">{t(text)}<" in page
    assert t("techniques.alone") not in page
    assert page.index('id="confusion"') < page.index('id="imbalance"') < page.index('id="augmentation"')
