from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import records
from mien import Classifier, recipes
from mien.data.faceset import FaceSet
from mien.errors import ExportError
from mien.run import Run
from mien.training import ensemble, job


@pytest.fixture(scope="module")
def other_run(faces_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Another seed, on the same hold-out."""
    recipe = recipes.get("demo", ["epochs=1", "batch_size=32", "ema=0.9", "seed=1"])
    return job.start(faces_file, recipe, tmp_path_factory.mktemp("runs") / "other", hardware=records.CPU)


def test_an_ensemble_is_the_mean_of_its_members(run: Run, other_run: Run, faces: FaceSet, tmp_path: Path) -> None:
    spec = ensemble.build([run, other_run], tmp_path / "both.onnx")
    members = [Classifier.load(each.model_file).probabilities(faces.images) for each in (run, other_run)]
    both = Classifier.load(tmp_path / "both.onnx")
    sharpened = np.mean(members, axis=0) ** (1 / spec.temperature)
    expected = sharpened / sharpened.sum(1, keepdims=True)
    np.testing.assert_allclose(both.probabilities(faces.images), expected, atol=1e-4)
    assert both.spec.to_json() == spec.to_json()
    assert [member["seed"] for member in spec.training["members"]] == [0, 1]


def test_an_ensemble_is_scored_on_what_all_members_held_out(run: Run, other_run: Run, tmp_path: Path) -> None:
    held = job.read_sets(run)[1]
    spec = ensemble.build([run, other_run], tmp_path / "both.onnx")
    probabilities = Classifier.load(tmp_path / "both.onnx").probabilities(held.images)
    assert spec.scores[0]["n"] == len(held)
    assert spec.scores[0]["accuracy"] == pytest.approx(np.mean(probabilities.argmax(1) == held.labels))


def test_only_common_rows_count(faces: FaceSet) -> None:
    first, second = faces.select(np.arange(0, 30)), faces.select(np.arange(20, 50))
    assert np.array_equal(ensemble.in_all([first, second]).images, faces.images[20:30])


def test_one_run_is_no_ensemble(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="two or more runs"):
        ensemble.build([run], tmp_path / "one.onnx")
    assert not list(tmp_path.iterdir())


def test_a_run_counts_once_however_its_path_is_written(
    run: Run, other_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(run.folder)
    monkeypatch.chdir(run.folder.parent)
    for place in (run.folder, Path(run.folder.name), run.folder / ".." / run.folder.name, tmp_path / "link"):
        with pytest.raises(ExportError, match=f"'{place}' is given twice: name different runs"):
            ensemble.build([run, other_run, Run.open(place)], tmp_path / "both.onnx")
    assert not (tmp_path / "both.onnx").exists()


def test_runs_of_other_sizes_are_refused(run: Run, faces_file: Path, tmp_path: Path) -> None:
    recipe = recipes.get("demo", ["epochs=1", "image_size=32"])
    small = job.start(faces_file, recipe, tmp_path / "small", hardware=records.CPU)
    with pytest.raises(ExportError, match="differ in face size"):
        ensemble.build([run, small], tmp_path / "both.onnx")


def test_runs_without_a_common_hold_out_are_refused(
    run: Run, other_run: Run, faces: FaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = {run.folder: faces.select(np.arange(10)), other_run.folder: faces.select(np.arange(10, 20))}
    monkeypatch.setattr(job, "read_sets", lambda each, moved: (None, apart[each.folder]))
    with pytest.raises(ExportError, match="same split_seed"):
        ensemble.build([run, other_run], tmp_path / "both.onnx")
