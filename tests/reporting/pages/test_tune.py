from __future__ import annotations

import json
from dataclasses import replace

import pytest

import experimental
from experimental import SPACE
from mien import typed_json
from mien.experiments.results import SweepResult
from mien.reporting.pages import tune

COMMAND = ("mien", "tune", "faces.parquet", "--space", SPACE[0], "--space", SPACE[2], "--trials", "5", "--seed", "7")


@pytest.fixture
def result() -> SweepResult:
    return experimental.sweep()


def test_a_result_is_read_as_it_was_written(result: SweepResult) -> None:
    assert typed_json.parse(json.dumps(typed_json.to_json(result)), SweepResult) == result


def test_the_answer_names_the_best_and_what_chance_could_tell_from_it(result: SweepResult) -> None:
    text = tune.as_text(result)
    assert "Trial 3 is best, with an accuracy of 65.0% on the held-out rows (55.3% to 73.6%)." in text
    assert "The unchanged recipe, trial 1, has 60.0% after 4 epochs." in text
    assert "so the difference may be chance: 1." in text
    assert "Finished: 3; stopped early: 1; failed: 1." in text
    assert text.count("\n    3 ") == 1
    alone = replace(result, best=5, as_it_is=5, trials=result.trials[3:])
    assert "It is the unchanged recipe: no other trial is better. No other finished trial" in tune.as_text(alone)
    page = tune.render(alone)
    assert "The best trial is the unchanged recipe." in page
    assert "<code>learning_rate=0.02" not in page  # what it has in common with the recipe is no change
    assert "<code>learning_rate=0.05" in tune.render(result)


@pytest.mark.parametrize(("lang", "words"), [("en", "stopped early"), ("zh-TW", "提早停止")])
def test_the_page_draws_curves_and_fields(result: SweepResult, lang: str, words: str) -> None:
    page = tune.render(result, command=COMMAND, lang=lang)
    assert page.count("<svg") == 5  # curves in two widths, and three fields
    assert words in page
    assert "--space &#39;learning_rate=0.01..0.3:log&#39;" in page or "--space learning_rate=0.01..0.3:log" in page
    assert "&#39;network=tiny|base&#39; --trials 5 --seed 7" in page
