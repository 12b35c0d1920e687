"""The cost of a task grows no faster than its data: counted in calls of functions, which are the same on every machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks import growth
from benchmarks.growth import Point

from mien import files

LINEAR = 2.15
"""Maximum growth of the increments as N is doubled; linear cost has 2, quadratic cost 4."""


def increments(name: str, folder: Path, num: int = 32) -> float:
    """The calls added from 2N to 4N, by those added from N to 2N; what is done once cancels out."""
    sizes = (num, num, 2 * num, 4 * num)  # the first one loads what is loaded once
    counts = []
    for step, size in enumerate(sizes):
        place = folder / str(step)
        place.mkdir()
        counts.append(growth.calls(name, size, place))
    return (counts[3] - counts[2]) / (counts[2] - counts[1])


@pytest.mark.parametrize(
    "name",
    ["folders", "folders, cached", "csv", "parquet", "convert to folders", "convert to parquet"],
)
def test_reading_and_writing_are_linear(name: str, tmp_path: Path) -> None:
    assert increments(name, tmp_path, 64 if name == "convert to folders" else 32) < LINEAR


def test_photos_of_one_name_are_predicted_and_drawn_in_linear_time(tmp_path: Path) -> None:
    assert increments("predict", tmp_path, 8) < LINEAR


def test_a_search_for_free_names_from_the_start_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def searched(self: files.UniqueNames, stem: str, suffix: str) -> str:
        name, number = f"{stem}{suffix}", 1
        while name.lower() in self._taken:
            number += 1
            name = f"{stem}-{number}{suffix}"
        self._taken.add(name.lower())
        return name

    monkeypatch.setattr(files.UniqueNames, "name", searched)
    assert increments("convert to folders", tmp_path, 64) > LINEAR


def test_the_exponent_is_that_of_a_power_law() -> None:
    points = [Point(num, 0.01 * num**1.5, 0.0) for num in (10, 20, 40, 80)]
    assert growth.exponent(points) == pytest.approx(1.5)
    assert growth.exponent([Point(num, 2.0, 0.0) for num in (1, 2, 4)]) == pytest.approx(0.0)


def test_the_faces_of_a_size_are_the_same_each_time_and_differ() -> None:
    one = growth.faces(40)
    assert one.hash == growth.faces(40).hash
    assert len({face.tobytes() for face in one.images}) == 40
