"""Data and models as Python callers and the command line give them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mien import api
from mien.auditing import audit as auditing
from mien.data.faceset import FaceSet
from mien.data.reading import ReadOptions
from mien.errors import ModelFileError
from mien.inference.classifier import Classifier
from mien.progress import Lines


def test_faces_in_memory_are_taken_as_they_are_and_files_are_read(faces: FaceSet, faces_file: Path) -> None:
    assert api.read(faces, ReadOptions(drop=("fear",))) is faces
    assert api.read(faces_file).hash == faces.hash


def test_what_was_left_out_is_told(faces_file: Path) -> None:
    said: list[str] = []
    read = api.read(faces_file, ReadOptions(drop=("fear",)), Lines(said.append))
    assert said == [f"note: {note}" for note in read.source.messages]
    assert any("'fear'" in line and "was left out" in line for line in said)


def test_a_model_is_named_or_loaded_and_takes_shares_in_use() -> None:
    tiny = api.load("tiny")
    assert isinstance(tiny, Classifier)
    assert api.load(tiny) is tiny
    assert api.load(tiny, decision="balanced") is tiny  # a loaded model has its own
    assert api.load("tiny", decision="balanced").decision == "balanced"
    shares = api.load(tiny, prior="neutral=0.5").prior_by_class
    assert shares is not None
    assert shares["neutral"] == pytest.approx(0.5)


def test_an_audit_is_of_the_data_as_it_was_asked_to_be_read_and_by_the_model_that_was_named(
    faces_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def fake(faceset: FaceSet, classifier: Classifier | None, **options: Any) -> str:
        given.append((faceset.classes, classifier and classifier.name, options))
        return "an audit"

    monkeypatch.setattr(auditing, "audit", fake)
    found: Any = api.audit(
        faces_file, model="tiny", reading=ReadOptions(drop=("fear",)), correlation=0.95, mirrored=True
    )
    assert found == "an audit"
    ((classes, name, options),) = given
    assert ("fear" in classes, name) == (False, "tiny")
    assert (options["correlation"], options["mirrored"]) == (0.95, True)


def test_predictions_are_written_for_the_test_rows(faces: FaceSet, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    written = api.submit("tiny", faces.split("test"), out, num_rows=70)
    lines = out.read_text().splitlines()
    assert (len(lines), written.to_dict()["rows"]) == (71, 70)
    codes = api.load("tiny").probabilities(faces.split("test").images).argmax(1)
    assert [int(line.rsplit(",", 1)[1]) for line in lines[1:]] == codes.tolist()


def test_a_model_tells_what_it_is() -> None:
    found = api.info("tiny")
    assert found == api.info(api.load("tiny"))
    assert list(found.spec.classes) == found.to_dict()["spec"]["classes"]
    with pytest.raises(ModelFileError, match="no model file"):
        api.info("nothing")
