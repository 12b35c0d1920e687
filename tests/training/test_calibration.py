"""The temperature: on rows that didn't choose the epoch, with a prior, and with a word where it fails."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mien.data import splits
from mien.data.faceset import FaceSet
from mien.modelfile import Spec
from mien.run import Run
from mien.training import calibration, checkpoint, export, job
from mien.training.calibration import CrossFit


def readings(num: int, seed: int = 0, scale: float = 2.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits ``(num, 5)``, and labels that are drawn with just their probabilities."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(num, 5, generator=generator) * scale
    return logits, torch.multinomial(torch.softmax(logits, 1), 1, generator=generator)[:, 0]


def test_the_temperature_minimises_the_log_loss() -> None:
    logits, labels = readings(4000)
    assert calibration.fit(logits, labels).value == pytest.approx(1.0, abs=0.06)
    best = calibration.fit(logits * 3, labels).value
    assert best == pytest.approx(3.0, abs=0.2)
    losses = [float(F.cross_entropy(logits * 3 / t, labels)) for t in (0.97 * best, best, 1.03 * best)]
    assert losses[1] == min(losses)


def test_its_interval_holds_the_truth() -> None:
    fitted = [calibration.fit(*readings(300, seed)) for seed in range(100)]
    assert 0.88 <= np.mean([each.interval[0] <= 1 <= each.interval[1] for each in fitted]) <= 0.99


@pytest.mark.parametrize("num", [1, 5, 40, 2000])
def test_a_hold_out_that_is_all_right_does_not_make_certain(num: int) -> None:
    """Of N rows all are right, by a margin of 3: without a prior the temperature would be its lower bound."""
    logits = torch.zeros(num, 7)
    logits[:, 2] = 3.0
    fitted = calibration.fit(logits, torch.full((num,), 2))
    assert fitted.value > 0.3
    confidence = float(torch.softmax(logits[0] / fitted.value, 0)[2])
    assert confidence < (num + 1.5) / (num + 2)
    assert not fitted.at_bound


def test_a_temperature_at_its_bound_is_told() -> None:
    logits, _ = readings(3000)
    nonsense = torch.randint(0, 5, (3000,), generator=torch.Generator().manual_seed(1))
    fitted = calibration.fit(50 * logits, nonsense)
    assert fitted.at_bound
    spec = Spec(tuple("abcde"), (8, 8), temperature=fitted.value, training={"temperature": fitted.to_dict()})
    (warning,) = calibration.warnings(spec)
    assert warning.startswith("warning: the temperature is at its bound (5.00)")
    assert calibration.warnings(Spec(tuple("abcde"), (8, 8))) == []


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
        plain.append(np.log(calibration.fit(chosen, labels).value))
        crossed.append(np.log(calibration.fit(fit.logits, labels, cross_fitted=True).value))
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
    assert spec.training["temperature"] == {
        **calibration.fit(own, torch.from_numpy(valid_set.labels), cross_fitted=True).to_dict()
    }
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
