from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from mien.data.faceset import FaceSet
from mien.errors import ArgumentError, DataError
from mien.evaluation import model_comparison
from mien.inference.classifier import Classifier
from mien.run import Run


@pytest.fixture(scope="module")
def judged(faces: FaceSet) -> FaceSet:
    return faces.split("test")


def written(path: Path, faces: FaceSet, answers: np.ndarray[tuple[int], np.dtype[np.int64]], share: float = 1.0) -> str:
    """Predictions with the given share for the answer and the rest for the class before it."""
    num = len(faces.classes)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", *faces.classes])
        for name, code in zip(faces.names, answers, strict=True):
            row = np.zeros(num)
            row[code], row[code - 1] = share, 1 - share
            writer.writerow([name, *row])
    return str(path)


def wrong(
    labels: np.ndarray[tuple[int], np.dtype[np.int64]], rows: slice
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    answers = labels.copy()
    answers[rows] = (answers[rows] + 1) % 7
    return answers


def test_a_pair_counts_who_is_right_where(judged: FaceSet, tmp_path: Path) -> None:
    """A errs on rows 0 to 19, B on rows 10 to 14: 15 rows are gained, none lost."""
    a = written(tmp_path / "a.csv", judged, wrong(judged.labels, slice(0, 20)), 0.8)
    b = written(tmp_path / "b.csv", judged, wrong(judged.labels, slice(10, 15)), 0.9)
    found = model_comparison.compare([a, b], judged)
    (pair,) = found.pairs
    assert (pair.both_right, pair.only_first, pair.only_other, pair.both_wrong) == (50, 0, 15, 5)
    assert pair.p_value == pair.p_holm == pytest.approx(2 / 2**15)
    difference = pair.differences["accuracy"]
    assert difference.value == pytest.approx(15 / 70)
    assert 0 < difference.low < difference.value < difference.high < 0.5
    assert [row.row for row in pair.changed] == [*range(10), *range(15, 20)]
    assert all(row.is_gained for row in pair.changed)
    assert pair.changed[0].name == judged.names[0]
    losses = [-np.log(np.where(np.arange(70) < 20, 0.2, 0.8)).mean(), 0.0]
    losses[1] = -np.log(np.where((np.arange(70) >= 10) & (np.arange(70) < 15), 0.1, 0.9)).mean()
    assert found.models[0].scores["log_loss"].value == pytest.approx(losses[0])
    assert pair.differences["log_loss"].value == pytest.approx(losses[1] - losses[0])


def test_the_difference_of_confusion_matrices(judged: FaceSet, tmp_path: Path) -> None:
    a = written(tmp_path / "a.csv", judged, judged.labels)
    b = written(tmp_path / "b.csv", judged, wrong(judged.labels, slice(0, 1)))
    (pair,) = model_comparison.compare([a, b], judged).pairs
    matrix = np.array(pair.confusion)
    true = judged.labels[0]
    assert (matrix[true, true], matrix[true, (true + 1) % 7]) == (-1, 1)
    assert np.abs(matrix).sum() == 2
    assert not pair.changed[0].is_gained


def test_persons_widen_the_intervals(judged: FaceSet, tmp_path: Path) -> None:
    """B errs on all rows of a few persons."""
    from dataclasses import replace

    assert judged.subjects is not None
    few = np.isin(judged.subjects, np.unique(judged.subjects)[:3])
    a = written(tmp_path / "a.csv", judged, judged.labels)
    b = written(tmp_path / "b.csv", judged, np.where(few, (judged.labels + 1) % 7, judged.labels))
    with_persons = model_comparison.compare([a, b], judged)
    without = model_comparison.compare([a, b], replace(judged, subjects=None))
    lengths = [one.pairs[0].differences["accuracy"] for one in (with_persons, without)]
    assert lengths[0].high - lengths[0].low > 1.5 * (lengths[1].high - lengths[1].low)
    assert with_persons.record.persons == len(np.unique(judged.subjects))
    assert without.record.persons is None


def test_several_pairs_are_corrected_by_holm(judged: FaceSet, tmp_path: Path) -> None:
    names = [written(tmp_path / f"{end}.csv", judged, wrong(judged.labels, slice(0, end))) for end in (0, 8, 6, 3)]
    pairs = model_comparison.compare(names, judged).pairs
    assert [pair.p_value for pair in pairs] == pytest.approx([2 / 2**8, 2 / 2**6, 2 / 2**3])
    assert [pair.p_holm for pair in pairs] == pytest.approx([3 * 2 / 2**8, 2 * 2 / 2**6, 2 / 2**3])


def test_a_run_and_its_predictions_agree(run: Run, faces: FaceSet, tmp_path: Path) -> None:
    judged = faces.split("test")
    classifier = Classifier.load(run.model_file)
    probabilities = classifier.probabilities(judged.images)
    path = tmp_path / "own.csv"
    with path.open("w", newline="") as file:
        rows = ([name, *row] for name, row in zip(judged.names, probabilities.tolist(), strict=True))
        csv.writer(file).writerows([["name", *(f"p_{name}" for name in classifier.classes)], *rows])
    found = model_comparison.compare([str(run.folder), str(path)], faces)
    (pair,) = found.pairs
    assert (found.record.split, found.record.n) == ("test", 70)
    assert (pair.only_first, pair.only_other, pair.p_value) == (0, 0, 1.0)
    assert pair.differences["log_loss"].value == pytest.approx(0, abs=1e-5)
    assert [one.kind for one in found.models] == ["model", "predictions"]
    assert [one.learned for one in found.models] == [0, None]
    assert json.loads(json.dumps(found.to_dict()))["pairs"][0]["both_right"] == pair.both_right


def test_without_test_rows_models_are_compared_on_what_they_held_out(run: Run, faces: FaceSet) -> None:
    from dataclasses import replace

    train = replace(faces.split("train"), source=faces.source)
    found = model_comparison.compare([str(run.folder), "tiny"], train)
    assert (found.record.split, found.record.n) == ("hold_out", run.record.data.valid.rows)


def test_models_that_cannot_be_compared(run: Run, judged: FaceSet, tmp_path: Path) -> None:
    a = written(tmp_path / "a.csv", judged, judged.labels)
    with pytest.raises(ArgumentError, match="two models or more"):
        model_comparison.compare([a], judged)
    with pytest.raises(DataError, match="is given twice"):
        model_comparison.compare([str(run.folder), str(run.model_file)], judged)
    (tmp_path / "b.csv").write_bytes((tmp_path / "a.csv").read_bytes())
    with pytest.raises(DataError, match="are the same file"):
        model_comparison.compare([a, str(tmp_path / "b.csv")], judged)
    foreign = FaceSet.from_arrays(judged.images, judged.labels, tuple("abcdefg"))
    with pytest.raises(
        DataError, match=r"'tiny' can't be compared: The data has classes that the model doesn't know: a \("
    ):
        model_comparison.compare(["tiny", "base"], foreign)
