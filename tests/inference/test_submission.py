from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.data.faceset import DroppedRow, FaceSet, Source
from mien.errors import DataError
from mien.inference import submission
from mien.inference.classifier import Classifier
from mien.training.run import Run


@pytest.fixture(scope="module")
def classifier(run: Run) -> Classifier:
    return Classifier.load(run.model_file)


def test_it_has_an_id_and_a_class_number_in_test_order(classifier: Classifier, faces: FaceSet, tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    test = faces.split("test")
    assert submission.write(classifier, faces, path, num_rows=len(test)) == len(test)
    lines = path.read_text().splitlines()
    assert lines[0] == "id,label"
    expected = classifier.probabilities(test.images).argmax(1).tolist()
    assert lines[1:] == [f"{row},{label}" for row, label in enumerate(expected)]


def test_labels_are_codes_even_where_the_model_lacks_a_class(
    classifier: Classifier, faces: FaceSet, tmp_path: Path
) -> None:
    """A model of three classes must not write its own numbering: fear is 2, not 1."""

    class OfThree:
        spec = dataclasses.replace(classifier.spec, classes=("angry", "fear", "happy"))

        def probabilities(self, images: NDArray[np.uint8], *, flip: bool = False) -> NDArray[np.float32]:
            return np.eye(3, dtype=np.float32)[np.arange(len(images)) % 3]

    submission.write(OfThree(), faces, tmp_path / "p.csv")  # type: ignore[arg-type] # what write needs of a Classifier
    assert (tmp_path / "p.csv").read_text().splitlines()[1:4] == ["0,0", "1,2", "2,3"]


def test_another_number_of_rows_is_refused(classifier: Classifier, faces: FaceSet, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has 70 rows, but 7,000 are wanted"):
        submission.write(classifier, faces, tmp_path / "p.csv", num_rows=7000)
    assert not list(tmp_path.iterdir())


def test_a_test_set_with_unreadable_rows_is_refused(classifier: Classifier, faces: FaceSet, tmp_path: Path) -> None:
    holey = dataclasses.replace(faces, source=Source(dropped=(DroppedRow("17", "2,303 pixels"),)))
    with pytest.raises(DataError, match=r"1 of 351 rows .* the first \(17\) because: 2,303 pixels"):
        submission.write(classifier, holey, tmp_path / "p.csv")
    assert not list(tmp_path.iterdir())
