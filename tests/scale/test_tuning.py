from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import records
import workers
from mien import recipes
from mien.run import Run
from mien.scale import nodes, tuning
from mien.training import job

pytestmark = pytest.mark.several

Invoke = Callable[..., tuple[int, str, str]]
SMALL = ("--recipe", "demo", "--set", "epochs=4", "--set", "image_size=16", "--device", "cpu", "--precision", "fp32")


def curves(runs: Path) -> dict[Path, str]:
    return {path: path.read_text() for path in runs.glob("*/history.jsonl")}


def test_a_search_goes_on_after_ctrl_c_and_after_its_workers_were_killed(
    cluster: None, faces_file: Path, tmp_path: Path, invoke: Invoke
) -> None:
    runs = tmp_path / "t" / "runs"
    words = ["tune", faces_file, *SMALL, "--space", "learning_rate=0.02..0.2:log", "--space", "augment.rotation=0..15"]
    words += ["--trials", "2", "--parallel", "2", "--out", tmp_path / "t", "--json"]

    def once(wanted: int, then: Callable[[], None]) -> threading.Thread:
        def wait() -> None:
            while sum(curve.count("\n") for curve in curves(runs).values()) < wanted:
                time.sleep(0.01)
            then()

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        return thread

    waiting = once(1, lambda: os.kill(os.getpid(), signal.SIGINT))
    handler = signal.getsignal(signal.SIGINT)
    code, printed, said = invoke(*words)
    waiting.join()
    assert (code, printed) == (130, "")
    assert "finished runs are kept; repeat the command to resume" in said
    assert signal.getsignal(signal.SIGINT) is handler
    assert not (tmp_path / "t" / "tune.json").exists()
    begun = curves(runs)
    assert begun

    before: dict[Path, str] = {}

    def kill() -> None:
        before.update(curves(runs))
        workers.kill("ray::ImplicitFunc")

    waiting = once(sum(curve.count("\n") for curve in begun.values()) + 1, kill)
    code, printed, said = invoke(*words)
    waiting.join()
    assert code == 0, said
    assert "search resumed" in said
    result = json.loads(printed)
    trials = result["trials"]
    assert [trial["number"] for trial in trials] == [1, 2]
    assert result["as_it_is"] == 1
    assert {str(path.parent.relative_to(tmp_path / "t")) for path in before} <= {trial["run"] for trial in trials}
    for path, curve in {**begun, **before}.items():
        assert path.read_text().startswith(curve)  # the seconds too: these epochs weren't trained again
    for trial in trials:
        names = {path.name for path in (tmp_path / "t" / trial["run"]).iterdir()}
        assert trial["state"] in ("finished", "stopped")
        assert ("model.onnx" in names, len(trial["curve"]) == 4) == (trial["state"] == "finished",) * 2
        assert not any(name.startswith(".") for name in names)

    best = next(trial for trial in trials if trial["number"] == result["best"])
    recipe = recipes.get(str(tmp_path / "t" / "best.toml"))
    assert recipe == recipes.changed(recipes.get("demo", ["epochs=4", "image_size=16"]), best["settings"])
    alone = job.start(faces_file, recipe, tmp_path / "alone", hardware=records.CPU)
    assert [row.valid_accuracy for row in alone.history] == best["curve"]
    assert Run.open(tmp_path / "t" / best["run"]).recipe == recipe
    page = (tmp_path / "t" / "tune.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 4  # curves in two widths, and two fields

    code, printed, said = invoke(*words)  # nothing is left to do
    assert (code, json.loads(printed), "epoch" in said) == (0, result, False)
    code, printed, said = invoke(*words, "--trials", "3")
    assert (code, printed) == (1, "")
    assert "holds a search with other options (trials): repeat its command to resume it" in said


def test_a_search_whose_every_trial_fails_says_why(
    cluster: None, faces_file: Path, tmp_path: Path, invoke: Invoke
) -> None:
    words = (*SMALL, "--space", "learning_rate=99..100", "--trials", "1", "--out", tmp_path / "t")
    code, printed, said = invoke("tune", faces_file, *words)
    assert (code, printed) == (1, "")
    assert re.search(r"trial 1 failed: The loss is .* in epoch [1-4] ", said)
    assert "No trial was finished; the first: The loss is " in said
    assert not (tmp_path / "t" / "best.toml").exists()


def test_what_no_trial_can_do_without_is_told_in_words(
    cluster: None, faces_file: Path, tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "RETRIES", 0)  # for the sake of the test's time
    words = (
        *SMALL,
        "--set",
        "teacher=tiny",
        "--set",
        "distillation_weight=0.5",
        "--space",
        "teacher=nobody|nothing",
        "--trials",
        "1",
    )
    code, printed, said = invoke("tune", faces_file, *words, "--out", tmp_path / "t")
    assert (code, printed) == (1, "")
    assert "1 of 1 trial could not be run; repeat the command to try them again" in said
    assert "mien: There is no model file 'no" in said


@pytest.mark.parametrize("num_epochs", range(1, 41))
def test_the_worse_half_is_stopped_early_and_nothing_in_its_last_epoch(num_epochs: int) -> None:
    scheduler = tuning._scheduler(num_epochs)
    scheduler.set_search_properties("accuracy", "max")
    stopped: dict[int, int] = {}
    for number in range(4):  # each is worse than the one before
        trial = SimpleNamespace(trial_id=str(number))
        scheduler.on_trial_add(None, trial)
        for epoch in range(1, num_epochs + 1):
            result = {"epoch": epoch, "accuracy": 0.9 - 0.1 * number}
            if scheduler.on_trial_result(None, trial, result) == scheduler.STOP:
                stopped[number] = epoch
                break
    assert stopped == ({} if num_epochs == 1 else dict.fromkeys((1, 2, 3), max(1, num_epochs // 4)))
