from __future__ import annotations

from typing import Any

import pytest
from matplotlib.figure import Figure

from mien.reporting.pages import tune
from mien.reporting.plots import tuning


def trial(number: int, state: str, curve: list[float], *settings: str) -> dict[str, Any]:
    return {
        "number": number, "run": f"runs/{number}", "settings": list(settings), "state": state, "reason": "", "epochs": len(curve),
        "accuracy": max(curve, default=0.0), "minutes": 1.5, "curve": curve,
    }  # fmt: skip


@pytest.fixture
def result() -> dict[str, Any]:
    return {
        "recipe": "tiny",
        "settings": ["epochs=4"],
        "space": ["learning_rate=0.01..0.3:log", "batch_size=32..128", "network=tiny|base"],
        "epochs": 4, "seed": 7, "data": "faces.parquet", "data_hash": "0123456789abcdef", "train_rows": 900, "n": 100,
        "device": "cpu", "device_name": "", "processor": "one", "precision": "fp32", "threads": 1, "torch": "2",
        "versions": {"mien": "0", "ray": "1"},
        "best": 3,
        "as_it_is": 1,
        "trials": [
            trial(1, "finished", [0.2, 0.3, 0.5, 0.6], "learning_rate=0.1", "batch_size=128", "network=tiny"),
            trial(2, "stopped", [0.1], "learning_rate=0.011", "batch_size=32", "network=base"),
            trial(3, "finished", [0.3, 0.4, 0.6, 0.65], "learning_rate=0.05", "batch_size=64", "network=base"),
            trial(4, "failed", [], "learning_rate=0.29", "batch_size=64", "network=base"),
            trial(5, "finished", [0.3, 0.3, 0.4, 0.45], "learning_rate=0.02", "batch_size=64", "network=base"),
        ],
    }  # fmt: skip


def test_the_answer_names_the_best_and_what_chance_could_tell_from_it(result: dict[str, Any]) -> None:
    text = tune.as_text(result)
    assert "Trial 3 is best, with 65.0% of the held-out rows (55.3% to 73.6%)." in text
    assert "The recipe as it is, trial 1, had 60.0% in its 4 epochs." in text
    assert "they lie in its interval: 1." in text
    assert "Trained to their end: 3; stopped early: 1; failed: 1." in text
    assert text.count("\n    3 ") == 1
    alone = {**result, "best": 5, "as_it_is": 5, "trials": result["trials"][3:]}
    assert "It is the recipe as it is: nothing that was tried is better. No other trial" in tune.as_text(alone)
    page = tune.render(alone)
    assert "The best trial is the recipe as it is: nothing is changed." in page
    assert "<code>learning_rate=0.02" not in page  # what it has in common with the recipe is no change
    assert "<code>learning_rate=0.05" in tune.render(result)


@pytest.mark.parametrize(("lang", "words"), [("en", "stopped early"), ("zh-TW", "提早停止")])
def test_the_page_draws_curves_and_fields(result: dict[str, Any], lang: str, words: str) -> None:
    page = tune.render(result, lang=lang)
    assert page.count("<svg") == 4
    assert words in page
    assert "--space &#39;learning_rate=0.01..0.3:log&#39;" in page or "--space learning_rate=0.01..0.3:log" in page
    assert "&#39;network=tiny|base&#39; --trials 5 --seed 7" in page


def test_marks_stand_where_the_trials_were(result: dict[str, Any]) -> None:
    drawn = tuning.FieldPlot(result, result["space"][0]).plot(Figure().subplots())
    marks = sorted((float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in drawn.ax_.lines)  # type: ignore[index, arg-type]
    assert marks == [(0.011, 0.1), (0.02, 0.45), (0.05, 0.65), (0.1, 0.6)]  # the failed one has no score
    assert drawn.ax_.get_xscale() == "log"
    chosen = tuning.FieldPlot(result, result["space"][2]).plot(Figure().subplots())
    assert [label.get_text() for label in chosen.ax_.get_xticklabels()] == ["tiny", "base"]
    curves = tuning.TrialCurvesPlot(result).plot(Figure().subplots())
    legend = curves.ax_.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["the best trial", "trained to its end", "stopped early"]
