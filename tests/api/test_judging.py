"""Judging as Python callers do it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import experimental
from mien import api, files
from mien.data.faceset import FaceSet
from mien.data.reading import ReadOptions
from mien.errors import ArgumentError, DataError, OutputError
from mien.inference.classifier import Classifier
from mien.run import Run


def test_a_model_is_judged_by_name_path_or_as_it_is_loaded(run: Run, faces: FaceSet, faces_file: Path) -> None:
    loaded = Classifier.load(run.model_file)
    found = [api.evaluate(model, data) for model, data in ((run.model_file, faces_file), (loaded, faces))]
    first, second = (one.judgement for one in found)
    assert first.evaluation.accuracy == second.evaluation.accuracy
    assert (first.record.split, len(first.evaluation)) == ("test", 70)
    assert found[0].corrupted is None
    answers = loaded.probabilities(first.faces.images).argmax(1)
    assert first.evaluation.accuracy == (answers == first.faces.labels).mean()


def test_copies_of_the_data_itself_are_left_out_of_it(run: Run, faces: FaceSet) -> None:
    twice = faces.select(np.concatenate([np.arange(len(faces)), np.flatnonzero(faces.splits == "train")[:1]]))
    splits = twice.splits.copy()
    splits[-1] = "test"  # a training face among the test rows
    leaky = FaceSet(twice.images, twice.labels, twice.classes, twice.names, splits)
    record = api.evaluate(run.model_file, leaky, split="test", without=leaky).judgement.record
    assert record.without_duplicates_of is not None
    assert (record.without_duplicates_of.left_out, record.without_duplicates_of.exact) == (1, 1)


def test_shares_in_use_are_stated_or_estimated(run: Run, faces: FaceSet) -> None:
    stated = api.evaluate(run.model_file, faces, prior="happy=0.9").judgement.record
    assert stated.prior is not None
    assert stated.prior["happy"] == pytest.approx(0.9)
    assert not stated.prior_estimated
    estimated = api.evaluate(run.model_file, faces, prior="auto").judgement.record
    assert estimated.prior is not None
    assert sum(estimated.prior.values()) == pytest.approx(1)
    assert estimated.prior_estimated


def test_decisions_are_chosen_on_other_rows_and_stored(run: Run, faces: FaceSet, tmp_path: Path) -> None:
    found = api.decide(run.model_file, faces, out=tmp_path / "model.onnx")
    assert (found.n, found.record.split) == (70, "test")
    assert found.chosen_on_n == run.record.data.valid.rows
    assert "balanced" in Classifier.load(tmp_path / "model.onnx").spec.decisions
    with pytest.raises(DataError, match="other rows"):
        api.decide(run.model_file, faces, split="test", choose_on="test")


def test_a_report_judges_the_data_of_its_run_and_checks_its_place_first(run: Run, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        api.report(run, tmp_path / "missing" / "report.html")
    made = api.report(run.folder, tmp_path / "report.html", reading=ReadOptions(), probes=False, lang="zh-TW")
    assert made.judgement.record.data_hash == run.record.data.hash
    assert (tmp_path / "report.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")


def test_a_report_takes_studies_of_the_data_of_its_run_and_an_ensemble(run: Run, tmp_path: Path) -> None:
    known = experimental.study()
    study = replace(known, common=replace(known.common, data_hash=run.record.data.hash))
    files.write_json(tmp_path / "augmentation.json", study.to_dict())
    page = tmp_path / "report.html"
    api.report(run, page, probes=False, studies=[tmp_path / "augmentation.json"], ensemble=run.model_file)
    assert 'id="averaged"' in page.read_text(encoding="utf-8")
    page.unlink()
    files.write_json(tmp_path / "other.json", known.to_dict())
    (tmp_path / "no.json").write_text("{}")
    wrong = {"other.json": "is a study on other data", "no.json": "isn't the result of a study", "": "is a folder"}
    for name, message in wrong.items():
        with pytest.raises(DataError, match=message):
            api.report(run, page, probes=False, studies=[tmp_path / name])
    with pytest.raises(ArgumentError, match="twice"):
        api.report(run, page, probes=False, studies=[tmp_path / "augmentation.json"] * 2)
    assert not page.exists()
