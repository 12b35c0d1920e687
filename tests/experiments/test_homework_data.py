"""The folder and the faces of a homework."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import mien
from homeworks import SMALL, done
from mien.data.faceset import FaceSet
from mien.errors import OutputError
from mien.experiments import homework
from mien.run import Run
from mien.training.task import Task


def test_a_folder_with_other_files_is_refused(run: Run, faces_file: Path, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_text("mine")
    with pytest.raises(OutputError, match=r"holds other files, such as 'model.onnx'"):
        done(faces_file, None, tmp_path, run)
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.onnx"]


def test_of_many_faces_a_sample_is_taken(faces_file: Path, faces: FaceSet, tmp_path: Path) -> None:
    trained: list[Task] = []

    def give(tasks: Sequence[Task]) -> list[Run]:
        trained.extend(tasks)
        raise KeyboardInterrupt

    for _ in range(2):  # the second resumes
        with pytest.raises(KeyboardInterrupt):
            homework.run(faces_file, None, tmp_path / "hw", replace(SMALL, most_faces=60), train_all=give)
    assert {task.data for task in trained} == {(tmp_path / "hw" / "sample.parquet").absolute()}
    assert len({task.folder for task in trained}) == 12
    sample = mien.read(tmp_path / "hw" / "sample.parquet")
    assert 60 <= len(sample) <= 74
    assert sample.classes == faces.classes
