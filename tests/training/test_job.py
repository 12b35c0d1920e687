from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import records
from mien import images, locks, recipes
from mien.data import store
from mien.data.faceset import FaceSet
from mien.errors import ArgumentError, ModelFileError, OutputError, RecipeError, RunError
from mien.run import Run
from mien.synthetic import drawn
from mien.training import job


def test_a_run_folder_holds_all_its_parts(run: Run, faces: FaceSet) -> None:
    names = {path.name for path in run.folder.iterdir()}
    assert names == {
        "run.json",
        "network.json",
        "history.jsonl",
        "augmented.png",
        "checkpoint.safetensors",
        "best.safetensors",
        "calibration.safetensors",
        "seen_faces.npz",
        "model.onnx",
    }
    data = run.record.data
    assert data.hash == faces.hash
    assert data.train.rows + data.valid.rows == data.splits["train"]
    assert sum(data.train.counts) == data.train.rows
    assert data.valid.split == "hold_out"
    assert run.network.parameters == 151_543
    assert len(run.history) == 2


def test_the_sheet_shows_faces_as_they_are_and_as_they_are_seen(run: Run, faces: FaceSet) -> None:
    sheet = images.decode(run.folder / "augmented.png", "L")
    assert sheet.shape == (6 * 48, 10 * 48)
    originals = {face.tobytes() for face in faces.images}
    assert all(np.ascontiguousarray(sheet[row : row + 48, :48]).tobytes() in originals for row in range(0, 288, 48))
    assert np.ascontiguousarray(sheet[:48, 48:96]).tobytes() not in originals


def test_a_used_folder_is_not_overwritten(run: Run, faces_file: Path) -> None:
    before = (run.folder / "run.json").read_bytes()
    with pytest.raises(
        RunError,
        match=r"exists and is not empty: name another folder with --out, or resume it with  mien train --resume",
    ):
        job.start("nowhere.parquet", recipes.get("demo"), run.folder)  # before the data is read
    assert (run.folder / "run.json").read_bytes() == before
    with pytest.raises(RunError, match="is a file: name a folder for the run with --out"):
        job.start("nowhere.parquet", recipes.get("demo"), faces_file)


def test_what_a_killed_write_left_is_no_obstacle(run: Run, faces_file: Path, tmp_path: Path) -> None:
    (tmp_path / "new" / ".mien-0123456789abcdef.tmp").mkdir(parents=True)
    job.start(faces_file, recipes.get("demo", ["epochs=1", "image_size=16"]), tmp_path / "new")
    left = tmp_path / "new" / ".mien-fedcba9876543210.tmp"
    left.mkdir()
    (left / "checkpoint.safetensors").write_bytes(b"half")
    (tmp_path / "new" / ".notes.personal").mkdir()  # of somebody else: stays
    job.resume(tmp_path / "new")
    assert not left.exists()
    assert (tmp_path / "new" / ".notes.personal").exists()


def test_data_that_changed_is_not_resumed(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    store.write_parquet(drawn.draw(80, seed=9), tmp_path / "other.parquet")
    record = json.loads((folder / "run.json").read_text())
    record["data"]["path"] = str(tmp_path / "other.parquet")
    (folder / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match=r"The data at '.*other.parquet' has changed since this run was started"):
        job.resume(folder)


def test_a_teacher_is_looked_for_before_anything_is_made(faces_file: Path, tmp_path: Path) -> None:
    recipe = recipes.get("demo", ["teacher=nobody", "distillation_weight=0.5"])
    with pytest.raises(ModelFileError, match="no model file 'nobody'"):
        job.start(faces_file, recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_student_goes_on_only_with_its_own_teacher(run: Run, faces_file: Path, tmp_path: Path) -> None:
    teacher = tmp_path / "teacher.onnx"
    shutil.copy(run.model_file, teacher)
    recipe = recipes.get("demo", ["epochs=1", "image_size=16", f"teacher={teacher}", "distillation_weight=0.5"])
    job.start(faces_file, recipe, tmp_path / "run", hardware=records.CPU)
    job.resume(tmp_path / "run")
    teacher.write_bytes(teacher.read_bytes() + b" ")
    with pytest.raises(RunError, match=r"teacher .* has changed"):
        job.resume(tmp_path / "run")


def test_two_do_not_train_in_one_folder(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "run").iterdir()}
    refused = pytest.raises(OutputError, match=r"Another process is training in '.*run': wait until it has ended")
    with locks.locked(tmp_path / "run" / "run.json", "busy"), refused:
        job.resume(tmp_path / "run")
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "run").iterdir()} == before


def test_a_network_that_cant_be_built_leaves_no_run(faces_file: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="must be a multiple of 16, not 50"):
        job.start(faces_file, recipes.get("vgg", ["image_size=50"]), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("wrong", [{"hardware": "cpu"}, {"recipe": "tiny"}, {"out": 3}, {"data": None}])
def test_a_training_refuses_arguments_of_another_kind_before_it_writes(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=f"{next(iter(wrong))}=.* doesn't fit"):
        job.start(**{"data": tmp_path / "d", "recipe": recipes.demo(), "out": tmp_path / "run", **wrong})
    assert list(tmp_path.iterdir()) == []
