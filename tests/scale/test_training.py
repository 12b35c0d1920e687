from __future__ import annotations

from pathlib import Path

import pytest

import workers
from mien import recipes
from mien.errors import ClusterError, DataError, RecipeError, RunError
from mien.inference.classifier import Classifier
from mien.progress import Lines
from mien.run import Run
from mien.run_record import Hardware
from mien.scale import training

pytestmark = pytest.mark.several

CPU = Hardware("cpu")
SETTINGS = ["epochs=3", "batch_size=32", "image_size=32", "ema=0.9"]


def test_two_workers_train_and_go_on_when_they_are_killed(
    cluster: None, faces_file: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    teacher = tmp_path / "teacher.onnx"
    teacher.hardlink_to(run.model_file)
    monkeypatch.chdir(tmp_path)  # workers find a teacher that is named from here
    recipe = recipes.get("demo", [*SETTINGS, "teacher=teacher.onnx", "distillation_weight=0.5"])
    lines: list[str] = []

    def kill_after_an_epoch(line: str) -> None:
        lines.append(line)
        if line.startswith("epoch    1/") and not any(said.startswith("resumed") for said in lines):
            workers.kill("ray::RayTrainWorker")

    run = training.start(faces_file, recipe, out, workers=2, hardware=CPU, progress=Lines(kill_after_an_epoch))
    assert any(line.startswith("resumed after epoch") for line in lines)
    assert [row.epoch for row in run.history] == [1, 2, 3]
    assert run.record.setup.workers == 2
    assert Classifier.load(run.model_file).spec.scores
    assert not [place for place in tmp_path.iterdir() if place not in (out, teacher)]  # Ray's own notes are gone


def test_what_a_worker_meets_is_told_and_not_tried_again(cluster: None, faces_file: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    voted = recipes.get("demo", [*SETTINGS, "votes=0.5"])
    with pytest.raises(DataError, match=r"votes=0\.5 needs annotators' votes, but the data has none"):
        training.start(faces_file, voted, tmp_path / "run", workers=1, hardware=CPU, progress=Lines(lines.append))
    assert len([line for line in lines if line.startswith("read ")]) == 1


def test_what_cant_be_done_is_refused_before_workers_start(cluster: None, faces_file: Path, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="16 processors are needed and there are 2"):
        training.start(faces_file, recipes.get("demo", SETTINGS), tmp_path / "run", workers=16, hardware=CPU)
    uneven = recipes.get("demo", [*SETTINGS, "batch_size=33"])
    with pytest.raises(RecipeError, match="batch_size=33 can't be split evenly over 2 workers"):
        training.start(faces_file, uneven, tmp_path / "run", workers=2, hardware=CPU)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    with pytest.raises(RunError, match="not empty"):
        training.start(faces_file, recipes.get("demo", SETTINGS), tmp_path / "full", workers=2, hardware=CPU)
