"""Scores, decisions and audits in words and tables for the terminal."""

from __future__ import annotations

import pytest

from audited import NUM
from mien.auditing.audit import Audit
from mien.auditing.cleaning import Cleaned
from mien.evaluation.metrics import Score
from mien.reporting import terminal
from mien.reporting.texts import LANGUAGES, Texts
from reported import judgement

EN = Texts("en")


def test_scores_classes_and_errors_are_told() -> None:
    told = judgement()
    evaluation = told.evaluation
    text = terminal.as_text(told)
    assert text.startswith(terminal.head(told.record, len(evaluation), EN))
    for share in (evaluation.accuracy, evaluation.macro_f1, evaluation.balanced_accuracy):
        assert f"{share:.2%}" in text
    lines = text.splitlines()
    for name, support in zip(evaluation.classes, evaluation.support, strict=True):
        assert any(line.split()[:2] == [name, str(support)] for line in lines), name
    top = evaluation.top_confusions()[0]
    assert f"{top.true} as {top.predicted} {top.count}" in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_fills_all_its_places(lang: str) -> None:
    for told in (
        judgement(),
        judgement(is_hold_out=True),
        judgement(prior={"happy": 0.5}, flip=True),
        judgement(perfect=True),
    ):
        text = terminal.as_text(told, lang)
        assert "{" not in text
        assert "nan" not in text


def test_copies_and_the_hold_out_are_warned_of() -> None:
    assert "4" in terminal._copies(judgement().record, 140, EN)
    unknown = terminal._copies(judgement(copies_of_train=None).record, 140, EN)
    assert unknown == EN("terminal.copies_unknown")
    assert terminal._optimism(judgement().record, EN) == []
    assert terminal._optimism(judgement(is_hold_out=True).record, EN) == [EN("terminal.optimistic")]
    last = judgement(is_hold_out=True, hold_out_chose_epoch=False).record
    assert terminal._optimism(last, EN) == [EN("terminal.optimistic_last")]


def test_shares_in_use_are_told_where_there_are_any() -> None:
    assert terminal._prior(judgement().record, EN) == []
    (stated,) = terminal._prior(judgement(prior={"happy": 0.5, "sad": 0.5}).record, EN)
    (estimated,) = terminal._prior(judgement(prior={"happy": 0.5, "sad": 0.5}, prior_estimated=True).record, EN)
    assert "happy 50.0%, sad 50.0%" in stated
    assert stated != estimated


def test_a_score_with_its_interval() -> None:
    shown = terminal.with_interval("terminal.share", Score(0.5, 0.4, 0.6), EN)
    assert [part in shown for part in ("50", "40", "60")] == [True] * 3


def test_an_audit_is_told_with_its_counts_and_what_was_written(found: Audit) -> None:
    text = terminal.audit_as_text(found)
    assert str(NUM) in text
    assert str(found.counts.pictures) in text
    assert any(line.split()[-1:] == [str(found.counts.blank)] for line in text.splitlines())
    cleaned = Cleaned("clean.parquet", "clean.changed.csv", ("blank",), (), 3, 150, "ab", {"blank": 2}, {"train": 2})
    written = terminal.audit_as_text(found, cleaned).removeprefix(text)
    for part in ("clean.parquet", "150", "3", "clean.changed.csv"):
        assert part in written
