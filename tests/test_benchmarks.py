from __future__ import annotations

import math
from pathlib import Path

import pytest
from benchmarks import gpu

from mien.data.faceset import FaceSet
from mien.training import job, recipes


def test_time_to_accuracy_is_that_of_the_first_epoch_that_was_good_enough(
    faces: FaceSet, faces_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "GOALS", (0.001, 0.999))
    recipe = recipes.get("demo", ["epochs=2", "hold_out=0.2"])
    timing = gpu.TimeToAccuracy(tmp_path / "run", faces.split("test"), recipe)
    run = job.start(faces_file, recipe, timing.folder, after_epoch=timing.after_epoch)
    seconds = [row["seconds"] for row in run.history]
    assert timing.seconds == pytest.approx(math.fsum(seconds))
    assert timing.reached == {"0.1%": pytest.approx(seconds[0])}
