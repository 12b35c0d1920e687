"""The temperature of a run: fitted on rows that didn't choose the epoch."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import torch

from mien.data import splits
from mien.data.faceset import FaceSet
from mien.run import Run
from mien.training import calibration, checkpoint, export, job
from mien.training.calibration import CrossFit
from mien.training.temperature import Temperature


def test_an_epoch_that_is_lucky_on_its_rows_leaves_the_cross_fitted_temperature_alone(faces: FaceSet) -> None:
    """Forty epochs of equal worth: the rows that choose one think it better than it is, so plain fitting is too sure."""
    rows = faces.select(np.arange(200))
    plain, crossed = [], []
    for study in range(25):
        labels = torch.from_numpy(rows.labels)
        generator = torch.Generator().manual_seed(study)
        fit = CrossFit(rows, 7, torch.device("cpu"))
        best, chosen = -1.0, torch.empty(0)
        for _ in range(40):
            logits = torch.randn(200, 7, generator=generator)
            logits[torch.arange(200), labels] += 1.0  # calibrated: the odds of normal densities one apart
            fit.update(logits, labels)
            accuracy = float((logits.argmax(1) == labels).float().mean())
            if accuracy > best:
                best, chosen = accuracy, logits.clone()
        plain.append(np.log(Temperature.fit(chosen.numpy(), rows.labels).value))
        crossed.append(np.log(Temperature.fit(fit.logits.numpy(), rows.labels, cross_fitted=True).value))
    assert np.mean(plain) < -0.08  # a temperature of 0.92 and less
    assert abs(float(np.mean(crossed))) < 0.05


def test_halves_keep_copies_together_and_are_about_equal(faces: FaceSet) -> None:
    twice = faces.select(np.repeat(np.arange(100), 2))
    first = splits.halves(twice)
    assert (first[::2] == first[1::2]).all()
    assert abs(int(first.sum()) - 100) <= 7
    assert not splits.halves(faces.select(np.array([0]))).any()


def test_a_run_keeps_its_readings_and_the_model_file_says_so(run: Run, tmp_path: Path) -> None:
    valid_set = job.read_sets(run)[1]
    own = calibration.readings(run, valid_set)
    assert own is not None
    assert own.shape == (len(valid_set), 7)
    copied = shutil.copytree(run.folder, tmp_path / "run")
    spec = export.export(Run.open(copied), valid_set, copied / "model.onnx")
    assert spec.training["temperature"] == Temperature.fit(own.numpy(), valid_set.labels, cross_fitted=True).to_dict()
    (copied / "calibration.safetensors").unlink()  # as a run of an earlier version
    assert (
        export.export(Run.open(copied), valid_set, copied / "model.onnx").training["temperature"]["cross_fitted"]
        is False
    )


def test_readings_come_back_as_they_were_and_only_for_the_same_rows(faces: FaceSet, run: Run, tmp_path: Path) -> None:
    rows = faces.select(np.arange(60))
    there = dataclasses.replace(run, folder=tmp_path)
    first = CrossFit(rows, 7, torch.device("cpu"))
    first.update(torch.randn(60, 7), torch.from_numpy(rows.labels))
    first.save(there)
    again = CrossFit(rows, 7, torch.device("cpu"))
    again.restore(there)
    assert torch.equal(again.logits, first.logits)
    assert again.best == first.best
    again.update(first.logits, torch.from_numpy(rows.labels))  # an epoch that comes again changes nothing
    assert torch.equal(again.logits, first.logits)
    assert calibration.readings(there, faces.select(np.arange(50))) is None
    assert checkpoint.load(there.calibration, calibration.Halves)[1] == calibration.Halves(tuple(first.best))
