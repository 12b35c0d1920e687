"""The data of a run, read again as its training read it."""

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
from mien.synthetic import drawn

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


def test_data_that_moved_is_known_again_and_other_data_is_not(
    run: Run, moved: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, data = moved
    there = Run.open(folder)
    assert run_data.read_own(there, data).hash == run.record.data.hash
    assert run_data.read(there, data).hash == run.record.data.hash
    with pytest.raises(RunError, match=r"gone\.parquet'.* --data"):
        run_data.read_own(there)
    other = store.write_parquet(drawn.draw(20, seed=8), tmp_path / "other.parquet")
    with pytest.raises(RunError, match="holds other data than"):
        run_data.read_own(there, other)
    assert run_data.read(there, other).hash != run.record.data.hash  # any data may be read for a run that isn't its own


def test_other_data_is_read_as_asked(run: Run) -> None:
    path = Path(run.record.data.path)
    chosen = run_data.read(run, path, ReadOptions(drop=("fear",)))
    assert "fear" not in chosen.classes
    with pytest.raises(RunError, match=r"would give other rows or classes.*--data"):
        run_data.read(run, reading=ReadOptions(drop=("fear",)))
