"""The notebooks in ``examples/``: they run, and are stored with small outputs that name no folder of a machine."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from tools import notebooks

from mien.data.faceset import FaceSet
from mien.inference import datasets
from mien.inference.classifier import Classifier

PATHS = sorted(notebooks.EXAMPLES.glob("*.ipynb"))

MOST_BYTES = 200_000

MACHINE = re.compile(r"/(root|home|work|tmp|Users|usr|var)/|[A-Z]:\\\\")


def stored(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def outputs(notebook: Any, cell_id: str) -> str:
    """The plain text of the outputs of a cell."""
    (cell,) = [cell for cell in notebook.cells if cell.id == cell_id]
    return "\n".join(output.get("text") or output.data["text/plain"] for output in cell.outputs)


def test_there_are_three_notebooks() -> None:
    assert [path.stem for path in PATHS] == ["course_report", "own_data", "photos"]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_small_and_executed_from_top_to_bottom(path: Path) -> None:
    notebook, text = stored(path), path.read_text(encoding="utf-8")
    assert len(text.encode()) < MOST_BYTES
    assert MACHINE.search(text) is None
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not any(output.output_type == "error" for cell in code for output in cell.outputs)
    assert not any(output.get("name") == "stderr" for cell in code for output in cell.outputs)


def test_photos(tmp_path: Path) -> None:
    ran = notebooks.execute(notebooks.EXAMPLES / "photos.ipynb", tmp_path)
    rows = list(csv.DictReader((tmp_path / "faces.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["status"] for row in rows] == ["face"] * 5 + ["no_face"]
    assert {Path(row["photo"]).name for row in rows} == {"office.jpg", "party.jpg", "tree.jpg"}
    assert "happy" in outputs(ran, "predict")
    assert outputs(ran, "predict") == outputs(stored(notebooks.EXAMPLES / "photos.ipynb"), "predict")


def test_own_data(tmp_path: Path) -> None:
    ran = notebooks.execute(notebooks.EXAMPLES / "own_data.ipynb", tmp_path, "NUM_FACES = 150")
    read: FaceSet = datasets.read(tmp_path / "clinic")
    assert read.classes == ("frown", "gasp", "smile")
    assert read.subjects is not None
    model = Classifier.load(tmp_path / "clinic.onnx")
    assert (model.classes, model.spec.training["people"]) == (read.classes, len(set(read.subjects)))
    (score,) = model.spec.scores
    assert score["n"] == len(read)
    assert score["accuracy"] > 0.8
    assert f"n = {len(read)}" in outputs(ran, "adapt")


def test_course_report(tmp_path: Path) -> None:
    ran = notebooks.execute(
        notebooks.EXAMPLES / "course_report.ipynb", tmp_path, "NUM_FACES, EPOCHS, SEEDS = 210, 1, 2"
    )
    page = (tmp_path / "homework" / "homework.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    predicted = (tmp_path / "homework" / "predictions.csv").read_text(encoding="utf-8").splitlines()
    assert len(predicted) == 1 + 200
    assert "on 42 faces of the test rows" in outputs(ran, "result")  # a fifth of the faces
    assert outputs(ran, "files").startswith("homework/homework.html")
