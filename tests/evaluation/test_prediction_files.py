from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.evaluation import prediction_files

CLASSES = ("angry", "happy", "sad")
NAMES = ("angry/a1.png", "happy/h1.png", "happy/h2.png", "sad/s1.png")
SHARES = ((0.6, 0.3, 0.1), (0.1, 0.8, 0.1), (0.5, 0.25, 0.25), (0.0, 0.0, 1.0))


@pytest.fixture
def few() -> FaceSet:
    return FaceSet(
        np.zeros((4, 8, 8), np.uint8),
        np.array([0, 1, 1, 2]),
        CLASSES,
        np.array(NAMES),
        np.full(4, "train"),
    )


def table(path: Path, rows: Sequence[Sequence[object]], separator: str = ",") -> Path:
    path.write_text("".join(separator.join(map(str, row)) + "\n" for row in rows), encoding="utf-8")
    return path


def shares(heads: Sequence[str] = CLASSES) -> list[list[object]]:
    return [["name", *heads], *([name, *row] for name, row in zip(NAMES, SHARES, strict=True))]


@pytest.mark.parametrize("heads", [CLASSES, ("p_angry", "p_happy", "p_sad"), ("Anger", "Happiness", "Sadness")])
@pytest.mark.parametrize(
    "name", [str, lambda name: f"/data/faces/{name}", lambda name: Path(name).name, lambda name: Path(name).stem]
)
def test_probabilities_are_matched_by_name_and_class(
    few: FaceSet, tmp_path: Path, heads: tuple[str, ...], name: object
) -> None:
    rows = [[name(row[0]), *row[1:]] for row in shares()[1:]]  # type: ignore[operator]
    head: list[object] = ["file", *heads]
    path = table(tmp_path / "other.csv", [head, *reversed(rows), ["else.png", 1, 0, 0]])
    found = prediction_files.read(path, few)
    assert found.classes == CLASSES
    assert found.answers.tolist() == [0, 1, 0, 2]
    assert found.probabilities is not None
    assert found.probabilities == pytest.approx(np.array(SHARES), abs=1e-6)
    assert found.num_others == 1


def test_columns_in_another_order_and_a_class_more(few: FaceSet, tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["id", "neutral", "sad", "happy", "angry"],
        *([n, 0, *reversed(r)] for n, r in zip(NAMES, SHARES, strict=True)),
    ]
    found = prediction_files.read(table(tmp_path / "other.tsv", rows, "\t"), few)
    assert found.classes == ("neutral", "sad", "happy", "angry")
    assert [found.classes[code] for code in found.answers] == ["angry", "happy", "angry", "sad"]


def test_answers_alone_have_no_probabilities(few: FaceSet, tmp_path: Path) -> None:
    said = ("anger", "Happy", "sad", "sad")
    path = table(tmp_path / "other.csv", [("image", "prediction"), *zip(NAMES, said, strict=True)])
    found = prediction_files.read(path, few)
    assert found.probabilities is None
    assert [found.classes[code] for code in found.answers] == ["angry", "happy", "sad", "sad"]


def test_answers_are_taken_from_the_column_of_predictions_not_that_of_labels(few: FaceSet, tmp_path: Path) -> None:
    rows = [["image", "label", "predicted"], *([name, "sad", "happy"] for name in NAMES)]
    assert prediction_files.read(table(tmp_path / "other.csv", rows), few).classes == ("happy",)


def test_json_lines_are_a_table_too(few: FaceSet, tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    lines = [dict(zip(("name", *CLASSES), (name, *row), strict=True)) for name, row in zip(NAMES, SHARES, strict=True)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert prediction_files.read(path, few).answers.tolist() == [0, 1, 0, 2]


def test_rounded_rows_are_divided_by_their_sum(few: FaceSet, tmp_path: Path) -> None:
    rows: list[list[object]] = [["name", *CLASSES], *([name, 0.33, 0.33, 0.33] for name in NAMES)]
    found = prediction_files.read(table(tmp_path / "other.csv", rows), few).probabilities
    assert found is not None
    assert found.sum(1) == pytest.approx(1)


def without(heads: Sequence[str]) -> list[list[object]]:
    keep = [0, *(1 + CLASSES.index(name) for name in heads)]
    return [[row[place] for place in keep] for row in shares()]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (shares()[:-1], r"lacks predictions for 1 of 4 rows, such as 'sad/s1.png'"),
        ([*shares(), shares()[1]], r"several predictions for 1 row, such as 'angry/a1.png'"),
        ([row[1:] for row in shares()], "No column of .* names rows of the data, such as 'angry/a1.png'"),
        (without(("angry", "sad")), r"no column for happy \(2 rows\): it has angry, sad"),
        ([["name", *CLASSES], *([n, *(2 * x for x in r)] for n, r in zip(NAMES, SHARES, strict=True))], "in 4 rows: those of 'angry/a1.png' sum to 2"),
        ([["name", *CLASSES], *([n, 1.5, -0.5, 0] for n in NAMES)], r"0 or more .* the lowest is -0.5"),
        ([*shares()[:-1], [NAMES[-1], "", "", ""]], "blank probabilities for 1 of 4 rows, such as 'sad/s1.png'"),
        ([["name", "label"], *([name, 3] for name in NAMES)], "answers with '3' in 4 rows, which is no class of the data"),
        ([["name", "width", "height"], *([name, 3, 4] for name in NAMES)], "neither a column for each class nor one of answers"),
        ([["name"], *([name] for name in NAMES)], "two columns or more"),
    ],
)  # fmt: skip
def test_what_is_no_prediction_of_these_rows_is_refused_in_one_sentence(
    few: FaceSet, tmp_path: Path, rows: list[list[object]], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        prediction_files.read(table(tmp_path / "other.csv", rows), few)


def test_a_file_that_is_not_there(few: FaceSet, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="doesn't exist"):
        prediction_files.read(tmp_path / "nope.csv", few)


def test_rows_of_one_name_are_not_matched(few: FaceSet, tmp_path: Path) -> None:
    from dataclasses import replace

    doubled = replace(few, names=np.array(["a", "a", "b", "c"]))
    path = table(tmp_path / "other.csv", [["name", "label"], *([name, "sad"] for name in "abc")])
    with pytest.raises(DataError, match="1 name of the data's rows stands for several rows, such as 'a'"):
        prediction_files.read(path, doubled)
