"""The verb tune, as far as it goes without a cluster."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import records
from mien import api
from mien.experiments.results import SweepResult, TrialResult
from mien.recipes.search_space import DEFAULT
from mien.reporting.pages import tune as page

Invoke = Callable[..., tuple[int, str, str]]


def test_the_help_lists_the_default_space(invoke: Invoke) -> None:
    code, out, _ = invoke("tune", "--help")
    assert code == 0
    for axis in DEFAULT:
        assert axis.partition("=")[2] in out


@pytest.mark.parametrize(
    ("words", "message"),
    [(("--trials", "0"), "'--trials'"), (("--seed", "-1"), "'--seed'"), (("--set", "epochs=0"), "epochs=0 doesn't fit"),
     (("--recipe", "best"), "no recipe 'best'")],
)  # fmt: skip
def test_what_does_not_fit_is_a_usage_error(
    invoke: Invoke, faces_file: Path, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    code, _, err = invoke("tune", faces_file, *words, "--out", tmp_path / "t")
    assert (code, message in err, (tmp_path / "t").exists()) == (2, True, False), err


def test_the_options_reach_the_search_and_its_result_is_told(
    invoke: Invoke, faces_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}
    trial = TrialResult(1, "runs/a", {"learning_rate": 0.1}, (), "finished", "", 0.5, 1.0, (0.4, 0.5))
    result = SweepResult(
        records.common(), ("learning_rate=0.01..0.3:log",), 2, (1,), 0, 60, {"ray": "2"}, (trial,), 1, None
    )

    def tune(*given: Any, **options: Any) -> SweepResult:
        asked.update(options, given=given)
        return result

    monkeypatch.setattr(api, "tune", tune)
    monkeypatch.setattr(page, "write", lambda *_, **__: None)
    words = (
        "--trials",
        "3",
        "--parallel",
        "2",
        "--seed",
        "7",
        "--cpus-per-run",
        "2",
        "--space",
        "epochs=2..4",
        "--json",
    )
    code, out, err = invoke("tune", faces_file, "--set", "epochs=4", "--drop", "fear", *words, "--out", tmp_path / "t")
    assert code == 0, err
    assert (asked["given"][0], asked["given"][1].epochs, asked["given"][2]) == (faces_file, 4, tmp_path / "t")
    assert (asked["num_trials"], asked["parallel"], asked["seed"], asked["num_cpus"]) == (3, 2, 7, 2)
    assert (asked["space"], asked["reading"].drop) == (("epochs=2..4",), ("fear",))
    told = json.loads(out)
    assert (told["best"], told["best_recipe"]) == (1, str(tmp_path / "t" / "best.toml"))
