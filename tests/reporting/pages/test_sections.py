"""The head of a page: scores, provenance and names."""

from __future__ import annotations

from dataclasses import replace

import pytest

import records
from mien.data.source import ChosenCoding
from mien.modelfile import Lineage
from mien.reporting.pages import sections
from mien.reporting.texts import Texts
from reported import judgement

EN = Texts("en")


def test_scores_come_with_their_intervals_accuracy_first() -> None:
    evaluation = judgement().evaluation
    cards = sections.scores(evaluation, EN)
    assert cards[0].value == f"{evaluation.accuracy:.1%}"
    low, high = evaluation.accuracy_interval
    assert f"{low:.1%}" in cards[0].interval
    assert f"{high:.1%}" in cards[0].interval
    assert cards[-1].value == f"{evaluation.calibration_error:.1%}"
    assert cards[-2].value == f"{evaluation.log_loss:.3f}"
    assert all(card.name and card.meaning for card in cards)


def test_provenance_names_no_folder_of_the_machine() -> None:
    told = judgement(model="/home/me/runs/first/model.onnx", data="/home/me/faces.csv")
    rows = dict(sections.provenance(told, records.run(git_commit="c0ffee+", processor="a cpu"), EN))
    values = list(rows.values())
    assert {"first/model.onnx", "faces.csv", "a cpu", records.HASH} <= set(values)
    assert any(value.startswith("c0ffee") and value != "c0ffee+" for value in values)
    assert not any("/home" in value for value in values)


def test_an_adapted_model_names_the_models_that_it_comes_from() -> None:
    plain = sections.judged(judgement(), EN)
    lineage = Lineage("clinic.onnx", "cd" * 32, adapted_from=Lineage("base", "ef" * 32))
    more = sections.judged(judgement(adapted_from=lineage), EN)
    assert set(more) - set(plain) == {("Adapted from (SHA-256)", "clinic.onnx (cdcdcdcdcdcd), base (efefefefefef)")}


@pytest.mark.parametrize(
    ("path", "name"), [("base", "base"), ("runs/first/model.onnx", "first/model.onnx"), ("/a/b/c.onnx", "b/c.onnx")]
)
def test_a_model_is_called_by_its_run(path: str, name: str) -> None:
    assert sections.model_name(path) == name


def test_a_coding_is_told_with_what_decided_it() -> None:
    assert sections.coding(None, EN) == {}
    stated = ChosenCoding("rafdb", "option", {"1": "surprise"})
    (text,) = sections.coding(stated, EN).values()
    assert "rafdb (1 surprise)" in text
    (by_layout,) = sections.coding(replace(stated, by="layout"), EN).values()
    assert by_layout != text
    asked = replace(
        stated, by="model", model="tiny", num_faces=112, agreement={"rafdb": 0.64, "fer2013": 0.31, "x": 0.1}
    )
    (told,) = sections.coding(asked, EN).values()
    assert all(part in told for part in ("tiny", "112", "64%", "31%"))
    assert "10%" not in told
