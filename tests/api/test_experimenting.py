"""Experiments as Python callers begin them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mien import api, recipes
from mien.data.reading import ReadOptions
from mien.errors import RecipeError
from mien.experiments import studies
from mien.run_record import Hardware
from mien.scale import studying, tuning
from mien.scale.sweep import Sweep
from mien.training import task


def test_a_study_trains_here_or_on_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    monkeypatch.setattr(studies, "run", lambda *given, **options: asked.append((given, options)))
    reading = ReadOptions(drop=("fear",))
    api.study("labels", "faces.csv", "demo", "out", reading=reading, num_seeds=2, split="test")
    api.study("labels", "faces.csv", recipes.get("tiny", ["epochs=3"]), engine="ray", num_cpus=4)
    (first, options), (second, on_ray) = asked
    assert first == ("labels", "faces.csv", recipes.demo(), "out")
    assert (options["reading"], options["num_seeds"], options["split"]) == (reading, 2, "test")
    assert options["train_all"].func is task.one_by_one
    assert second[2].epochs == 3
    trained: partial[Any] = on_ray["train_all"]
    assert (trained.func, trained.keywords["num_cpus"]) == (studying.train_all, 4)


def test_a_search_has_whole_paths_as_its_workers_have_other_folders(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[Sweep] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tuning, "run", lambda sweep, progress: asked.append(sweep))
    hardware = Hardware("cpu", "fp32")
    api.tune("faces.csv", "demo", "out", space=["epochs=2..4"], num_trials=3, parallel=2, seed=7, hardware=hardware)
    assert asked == [
        Sweep(
            tmp_path / "faces.csv", recipes.demo(), tmp_path / "out", given=("epochs=2..4",), num_trials=3, parallel=2, seed=7,
            hardware=hardware,
        )
    ]  # fmt: skip


def test_an_unknown_recipe_is_refused_before_anything_else() -> None:
    with pytest.raises(RecipeError, match="no recipe 'best'"):
        api.study("labels", "nowhere", "best")
    with pytest.raises(RecipeError, match="no recipe 'best'"):
        api.tune("nowhere", "best")
