"""One trial of a search, without a cluster: what it trains, and what it reports."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray import tune

import records
from mien import recipes
from mien.errors import TrainingError
from mien.progress import Progress
from mien.recipes.search_space import Range
from mien.run import Run
from mien.scale import nodes, trial
from mien.scale.sweep import Sweep
from mien.training.task import Task

SPACE = (Range("learning_rate", 0.01, 0.3, log=True),)


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is reported to Tune; the trial is called 'abc'."""
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(tune, "get_context", lambda: SimpleNamespace(get_trial_id=lambda: "abc"))
    monkeypatch.setattr(tune, "report", told.append)
    monkeypatch.setattr(nodes, "settle", lambda task, num_cpus: None)
    return told


@pytest.fixture
def sweep(run: Run, tmp_path: Path) -> Sweep:
    """A search whose run 'abc' is the short training that the tests share."""
    made = Sweep(Path("data"), recipes.demo(), tmp_path / "out")
    made.runs.mkdir(parents=True)
    (made.runs / "abc").symlink_to(run.folder, target_is_directory=True)
    return made


@pytest.mark.parametrize(("keep", "kept"), [("best", 0.6), ("last", 0.5)])
def test_the_score_is_that_of_the_epoch_that_is_kept(keep: str, kept: float) -> None:
    history = [records.epoch(number) for number in (1, 2, 3, 4)]
    assert trial.score(history, keep) == pytest.approx(kept)


def test_each_epoch_is_reported_with_the_score_so_far(
    run: Run, sweep: Sweep, reported: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Task] = []

    def do(task: Task, progress: Progress) -> Run:
        asked.append(task)
        for row in run.history:
            progress.epoch(row, 2, False)
        return run

    monkeypatch.setattr(Task, "do", do)
    trial.run({"learning_rate": 0.125}, sweep, SPACE)
    (task,) = asked
    assert (task.recipe.learning_rate, task.folder, task.data) == (0.125, sweep.runs / "abc", sweep.data)
    best = max(row.valid_accuracy for row in run.history)
    assert [(one["epoch"], one["accuracy"]) for one in reported] == [(1, best), (2, best)]
    assert [one["own"] for one in reported] == [row.valid_accuracy for row in run.history]


def test_a_last_epoch_that_was_not_reported_is_reported_afterwards(
    run: Run, sweep: Sweep, reported: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Task, "do", lambda task, progress: run)
    trial.run({"learning_rate": 0.125}, sweep, SPACE)
    assert [one["epoch"] for one in reported] == [2]


def test_settings_with_which_nothing_can_be_trained_are_a_failed_trial(
    sweep: Sweep, reported: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(task: Task, progress: Progress) -> Run:
        raise TrainingError("The loss is nan.")

    monkeypatch.setattr(Task, "do", fail)
    trial.run({"learning_rate": 0.125}, sweep, SPACE)
    assert reported == [{"epoch": 0, "accuracy": 0.0, "seconds": 0.0, "failed": "The loss is nan."}]
