"""Trackers, read back with their own programs: TensorBoard's event files and MLflow's file store."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import mien
from mien import recipes
from mien.errors import ArgumentError, MissingExtraError
from mien.progress import SILENT, Lines, Progress, Several
from mien.run import Run
from mien.training import trackers

SETTINGS: dict[str, Any] = {"epochs": 2, "image_size": 16, "seed": 4}

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


class StopAfter(Progress):
    """Interrupts a training after an epoch."""

    def __init__(self, epoch: int) -> None:
        self.last = epoch

    def epoch(self, record: Any, num_epochs: int, is_best: bool) -> None:
        if record.epoch == self.last:
            raise KeyboardInterrupt


def expected(run: Run) -> dict[str, Any]:
    """The values that a tracker must have of a run: (epoch, value) by name."""
    names = ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy", "learning_rate")
    return {name: [(row.epoch, pytest.approx(getattr(row, name))) for row in run.history] for name in names}


def events(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder))
    found.Reload()
    return found


def scalars(folder: Path) -> dict[str, Any]:
    found = events(folder)
    return {name: [(event.step, event.value) for event in found.Scalars(name)] for name in found.Tags()["scalars"]}


def test_tensorboard_has_every_epoch_the_recipe_and_the_scores(faces_file: Path, tmp_path: Path) -> None:
    run = mien.train(faces_file, "demo", tmp_path / "run", log="tensorboard", progress=SILENT, **SETTINGS)
    found = scalars(run.folder)
    assert {name: found[name] for name in expected(run)} == expected(run)
    (score,) = mien.load(run.model_file).spec.scores
    assert found["final_accuracy"] == [(0, pytest.approx(score["accuracy"]))]
    assert found["final_log_loss"] == [(0, pytest.approx(score["log_loss"]))]
    assert "_hparams_/session_start_info" in events(run.folder).summary_metadata


def test_an_interrupted_training_goes_on_in_tensorboard(faces_file: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        mien.train(faces_file, "demo", tmp_path / "run", log="tensorboard", progress=StopAfter(1), **SETTINGS)
    run = mien.resume(tmp_path / "run", log="tensorboard", progress=SILENT)
    found = scalars(run.folder)
    assert {name: found[name] for name in expected(run)} == expected(run)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of MLflow's file store."""
    import mlflow

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    return mlflow.MlflowClient()


def only_run(client: Any, experiment: str) -> Any:
    found = client.get_experiment_by_name(experiment)
    (run,) = client.search_runs([found.experiment_id])
    return run


def metrics(client: Any, run: Any, names: Any) -> dict[str, Any]:
    return {name: [(row.step, row.value) for row in client.get_metric_history(run.info.run_id, name)] for name in names}


def test_mlflow_has_every_epoch_the_recipe_and_the_scores(faces_file: Path, tmp_path: Path, client: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        mien.train(faces_file, "demo", tmp_path / "run", log="mlflow", progress=StopAfter(1), **SETTINGS)
    stopped = only_run(client, "mien")
    assert (stopped.info.run_name, stopped.info.status) == ("run", "KILLED")
    run = mien.resume(tmp_path / "run", log="mlflow", progress=SILENT)
    ended = only_run(client, "mien")  # the same one
    assert ended.info.status == "FINISHED"
    assert metrics(client, ended, expected(run)) == expected(run)
    assert ended.data.params == {name: str(value) for name, value in trackers.parameters(run.recipe).items()}
    (score,) = mien.load(run.model_file).spec.scores
    assert ended.data.metrics["final_accuracy"] == pytest.approx(score["accuracy"])
    assert ended.data.tags["mien.data"] == run.record.data.hash


def test_mlflow_takes_the_experiment_of_the_environment(
    run: Run, tmp_path: Path, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "faces")

    def fail() -> None:
        with trackers.tracked(SILENT, "mlflow") as progress:
            progress.begin(tmp_path, run.record, 0)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert only_run(client, "faces").info.status == "FAILED"


def test_parameters_are_the_fields_of_the_recipe() -> None:
    found = trackers.parameters(recipes.get("demo", ["epochs=3", "augment.blur=1"]))
    assert (found["epochs"], found["augment.blur"], found["network"]) == (3, 1.0, recipes.demo().network)
    assert all(isinstance(value, bool | int | float | str) for value in found.values())


def test_without_a_tracker_the_progress_is_the_same() -> None:
    with trackers.tracked(SILENT, None) as progress:
        assert progress is SILENT


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
def test_a_missing_tracker_is_one_sentence_before_anything_is_read(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for module in [known for known in sys.modules if known.startswith(("torch.utils.tensorboard", "mlflow"))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=rf"needs the package '{name}', .* pip install 'mien\[{name}\]'"):
        mien.train("faces.csv", "demo", tmp_path / "run", log=name)
    assert not (tmp_path / "run").exists()


def test_another_name_is_refused() -> None:
    with pytest.raises(ArgumentError, match="log='wandb' doesn't fit: it must be one of tensorboard, mlflow"):
        mien.train("faces.csv", "demo", log="wandb")


def test_a_worker_of_a_cluster_tells_its_lines_and_tracks_itself() -> None:
    said: list[str] = []
    there = Several(SILENT, trackers.TensorBoard()).on_worker(said.append)
    assert isinstance(there, Several)
    lines, tracker = there.receivers
    assert isinstance(lines, Lines)
    there.line("a line")
    assert said == ["a line"]
    assert isinstance(pickle.loads(pickle.dumps(tracker)), trackers.TensorBoard)


def test_the_command_line_has_the_option(
    faces_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Any
) -> None:
    asked: list[str | None] = []

    @contextmanager
    def tracked(progress: Progress, log: str | None) -> Iterator[Progress]:
        asked.append(log)
        yield progress

    monkeypatch.setattr(trackers, "tracked", tracked)
    settings = ("--set", "epochs=1", "--set", "image_size=16", "--recipe", "demo")
    assert invoke("train", faces_file, *settings, "--out", tmp_path / "run", "--log", "mlflow")[0] == 0
    assert invoke("train", "--resume", tmp_path / "run")[0] == 0
    assert asked == ["mlflow", None]
