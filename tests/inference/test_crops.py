from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.data import store
from mien.data.faceset import FaceSet
from mien.inference.classifier import Classifier
from mien.inference.crops import expand, read_crops
from mien.training.run import Run


@pytest.fixture(scope="module")
def classifier(run: Run) -> Classifier:
    return Classifier.load(run.model_file)


def test_a_crop_is_read_as_the_array_is(classifier: Classifier, faces: FaceSet, crop: Path) -> None:
    (reading,) = read_crops(classifier, [crop])
    row = classifier.probabilities(faces.images[:1])[0]
    assert list(reading.probabilities.values()) == [float(value) for value in row]
    assert reading.label == classifier.spec.classes[int(np.argmax(row))]
    assert reading.to_dict()["error"] is None


def test_a_bad_file_gives_its_error_and_the_rest_go_on(classifier: Classifier, crop: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    bad, good = read_crops(classifier, [tmp_path / "bad.png", crop])
    assert bad.label is None
    assert bad.error is not None
    assert "no picture that can be read" in bad.error
    assert good.error is None


def test_folders_are_expanded_in_order(faces: FaceSet, tmp_path: Path) -> None:
    store.write_folders(faces.select(np.arange(5)), tmp_path / "faces")
    (tmp_path / "faces" / "notes.txt").write_text("not a picture")
    files = expand([tmp_path / "faces", Path("named.anything")])
    assert len(files) == 6
    assert files[:-1] == sorted(files[:-1])
    assert files[-1] == Path("named.anything")
