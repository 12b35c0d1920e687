"""A run that goes on: with its data elsewhere, for more epochs, on a device that is there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mien.data import store
from mien.errors import RunError
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


@pytest.mark.parametrize("options", [("--drop", "fear"), ("--out", "x"), ("--set", "epochs=3", "--set", "seed=1")])
def test_other_options_are_refused(run: Run, options: tuple[str, ...], invoke: Invoke) -> None:
    code, _, err = invoke("train", "--resume", run.folder, *options)
    assert (code, "leave out the other options" in err) == (2, True)


def test_a_run_without_a_model_says_how_to_go_on(run: Run, tmp_path: Path, faces_file: Path, invoke: Invoke) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    code, _, err = invoke("evaluate", tmp_path / "run", faces_file)
    assert (code, f"the model file of the run '{tmp_path / 'run'}' is {tmp_path / 'run' / 'model.onnx'}" in err) == (
        1,
        True,
    )
    (tmp_path / "run" / "model.onnx").unlink()
    for words in (("evaluate", tmp_path / "run" / "model.onnx", faces_file), ("report", tmp_path / "run")):
        code, _, err = invoke(*words)
        assert (code, f"finish it with  mien train --resume {tmp_path / 'run'}" in err) == (1, True)
