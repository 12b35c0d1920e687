from __future__ import annotations

import dataclasses
import json
import math
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from benchmarks import bench, campaign, gpu, gpu_plan, side_by_side
from benchmarks.campaign import Campaign, Step

import mien
import records
from mien import recipes


def test_time_to_accuracy_is_that_of_the_first_epoch_that_was_good_enough() -> None:
    history = [records.epoch(1, seconds=2.0, valid_accuracy=accuracy) for accuracy in (0.5, 0.7, 0.6, 0.8)]
    assert [gpu.seconds_to(goal, history) for goal in (0.4, 0.7, 0.8, 0.9)] == [2.0, 4.0, 8.0, math.inf]


def test_a_campaign_leaves_out_what_does_not_fit_and_goes_on_after_a_failure(tmp_path: Path) -> None:
    done: list[str] = []

    def step(name: str, seconds: float = 0.0, *needs: str) -> Step:
        def work() -> dict[str, Any]:
            done.append(name)
            return {}

        return Step(name, work, lambda: seconds, needs)

    def fail() -> dict[str, Any]:
        raise RuntimeError("no such card")

    steps = [
        step("first"),
        Step("second", fail, lambda: 0.0),
        step("third", 1e6),
        step("fourth", 0, "second"),
        step("fifth"),
    ]
    for _ in range(2):
        one = Campaign(tmp_path / "work", tmp_path / "out", 100, {"device": "a card"})
        for part in steps:
            one.do(part)
    assert done == ["first", "fifth"]  # the second time, what was done is not done again
    told = json.loads((tmp_path / "out" / "results.json").read_text())
    assert told["device"] == "a card"
    assert told["steps"]["second"] == {"failed": "RuntimeError: no such card"}
    assert told["steps"]["third"]["skipped"].startswith("takes about 1000000 s, of which")
    assert told["steps"]["fourth"] == {"skipped": "needs second"}


def test_what_is_too_large_stays_and_what_is_large_lies_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "MOST_BYTES", 400)
    for name, size in (("small", 90), ("large", 300), ("huge", 500)):
        (tmp_path / "work" / "runs" / name).mkdir(parents=True)
        (tmp_path / "work" / "runs" / name / "model.onnx").write_bytes(bytes(size))
    Campaign(tmp_path / "work", tmp_path / "out", 100, {}).do(Step("all", dict, lambda: 0.0))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"results.json", "runs.zip", "large-model.onnx"}
    assert zipfile.ZipFile(tmp_path / "out" / "runs.zip").namelist() == ["small/model.onnx"]


def test_every_recipe_of_the_plan_can_be_made() -> None:
    for training in gpu_plan.TRAININGS.values():
        teacher = ["teacher=base"] if training.taught else []
        recipe = recipes.get(training.recipe, [*training.settings, *teacher])
        assert training.epochs[0] <= training.epochs[1]
        assert recipe.batch_size >= 128
    views = [recipes.get(name, [*gpu_plan.STUDENT, "teacher=base"]) for name in gpu_plan.STUDENTS]
    assert views[0].augment == views[1].augment  # so that one's answers serve the other
    for fast in gpu_plan.FAST.values():
        assert recipes.get(fast.recipe, fast.settings).epochs <= 24


@pytest.mark.several
def test_the_rehearsal_runs_every_step(faces_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_plan, "REHEARSAL", dataclasses.replace(gpu_plan.REHEARSAL, rows=96))
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["gpu", str(faces_file), str(tmp_path / "work"), "--out", str(out), "--rehearse"])
    gpu.main()
    steps = json.loads((out / "results.json").read_text())["steps"]
    assert list(steps) == list(gpu_plan.STEPS)
    assert not [name for name, found in steps.items() if "seconds" not in found]
    assert steps["ensemble"]["members"] == list(gpu_plan.MEMBERS)
    assert steps["tiny"]["recipe"]["teacher"].endswith("answers.safetensors")
    assert set(steps["rates"]["recipes"]) == {*gpu_plan.TRAININGS, *gpu_plan.FAST, "base_eager", "tiny_eager"}
    assert {path.name for path in out.iterdir()} == {"results.json", "runs.zip", "base-answers.safetensors"}
    names = zipfile.ZipFile(out / "runs.zip").namelist()
    assert {f"{name}/model.onnx" for name in (*gpu_plan.MEMBERS, *gpu_plan.STUDENTS)} <= set(names)
    assert "report/history.jsonl" in names


def test_versions_are_compared_round_by_round() -> None:
    pairs = [side_by_side.Pair("fast", (1.0, 2.0, 3.0), (2.0, 4.0, 3.0)), side_by_side.Pair("new", (1.0, 1.5, 2.0), ())]
    assert side_by_side.rows(pairs) == [
        ["fast", "2.00", "3.00", "0.50", "0.50 to 1.00"],
        ["new", "1.50", "not possible", "", ""],
    ]


def test_a_version_is_run_and_one_that_fails_is_known(crop: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    crop.rename(tmp_path / "in" / "face.png")
    source = Path(mien.__file__).parents[1]
    assert 0 < (side_by_side.seconds(side_by_side.TASKS["one face"], source, tmp_path / "in") or 0) < 60
    assert side_by_side.seconds(("predict", "missing.jpg"), source, tmp_path / "in") is None


def test_a_version_is_compared_with_the_last_page_of_bench(tmp_path: Path) -> None:
    for name, commit in {"2026-11-02-epyc": "aaa+", "2026-11-01-epyc": "bbb", "2026-11-03-wild-epyc": "ccc"}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({"commit": commit}))
    for name in ("2026-11-01-epyc", "2026-11-02-epyc"):
        (tmp_path / f"{name}.md").touch()
    assert side_by_side.last_measured(tmp_path) == "aaa"


def test_results_keep_the_last_two_of_a_machine(tmp_path: Path) -> None:
    names = [f"2026-11-0{day}-{machine}.json" for day in range(1, 5) for machine in ("epyc", "photos-epyc")]
    for name in names:
        (tmp_path / name).touch()
    bench.keep_last(tmp_path, "epyc")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {name for name in names if "photos" in name} | {"2026-11-03-epyc.json", "2026-11-04-epyc.json"}
