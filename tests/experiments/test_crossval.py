from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien import typed_json
from mien.data import store
from mien.data.faceset import UNLABELLED, FaceSet
from mien.data.reading import ReadOptions
from mien.errors import ArgumentError, DataError
from mien.evaluation import model_comparison
from mien.evaluation.metrics import SCORES
from mien.experiments import crossval
from mien.experiments.crossval import Crossvalidated, Plan
from mien.experiments.results import CrossvalResult
from mien.inference import datasets
from mien.inference.classifier import Classifier
from mien.recipes import Recipe
from mien.run import Run
from mien.training.task import Task


@pytest.fixture(scope="module")
def small(faces: FaceSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 faces of both splits, two of them without a label."""
    from dataclasses import replace

    rows = faces.select(np.r_[0:60, 290:350])
    labels = rows.labels.copy()
    labels[[3, 70]] = UNLABELLED
    return store.write_parquet(replace(rows, labels=labels), tmp_path_factory.mktemp("small") / "small.parquet")


def given(plan: Plan, data: Path, run: Run, asked: list[Task] | None = None) -> Crossvalidated:
    """A cross-validation, beside a run, whose every model is that of the run."""

    def give(tasks: Sequence[Task]) -> list[Run]:
        (asked if asked is not None else []).extend(tasks)
        return [run] * len(tasks)

    return crossval.run(plan, data, run.folder.parent, train_all=give)


@pytest.fixture(scope="module")
def place(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the short training that the tests share."""
    folder = tmp_path_factory.mktemp("crossval")
    shutil.copytree(run.folder, folder / "run")
    return folder


@pytest.fixture(scope="module")
def trained(small: Path, place: Path) -> Crossvalidated:
    run = Run.open(place / "run")
    return given(Plan("train", run.recipe, num_folds=3), small, run)


def test_every_labelled_row_has_the_prediction_of_its_folds_model(trained: Crossvalidated, run: Run) -> None:
    """All models are the same here, so the predictions are those of that model."""
    result = trained.result
    probabilities = Classifier.load(run.model_file).probabilities(trained.faces.images)
    np.testing.assert_allclose(trained.evaluation.probabilities, probabilities, atol=1e-6)
    assert (result.n, result.unlabelled, len(result.folds)) == (118, 2, 3)
    assert sum(fold.n for fold in result.folds) == 118
    assert all(fold.train_rows == 118 - fold.n for fold in result.folds)
    weighted = sum(fold.n * fold.accuracy for fold in result.folds) / 118
    assert result.scores["accuracy"].value == pytest.approx(weighted) == trained.evaluation.accuracy
    assert set(result.scores) == {*SCORES, "log_loss", "calibration_error"}
    assert result.scores["log_loss"].value == pytest.approx(trained.evaluation.log_loss)
    assert np.array(result.confusion).sum() == 118


def test_each_training_reads_its_fold_and_nothing_else_differs(small: Path, run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    asked: list[Task] = []
    found = given(Plan("train", run.recipe, num_folds=3, seed=4), small, Run.open(tmp_path / "run"), asked)
    assert [task.reading.fold for task in asked] == ["1/3@4", "2/3@4", "3/3@4"]
    assert len({task.folder for task in asked}) == 3
    names = set()
    for task, fold in zip(asked, found.result.folds, strict=True):
        part = datasets.read(task.data, task.reading)
        test, train = part.split("test"), part.split("train")
        assert (len(test), len(train)) == (fold.n, fold.train_rows)
        assert test.subjects is not None
        assert train.subjects is not None
        assert not set(test.subjects.tolist()) & set(train.subjects.tolist())
        names |= set(test.names.tolist())
    assert names == set(found.faces.names.tolist())


def test_what_is_written(trained: Crossvalidated, place: Path, run: Run, small: Path) -> None:
    text = (place / "crossval.json").read_text(encoding="utf-8")
    assert typed_json.parse(text, CrossvalResult) == trained.result
    with (place / "predictions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == trained.faces.names.tolist()
    read = np.array([[float(row[f"p_{name}"]) for name in trained.evaluation.classes] for row in rows])
    np.testing.assert_allclose(read, trained.evaluation.probabilities, atol=1e-7)
    assert {row["fold"] for row in rows} == {"1", "2", "3"}
    compared = model_comparison.compare([str(run.folder), str(place / "predictions.csv")], datasets.read(small), "all")
    assert (compared.pairs[0].only_first, compared.pairs[0].only_other) == (0, 0)


def test_adapted_models_are_kept_and_not_made_again(small: Path, run: Run, tmp_path: Path) -> None:
    plan = Plan("adapt", None, str(run.folder), num_folds=2)
    first = crossval.run(plan, small, tmp_path)
    models = {path: path.stat().st_mtime_ns for path in tmp_path.glob("adapted-*.onnx")}
    assert {path.name for path in models} == {fold.model for fold in first.result.folds}
    second = crossval.run(plan, small, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("adapted-*.onnx")} == models
    assert second.result == first.result
    assert (first.result.method, first.result.by, first.result.recipe) == ("adapt", "persons", "")
    assert first.result.model_hash == Classifier.load(run.model_file).sha256
    for fold in first.result.folds:  # no model has seen a face of its fold
        classifier = Classifier.load(tmp_path / fold.model)
        assert classifier.seen is not None


def test_classes_that_are_left_out_are_counted(small: Path, run: Run, tmp_path: Path) -> None:
    reading = ReadOptions.of(drop=["happy"])
    found = crossval.run(Plan("adapt", None, str(run.folder), num_folds=2), small, tmp_path, reading=reading)
    assert "happy" not in found.result.classes
    (change,) = found.result.read.changes
    assert (change.name, change.target) == ("happy", None)
    assert found.result.read.num_dropped == change.rows == 118 - found.result.n


def without_persons(faces: FaceSet, path: Path) -> Path:
    from dataclasses import replace

    return store.write_parquet(replace(faces, subjects=None), path)


def test_what_cannot_be_cross_validated(small: Path, run: Run, faces: FaceSet, tmp_path: Path) -> None:
    def refused(plan: Plan, data: Path, message: str) -> None:
        with pytest.raises(DataError, match=message):
            crossval.run(plan, data, tmp_path / "out")
        assert not (tmp_path / "out").exists()

    adapted = str(run.folder)
    bare = without_persons(faces, tmp_path / "bare.parquet")
    refused(Plan("adapt", None, adapted, by_person=True), bare, "doesn't name persons")
    refused(Plan("adapt", None, adapted, num_folds=None), bare, "doesn't name persons")
    refused(Plan("adapt", None, adapted, num_folds=500), small, "persons for 500 folds")
    assert faces.subjects is not None
    person = faces.select(faces.subjects == faces.subjects[0])
    one = store.write_parquet(person, tmp_path / "one.parquet")
    refused(Plan("adapt", None, adapted, num_folds=None), one, "1 person: to leave one out takes two or more")
    refused(Plan("adapt", None, adapted), one, "1 person with a label: cross-validation takes two or more")


def test_a_plan_must_make_sense(run: Run) -> None:
    recipe: Recipe = run.recipe
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"method": "adapt", "recipe": recipe, "model": "base"}, "adapt takes no recipe"),
        ({"method": "train"}, "train takes a recipe"),
        ({"method": "train", "recipe": recipe, "model": "base"}, "train takes no model"),
        ({"method": "init", "recipe": recipe}, "init takes a model"),
        ({"model": "base", "num_folds": 1}, "num_folds=1"),
    )
    for fields, message in wrong:
        with pytest.raises(ArgumentError, match=message):
            Plan(**fields)


def test_json_of_the_result_has_no_path_of_this_machine(trained: Crossvalidated) -> None:
    assert str(Path.home()) not in json.dumps(typed_json.to_json(trained.result))
    assert trained.result.data == "small.parquet"
