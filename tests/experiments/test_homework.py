"""A homework: its plan, its trainings, and that it goes on after a stop at any stage."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mien
from homeworks import SMALL, done
from mien import recipes, typed_json
from mien.data import store
from mien.data.faceset import UNLABELLED, FaceSet
from mien.data.reading import ReadOptions
from mien.errors import ArgumentError, DataError, OutputError
from mien.experiments import homework
from mien.experiments.homework import Homework, Options
from mien.inference.classifier import Classifier
from mien.progress import Lines, Progress
from mien.run import Run
from mien.training.task import Task


def keys(recipe: str) -> dict[str, list[str]]:
    return {name: [str(arm) for arm in arms] for name, arms in homework.arms_of(recipes.get(recipe)).items()}


def test_every_study_has_the_recipe_as_it_is_and_what_it_is_compared_with() -> None:
    assert keys("base") == {
        "augmentation": ["none", "all"],
        "early-stopping": ["last_epoch", "best_epoch", "patience 16"],
        "ensemble": ["models 1"],
        "imbalance": ["plain", "class_weights", "balanced_sampling"],
    }
    assert keys("vgg")["early-stopping"] == ["last_epoch", "patience 200", "threshold 0.66"]


@pytest.fixture(scope="session")
def test_file(tmp_path_factory: pytest.TempPathFactory, faces: FaceSet) -> Path:
    """Ten faces without labels."""
    path = tmp_path_factory.mktemp("unlabelled") / "test.parquet"
    some = faces.split("test").select(np.arange(10))
    store.write_parquet(replace(some, labels=np.full(10, UNLABELLED, np.int64)), path)
    return path


def test_the_results_are_those_of_the_runs(run: Run, faces_file: Path, test_file: Path, tmp_path: Path) -> None:
    found = done(faces_file, test_file, tmp_path / "hw", run)
    assert found.plan.recipe.epochs == 1
    assert found.judgement.record.split == "test"  # the labelled rows of the data judge, as TEST has no labels
    assert found.single.evaluation.accuracy == found.judgement.evaluation.accuracy  # an ensemble of one run twice
    assert set(found.studies) == {"augmentation", "early-stopping", "ensemble", "imbalance"}
    for name, result in found.studies.items():
        assert json.loads((tmp_path / "hw" / f"{name}.json").read_text()) == json.loads(
            json.dumps(typed_json.to_json(result))
        )
    rows = list(csv.reader((tmp_path / "hw" / "predictions.csv").read_text().splitlines()))
    classifier = Classifier.load(tmp_path / "hw" / "model.onnx")
    assert rows[0] == ["id", "label"]
    assert len(rows) == 11
    expected = classifier.probabilities(store_images(test_file)).argmax(1).tolist()
    assert [int(label) for _, label in rows[1:]] == expected
    told = found.to_dict()
    assert told["accuracy"]["value"] == found.judgement.evaluation.accuracy
    assert told["predictions"] == str(tmp_path / "hw" / "predictions.csv")
    json.dumps(told)


def test_a_note_on_the_data_is_given_once(faces: FaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = np.concatenate([np.arange(len(faces)), [0]])
    store.write_parquet(
        replace(faces.select(twice), names=np.arange(len(twice)).astype(str)), tmp_path / "faces.parquet"
    )
    lines: list[str] = []

    def do(task: Task, progress: Progress) -> Run:
        for note in mien.read(task.data).source.messages:
            progress.line(f"note: {note}")
        raise StopHereError

    monkeypatch.setattr(Task, "do", do)
    with pytest.raises(StopHereError):
        homework.run(tmp_path / "faces.parquet", None, tmp_path / "hw", SMALL, progress=Lines(lines.append))
    notes = [line for line in lines if line.startswith("note: ")]
    assert any("repeat" in note for note in notes)
    assert len(set(notes)) == len(notes)


class StopHereError(Exception):
    pass


def store_images(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return mien.read(path).images


def test_a_labelled_test_set_judges(run: Run, faces_file: Path, faces: FaceSet, tmp_path: Path) -> None:
    other = replace(faces.split("train").select(np.arange(40)), splits=np.full(40, "train"))
    store.write_parquet(other, tmp_path / "more.parquet")
    allowed = replace(SMALL, reading=ReadOptions(allow_leakage=True))
    found = done(faces_file, tmp_path / "more.parquet", tmp_path / "hw", run, allowed)
    assert len(found.judgement.evaluation) == 40
    assert found.studies["augmentation"].n == 40
    assert found.submission is not None
    assert found.submission.rows == 40


def test_a_test_set_of_training_faces_is_refused(run: Run, faces_file: Path, faces: FaceSet, tmp_path: Path) -> None:
    store.write_parquet(faces.split("train").select(np.arange(40)), tmp_path / "more.parquet")
    with pytest.raises(DataError, match="40 of 40 faces of the split 'test' also are in the split 'train'"):
        done(faces_file, tmp_path / "more.parquet", tmp_path / "hw", run)
    assert not (tmp_path / "hw").exists()


def test_few_training_faces_in_the_test_set_are_noted(faces_file: Path, faces: FaceSet, tmp_path: Path) -> None:
    rows = np.concatenate([np.flatnonzero(faces.splits == "train")[:3], np.flatnonzero(faces.splits == "test")])
    test = replace(faces.select(rows), splits=np.full(len(rows), "test"))
    store.write_parquet(test, tmp_path / "test.parquet")
    lines: list[str] = []

    def stop(_: Sequence[Task]) -> list[Run]:
        raise StopHereError

    with pytest.raises(StopHereError):
        homework.run(
            faces_file,
            tmp_path / "test.parquet",
            tmp_path / "hw",
            SMALL,
            train_all=stop,
            progress=Lines(lines.append),
        )
    assert f"note: 3 of {len(rows)} faces of the split 'test' also are in the split 'train', pixel for pixel." in lines


def test_without_a_test_set_the_hold_out_judges(run: Run, faces: FaceSet, tmp_path: Path) -> None:
    store.write_parquet(faces.split("train"), tmp_path / "train.parquet")
    options = replace(SMALL, recipe=recipes.get("demo", ["hold_out=0.05"]))
    trained: list[Task] = []

    def give(tasks: Sequence[Task]) -> list[Run]:
        trained.extend(tasks)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        homework.run(tmp_path / "train.parquet", None, tmp_path / "hw", options, train_all=give)
    assert {task.recipe.hold_out for task in trained} == {0.12}
    assert len(trained) == len({task.folder for task in trained}) == 12
    assert [task.recipe.seed for task in trained] == [0] * 6 + [1] * 6


def test_the_same_again_resumes_and_something_else_is_refused(run: Run, faces_file: Path, tmp_path: Path) -> None:
    first = done(faces_file, None, tmp_path / "hw", run)
    again = done(faces_file, None, tmp_path / "hw", run)
    assert again.plan == first.plan
    with pytest.raises(OutputError, match="holds a homework of other data or settings"):
        done(faces_file, None, tmp_path / "hw", run, replace(SMALL, epochs=2))
    (tmp_path / "hw" / "plan.json").write_text("{")
    with pytest.raises(OutputError, match="is damaged"):
        done(faces_file, None, tmp_path / "hw", run)


def test_one_seed_makes_no_ensemble() -> None:
    with pytest.raises(ArgumentError, match="two seeds or more"):
        Options(num_seeds=1)
    with pytest.raises(ArgumentError, match=r"minutes=0.0 doesn't fit"):
        Options(minutes=0.0)


class StopsAt(Progress):
    """Stops the work at the first line that begins with some words."""

    def __init__(self, words: str) -> None:
        self.words = words

    def line(self, text: str) -> None:
        if text.startswith(self.words):
            raise KeyboardInterrupt


def test_a_homework_that_was_stopped_at_any_stage_gives_the_same_files(
    faces_file: Path, test_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(homework, "ARMS", {"ensemble": ("models",)})
    out = tmp_path / "hw"

    def work(progress: Progress) -> Homework:
        return homework.run(faces_file, test_file, out, SMALL, progress=progress)

    for stage in ("looking for copies", "training 1", "train ", "training 2", "judging"):
        with pytest.raises(KeyboardInterrupt):
            work(StopsAt(stage))
        assert not (out / "model.onnx").exists()
    found = work(Progress())
    written = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    for name in ("model.onnx", "predictions.csv", "ensemble.json", "audit.json"):
        (out / name).unlink()
    again = work(Progress())
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == written
    np.testing.assert_array_equal(again.judgement.evaluation.probabilities, found.judgement.evaluation.probabilities)
    assert len(list((out / "runs").iterdir())) == 2
    straight = homework.run(faces_file, test_file, tmp_path / "straight", SMALL)
    assert (tmp_path / "straight" / "predictions.csv").read_bytes() == written[out / "predictions.csv"]
    np.testing.assert_array_equal(straight.judgement.evaluation.probabilities, found.judgement.evaluation.probabilities)
