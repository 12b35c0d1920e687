from __future__ import annotations

import json
from dataclasses import replace
from typing import Literal

import pytest
from matplotlib.figure import Figure

import records
from mien import typed_json
from mien.experiments.results import SweepResult, TrialResult
from mien.recipes import search_space
from mien.reporting.pages import tune
from mien.reporting.plots import tuning

SPACE = ("learning_rate=0.01..0.3:log", "batch_size=32..128", "network=tiny|base")
COMMAND = ("mien", "tune", "faces.parquet", "--space", SPACE[0], "--space", SPACE[2], "--trials", "5", "--seed", "7")


def trial(
    number: int,
    state: Literal["finished", "stopped", "failed"],
    curve: tuple[float, ...],
    learning_rate: float,
    batch_size: int,
    network: str,
) -> TrialResult:
    values: dict[str, float | str] = {"learning_rate": learning_rate, "batch_size": batch_size, "network": network}
    return TrialResult(
        number=number,
        run=f"runs/{number}",
        values=values,
        settings=tuple(f"{field}={value}" for field, value in values.items()),
        state=state,
        reason="",
        accuracy=max(curve, default=0.0),
        minutes=1.5,
        curve=curve,
    )


@pytest.fixture
def result() -> SweepResult:
    return SweepResult(
        common=records.common("tiny", settings=("epochs=4",)),
        space=SPACE,
        epochs=4,
        halts=(1, 2),
        seed=7,
        n=100,
        versions={"mien": "0", "ray": "1"},
        trials=(
            trial(1, "finished", (0.2, 0.3, 0.5, 0.6), 0.1, 128, "tiny"),
            trial(2, "stopped", (0.1,), 0.011, 32, "base"),
            trial(3, "finished", (0.3, 0.4, 0.6, 0.65), 0.05, 64, "base"),
            trial(4, "failed", (), 0.29, 64, "base"),
            trial(5, "finished", (0.3, 0.3, 0.4, 0.45), 0.02, 64, "base"),
        ),
        best=3,
        as_it_is=1,
    )


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
    assert page.count("<svg") == 4
    assert words in page
    assert "--space &#39;learning_rate=0.01..0.3:log&#39;" in page or "--space learning_rate=0.01..0.3:log" in page
    assert "&#39;network=tiny|base&#39; --trials 5 --seed 7" in page


def test_marks_stand_where_the_trials_were(result: SweepResult) -> None:
    drawn = tuning.FieldPlot(result, search_space.axes(SPACE)[0]).plot(Figure().subplots())
    marks = sorted((float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in drawn.ax_.lines)  # type: ignore[index, arg-type]
    assert marks == [(0.011, 0.1), (0.02, 0.45), (0.05, 0.65), (0.1, 0.6)]  # the failed one has no score
    assert drawn.ax_.get_xscale() == "log"
    chosen = tuning.FieldPlot(result, search_space.axes(SPACE)[2]).plot(Figure().subplots())
    assert [label.get_text() for label in chosen.ax_.get_xticklabels()] == ["tiny", "base"]
    curves = tuning.TrialCurvesPlot(result).plot(Figure().subplots())
    legend = curves.ax_.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["best trial", "finished", "stopped early"]
