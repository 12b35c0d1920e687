"""The derivations with the numbers of a network."""

from __future__ import annotations

import re

import numpy as np
import pytest

from mien.reporting.pages import mathematics
from mien.reporting.pages.mathematics import Numbers
from mien.reporting.texts import LANGUAGES, Texts
from mien.run import Run
from reported import judgement


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_derivation_has_its_numbers_in_every_language(base: Run, lang: str) -> None:
    told = judgement()
    sections = mathematics.sections(Numbers(base, told, told), Texts(lang))
    assert len(sections) == 8
    assert all(section.title and section.html and section.here for section in sections)
    here = "".join(text for section in sections for text in section.here)
    assert "{" not in re.sub(r"<math.*?</math>", "", here)
    assert f"{base.network.parameters:,}" in here
    for section in sections:
        if section.table is not None:
            assert {len(row.cells) + 1 for row in section.table.rows} == {len(section.table.heads)}


def test_the_gradient_is_probability_less_target_and_sums_to_nothing(base: Run) -> None:
    told = judgement()
    table = mathematics.sections(Numbers(base, told, told), Texts("en"))[2].table
    assert table is not None
    rows = np.array([[float(cell.replace("−", "-")) for cell in row.cells] for row in table.rows])
    logs, probabilities, targets, gradients = rows.T
    np.testing.assert_allclose(np.log(probabilities), logs, atol=0.05)
    np.testing.assert_allclose(gradients, probabilities - targets, atol=2e-4)
    np.testing.assert_allclose([probabilities.sum(), targets.sum(), gradients.sum()], [1, 1, 0], atol=1e-3)
    smoothing = base.recipe.label_smoothing
    assert sorted(set(targets.round(4).tolist())) == pytest.approx(
        [smoothing / 7, 1 - smoothing + smoothing / 7], abs=1e-4
    )


def test_dropout_scales_what_is_left(base: Run) -> None:
    table = mathematics._dropouts(base.network, Texts("en"))
    assert table is not None
    for row, share in zip(table.rows, [share for share in base.network.dropouts if share], strict=True):
        assert row.cells[1:] == (f"{1 / (1 - share):.3f}", f"{share / (1 - share):.3f}")
