"""The folder and the faces of a homework."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mien
from homeworks import SMALL, done
from mien.data import store
from mien.data.faceset import FaceSet
from mien.data.reading import ReadOptions
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


def test_a_sample_of_data_with_allowed_leakage_is_trained_on(faces: FaceSet, tmp_path: Path) -> None:
    leaky = faces.select(np.arange(len(faces)).repeat(2))
    leaky = replace(leaky, splits=np.tile(["train", "test"], len(leaky) // 2))
    data = tmp_path / "leaky.parquet"
    store.write_parquet(leaky, data)
    trained: list[Task] = []

    def give(tasks: Sequence[Task]) -> list[Run]:
        trained.extend(tasks)
        raise KeyboardInterrupt

    options = replace(SMALL, most_faces=60, reading=ReadOptions(allow_leakage=True))
    with pytest.raises(KeyboardInterrupt):
        homework.run(data, None, tmp_path / "hw", options, train_all=give)
    assert {task.reading.allow_leakage for task in trained} == {True}
