"""The page and the words of a cross-validation."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from experimental import crossvalidated
from mien.evaluation.metrics import Score
from mien.experiments.crossval import Crossvalidated
from mien.reporting.pages import crossval as pages

Invoke = Callable[..., tuple[int, str, str]]


def test_words_give_the_scores_of_all_rows_and_of_each_fold() -> None:
    told = pages.as_text(crossvalidated())
    assert told.startswith("Fine-tuning of base, recipe finetune: 3 folds by person, 60 faces of clinic")
    assert "accuracy           70.0% (60.0% to 80.0%)" in told
    assert "the accuracy is 70.0% (95% interval 60.0% to 80.0%). The folds have 1.0% to 3.0%." in told
    assert "Each of the 12 persons is in one fold." in told
    assert "4 rows without a label were left out." in told
    assert "nothing was learned" not in told


@pytest.mark.parametrize(
    ("found", "warning"),
    [
        (crossvalidated(accuracy=0.4), "not significantly higher than that of always predicting"),
        (crossvalidated(persons=None), "The data doesn't name persons"),
        (crossvalidated(persons=5), "fewer than ten persons"),
    ],
)
def test_warnings(found: Crossvalidated, warning: str) -> None:
    assert warning in pages.as_text(found)
    assert warning in pages.render(found).replace("&#39;", "'")


def test_of_many_folds_the_worst_are_shown() -> None:
    found = crossvalidated(30)
    told = pages.as_text(found)
    assert "there are 10 more" in told
    table = told.split("\n\n")[2].splitlines()[2:]
    assert [int(line.split()[0]) for line in table] == list(range(1, 21))
    assert pages.render(found).count('<th scope="row">') >= 30  # the page has them all


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_the_page_in_both_languages(lang: str) -> None:
    page = pages.render(crossvalidated(), command=["mien", "crossval", "clinic"], lang=lang)
    assert f'<html lang="{lang}">' in page
    assert "mien crossval clinic" in page
    assert {"en": "Each of the 12 persons is in one fold", "zh-TW": "12 個人各在同一折"}[lang] in page
    text = page.partition("</style>")[2].partition('<script type="application/json"')[0]
    assert "{" not in text


def test_intervals_of_the_page_are_those_that_draw_persons() -> None:
    found = crossvalidated()
    wide = replace(found.result, scores={**found.result.scores, "accuracy": Score(0.7, 0.123, 0.987)})
    assert "95% interval 12.3% to 98.7%" in pages.render(replace(found, result=wide))


def test_the_verb(faces_file: Path, tmp_path: Path, invoke: Invoke) -> None:
    words = ("crossval", faces_file, "--method", "train", "--recipe", "demo", "--set", "epochs=1", "--folds", "2")
    hardware = ("--device", "cpu", "--precision", "fp32")
    code, out, err = invoke(*words, *hardware, "--out", tmp_path / "cv", "--json")
    assert code == 0, err
    record = json.loads(out)
    assert (record["n"], record["by"], len(record["folds"])) == (350, "persons", 2)
    assert "note: the splits of the data (train, test) were put together." in err
    assert Path(record["page"]).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    code, again, _ = invoke(*words, *hardware, "--out", tmp_path / "cv", "--json", "--no-faces")
    assert (code, json.loads(again)) == (0, record)
    assert 'id="faces-data"' not in Path(record["page"]).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--leave-one-person-out", "--folds", "5"), "--leave-one-person-out sets the number of folds"),
        (("--method", "train", "--model", "tiny"), "--model is for --method adapt and init"),
        (("--recipe", "tiny"), "--recipe, --set, --device and --precision are for --method train and init"),
        (("--cpus-per-run", "2"), "--cpus-per-run is for --engine ray"),
    ],
)
def test_options_that_do_not_go_together(
    words: tuple[str, ...], message: str, faces_file: Path, tmp_path: Path, invoke: Invoke
) -> None:
    code, _, err = invoke("crossval", faces_file, *words, "--out", tmp_path / "cv")
    assert code == 2
    assert message in err
    assert not (tmp_path / "cv").exists()
