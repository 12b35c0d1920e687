"""A run that goes on: with its data elsewhere, for more epochs, on a device that is there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mien.data import store
from mien.data.reading import ReadOptions
from mien.errors import DataError, RunError
from mien.inference import run_data
from mien.run import Run
from mien.run_record import Resumption
from mien.synthetic import drawn
from mien.training import job
from mien.training.resuming import Changes

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def moved(run: Run, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the run whose data lies elsewhere now: the run folder and the data."""
    folder, data = tmp_path / "run", tmp_path / "elsewhere.parquet"
    shutil.copytree(run.folder, folder)
    shutil.copy(run.record.data.path, data)
    record = json.loads((folder / "run.json").read_text())
    record["data"]["path"] = str(tmp_path / "gone.parquet")
    (folder / "run.json").write_text(json.dumps(record))
    return folder, data


def test_a_run_goes_on_with_moved_data_for_more_epochs(moved: tuple[Path, Path], invoke: Invoke) -> None:
    folder, data = moved
    before = Run.open(folder).history
    code, _, err = invoke("train", "--resume", folder)
    assert (code, "gone.parquet': restore it, or name its new path with --data" in err) == (1, True)
    refused = (folder / "run.json").read_bytes()
    assert invoke("train", "--resume", folder, "--set", "epochs=3")[0] == 1
    assert (folder / "run.json").read_bytes() == refused  # what can't go on isn't changed
    code, out, err = invoke("train", "--resume", folder, "--data", data, "--device", "cpu", "--set", "epochs=3")
    assert (code, out.splitlines()[0]) == (0, str(folder / "model.onnx")), err
    after = Run.open(folder)
    assert after.history[:2] == before
    assert (len(after.history), after.recipe.epochs) == (3, 3)
    assert after.record.data.path == str(data)
    assert after.record.resumed == (Resumption(after_epoch=2, data=str(data), device="cpu", epochs=3),)
    assert "epochs=3" in after.record.settings


def test_what_a_run_can_not_become_is_refused_and_nothing_written(moved: tuple[Path, Path], tmp_path: Path) -> None:
    folder, _ = moved
    store.write_parquet(drawn.draw(60, seed=8), tmp_path / "other.parquet")
    before = (folder / "run.json").read_bytes()
    with pytest.raises(RunError, match="holds other data than"):
        job.resume(folder, changes=Changes(data=tmp_path / "other.parquet"))
    with pytest.raises(RunError, match="already has 2 epochs"):
        job.resume(folder, changes=Changes(epochs=1))
    (folder / "checkpoint.safetensors").unlink()
    with pytest.raises(RunError, match="has no checkpoint to resume from"):
        job.resume(folder, changes=Changes(epochs=9))
    assert (folder / "run.json").read_bytes() == before


@pytest.mark.parametrize("verb", [("export",), ("ensemble", "SECOND")])
def test_verbs_that_read_a_runs_data_take_its_new_place(
    verb: tuple[str, ...], moved: tuple[Path, Path], tmp_path: Path, invoke: Invoke
) -> None:
    folder, data = moved
    shutil.copytree(folder, tmp_path / "second")
    words = [verb[0], folder, *([tmp_path / "second"] if len(verb) > 1 else []), "-o", tmp_path / "out.onnx"]
    code, _, err = invoke(*words)
    assert (code, "name its new path with --data" in err, (tmp_path / "out.onnx").exists()) == (1, True, False)
    store.write_parquet(drawn.draw(60, seed=8), tmp_path / "other.parquet")
    code, _, err = invoke(*words, "--data", tmp_path / "other.parquet")
    assert (code, "holds other data than" in err, (tmp_path / "out.onnx").exists()) == (1, True, False)
    code, out, err = invoke(*words, "--data", data)
    assert (code, str(tmp_path / "out.onnx") in out) == (0, True), err


@pytest.mark.parametrize("options", [("--map", "happy=joy"), ("--drop", "fear"), ("--layout", "numbered")])
def test_a_runs_own_data_is_read_as_its_training_read_it(run: Run, options: tuple[str, ...], invoke: Invoke) -> None:
    code, _, err = invoke("report", run.folder, "--no-probes", *options)
    assert code == 1
    assert "has changed" not in err
    if options[0] != "--layout":  # no row of that layout is there at all
        assert (
            f"is read with the options of its training, and {' '.join(options)} would give other rows or classes" in err
        )


def test_options_that_change_nothing_are_taken(run: Run) -> None:
    assert run_data.read(run, reading=ReadOptions(layout="parquet")).hash == run.record.data.hash


@pytest.mark.parametrize("options", [("--drop", "fear"), ("--out", "x"), ("--set", "epochs=3", "--set", "seed=1")])
def test_other_options_are_refused(run: Run, options: tuple[str, ...], invoke: Invoke) -> None:
    code, _, err = invoke("train", "--resume", run.folder, *options)
    assert (code, "leave out the other options" in err) == (2, True)


def test_a_run_without_a_model_says_how_to_go_on(run: Run, tmp_path: Path, faces_file: Path, invoke: Invoke) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    code, _, err = invoke("evaluate", tmp_path / "run", faces_file)
    assert (code, f"name it: {tmp_path / 'run' / 'model.onnx'}" in err) == (1, True)
    (tmp_path / "run" / "model.onnx").unlink()
    for words in (("evaluate", tmp_path / "run" / "model.onnx", faces_file), ("report", tmp_path / "run")):
        code, _, err = invoke(*words)
        assert (code, f"finish it with  mien train --resume {tmp_path / 'run'}" in err) == (1, True)


def test_votes_that_moved_along_with_the_data_are_found_beside_it(run: Run, tmp_path: Path) -> None:
    options = ReadOptions(votes=tmp_path / "gone" / "votes.csv")
    data = replace(run.record.data, read=replace(run.record.data.read, options=options))
    other = Run(run.folder, replace(run.record, data=data))
    with pytest.raises(
        DataError, match=r"The file of votes .*gone.votes\.csv' doesn't exist|FER\+ votes join to fer2013\.csv only"
    ):
        run_data.read_own(other, Path(run.record.data.path))
    (tmp_path / "votes.csv").touch()
    assert run_data.options_at(options, tmp_path / "fer2013.csv").votes == tmp_path / "votes.csv"
    assert run_data.options_at(options, tmp_path).votes == tmp_path / "votes.csv"
