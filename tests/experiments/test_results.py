"""What experiments give, typed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import records
from mien import recipes, typed_json
from mien.data.faceset import FaceSet
from mien.experiments.arms import Arm
from mien.experiments.results import Common, SweepResult, TrialResult
from mien.run import Run


def trial(number: int, accuracy: float) -> TrialResult:
    return TrialResult(
        number, f"trial-{number}", {"learning_rate": 0.1}, (), "finished", "", accuracy, 1.0, (0.3, accuracy)
    )


def test_an_arm_is_called_by_its_key_and_number() -> None:
    assert [str(arm) for arm in (Arm("none"), Arm("models", value=3), Arm("smoothed", value=0.1))] == [
        "none", "models 3", "smoothed 0.1",
    ]  # fmt: skip


def test_what_all_trainings_have_in_common_comes_from_one_of_them(run: Run, faces: FaceSet) -> None:
    recipe = recipes.get("demo", ["epochs=2", "batch_size=64"])
    common = Common.of(recipe, faces, run)
    assert (common.recipe, common.settings) == ("demo", ("epochs=2", "batch_size=64"))
    assert (common.data, common.data_hash) == (Path(run.record.data.path).name, faces.hash)
    assert common.train_rows == run.record.data.train.rows
    assert common.read == faces.source.reading()


@pytest.mark.parametrize(("gpu", "machine"), [("a card", "a card"), ("", "a processor")])
def test_the_machine_is_the_gpu_or_the_processor(gpu: str, machine: str) -> None:
    made = records.common()
    assert replace(made, setup=replace(made.setup, device_name=gpu)).machine == machine


def test_the_best_trial_is_that_of_its_number_and_all_survives_json() -> None:
    trials = (trial(1, 0.5), trial(4, 0.7), trial(2, 0.6))
    found = SweepResult(
        records.common(), ("learning_rate=0.01..0.3:log",), 4, (1, 2), 7, 60, {"ray": "2"}, trials, 4, None
    )
    assert found.best_trial is trials[1]
    assert found.best_trial.epochs == 2
    assert typed_json.from_json(typed_json.to_json(found), SweepResult) == found
