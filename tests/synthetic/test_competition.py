"""A drawn competition: what it has, and that it is drawn once."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import mien
from mien.data.faceset import UNLABELLED
from mien.data.identity import are_in
from mien.synthetic import competition


def test_a_labelled_file_and_a_test_set_of_other_people(tmp_path: Path) -> None:
    data, test = competition.write(tmp_path / "new", 60, 20)
    faces, unlabelled = mien.read(data), mien.read(test)
    assert (len(faces), set(faces.split_names)) == (60, {"train", "test"})
    assert (faces.labels != UNLABELLED).all()
    assert (len(unlabelled), unlabelled.split_names) == (20, ("test",))
    assert (unlabelled.labels == UNLABELLED).all()
    assert not are_in(unlabelled.images, faces.images).any()


def test_files_that_are_there_are_kept(tmp_path: Path) -> None:
    data, test = competition.write(tmp_path, 30, 10)
    before = [path.stat().st_mtime_ns for path in (data, test)]
    test.unlink()
    competition.write(tmp_path, 30, 10)
    assert data.stat().st_mtime_ns == before[0]
    assert np.array_equal(mien.read(test).images, mien.read(competition.write(tmp_path / "b", 30, 10)[1]).images)
