"""One training as a task, started or gone on with by whoever has its folder."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from mien import recipes
from mien.errors import ArgumentError, RunError
from mien.run import Run
from mien.training import job
from mien.training.task import Task


def test_a_finished_task_is_not_trained_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "start_or_resume", None)  # calling it would fail
    task = Task("a title", Path("nowhere"), run.recipe, run.folder)
    assert task.done
    assert task.do() == run


def test_an_unfinished_one_is_begun_below_a_folder_that_is_made_and_its_checkpoint_goes(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []

    def give(data: Path, recipe: recipes.Recipe, folder: Path, **options: Any) -> Run:
        asked.append((data, recipe, folder, options["hardware"], options["reading"]))
        shutil.copytree(run.folder, folder)
        return Run.open(folder)

    monkeypatch.setattr(job, "start_or_resume", give)
    task = Task("a title", tmp_path / "data", run.recipe, tmp_path / "runs" / "first")
    assert not task.done
    made = task.do()
    assert asked == [(task.data, task.recipe, task.folder, task.hardware, task.reading)]
    assert task.done
    assert (run.checkpoint.exists(), made.checkpoint.exists()) == (True, False)


def test_a_folder_that_can_not_be_made_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    task = Task("a title", tmp_path, run.recipe, tmp_path / "file" / "runs" / "first")
    with pytest.raises(RunError, match=r"The folder '.*runs' can't be (created|made)"):
        task.do()


def test_a_task_can_be_sent_to_another_process() -> None:
    task = Task("a title", Path("data"), recipes.demo(), Path("runs/first"))
    assert pickle.loads(pickle.dumps(task)) == task
    assert task.home == Path.cwd()
    wrong: Any = "demo"
    with pytest.raises(ArgumentError, match="recipe=demo doesn't fit"):
        Task("a title", Path("data"), wrong, Path("runs/first"))
