"""Scores by group, on the terminal, in JSON and in the report."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mien.data.faceset import FaceSet
from mien.run import Run

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def table(faces: FaceSet, tmp_path: Path) -> Path:
    """The test faces as a table of pixels with the sex of each person, unknown for a few."""
    test = faces.split("test")
    assert test.subjects is not None
    sexes = {
        person: ("f", "m", "")[place % 3 if place < 3 else place % 2]
        for place, person in enumerate(sorted(set(test.subjects.tolist())))
    }
    path = tmp_path / "faces.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "sex", "subject", "pixels"])
        for label, person, face in zip(test.labels, test.subjects, test.images, strict=True):
            writer.writerow([test.classes[label], sexes[person], person, " ".join(map(str, face.ravel()))])
    return path


def test_evaluate_by_a_column_of_the_table(table: Path, invoke: Invoke) -> None:
    code, out, _ = invoke("evaluate", "tiny", table, "--by", "sex", "--by", "person", "--json")
    record = json.loads(out)
    by_sex, by_person = record["by"]
    assert (code, by_sex["column"], by_person["column"]) == (0, "sex", "person")
    assert {one["name"] for one in by_sex["groups"]} == {"f", "m", "unknown"}
    assert sum(one["n"] for one in by_sex["groups"]) == record["n"] == 70
    assert by_sex["unknown"] == by_sex["groups"][-1]["n"] > 0
    right = sum(one["n"] * one["accuracy"]["value"] for one in by_sex["groups"])
    assert right / 70 == pytest.approx(record["accuracy"])

    code, out, _ = invoke("evaluate", "tiny", table, "--by", "sex")
    assert "By sex" in out
    assert "The largest gap in accuracy is between" in out
    assert "have no value (unknown)." in out

    code, _, err = invoke("evaluate", "tiny", table, "--by", "age")
    assert code == 1
    assert err.splitlines()[-1] == "mien: The data has no column 'age': it has person, split, sex, subject."


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_the_report_has_a_part_for_the_groups(run: Run, table: Path, tmp_path: Path, lang: str, invoke: Invoke) -> None:
    page = tmp_path / "report.html"
    code, out, _ = invoke(
        "report", run.folder, "--data", table, "--by", "sex", "--no-probes", "--lang", lang, "-o", page, "--json"
    )
    assert (code, json.loads(out)["by"][0]["column"]) == (0, "sex")
    text = page.read_text(encoding="utf-8")
    assert '<section id="groups">' in text
    assert {"en": "By sex", "zh-TW": "依 sex"}[lang] in text


def test_the_report_of_a_runs_own_data_takes_columns_too(run: Run, tmp_path: Path, invoke: Invoke) -> None:
    page = tmp_path / "report.html"
    assert invoke("report", run.folder, "--by", "person", "--no-probes", "-o", page)[0] == 0
    assert "By person" in page.read_text(encoding="utf-8")
