from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.data import layouts
from mien.data.faceset import FaceSet
from mien.data.reading import ReadOptions
from mien.data.source import DroppedRow, Source
from mien.emotions import EMOTIONS
from mien.errors import DataError
from mien.inference import submission
from mien.inference.classifier import Classifier


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load("tiny")


def test_it_has_an_id_and_a_class_number_in_test_order(classifier: Classifier, faces: FaceSet, tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    test = faces.split("test")
    assert submission.write(classifier, faces, path, num_rows=len(test)).rows == len(test)
    lines = path.read_text().splitlines()
    assert lines[0] == "id,label"
    expected = classifier.probabilities(test.images).argmax(1).tolist()
    assert lines[1:] == [f"{name},{label}" for name, label in zip(test.names.tolist(), expected, strict=True)]


def test_labels_are_codes_even_where_the_model_lacks_a_class(
    classifier: Classifier, faces: FaceSet, tmp_path: Path
) -> None:
    """A model of three classes must not write its own numbering: fear is 2, not 1."""

    class OfThree:
        spec = dataclasses.replace(classifier.spec, classes=("angry", "fear", "happy"))

        def probabilities(self, images: NDArray[np.uint8], *, flip: bool = False) -> NDArray[np.float32]:
            return np.eye(3, dtype=np.float32)[np.arange(len(images)) % 3]

    submission.write(OfThree(), faces, tmp_path / "p.csv")  # type: ignore[arg-type] # what write needs of a Classifier
    written = (tmp_path / "p.csv").read_text().splitlines()[1:4]
    assert [line.partition(",")[2] for line in written] == ["0", "2", "3"]


def test_another_number_of_rows_is_refused(classifier: Classifier, faces: FaceSet, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has 70 rows, but 7,000 are expected"):
        submission.write(classifier, faces, tmp_path / "p.csv", num_rows=7000)
    assert not list(tmp_path.iterdir())


def test_a_test_set_with_unreadable_rows_is_refused(classifier: Classifier, faces: FaceSet, tmp_path: Path) -> None:
    holey = dataclasses.replace(faces, source=Source(dropped=(DroppedRow("17", "2,303 pixels"),)))
    with pytest.raises(DataError, match=r"1 of 351 rows .* the first is 17: 2,303 pixels"):
        submission.write(classifier, holey, tmp_path / "p.csv")
    assert not list(tmp_path.iterdir())


def course(tmp_path: Path, ids: list[str]) -> Path:
    """A course's data: labelled train.csv, test.csv with ids of its own."""
    rng = np.random.default_rng(0)

    def pixels() -> str:
        return " ".join(map(str, rng.integers(0, 256, 48 * 48)))

    folder = tmp_path / "course"
    folder.mkdir()
    train = [f"{number % 7},{pixels()}" for number in range(21)]
    (folder / "train.csv").write_text("\n".join(["label,feature", *train]) + "\n")
    (folder / "test.csv").write_text("\n".join(["id,feature", *(f"{one},{pixels()}" for one in ids)]) + "\n")
    return folder


FER2013 = ReadOptions.of(coding="fer2013")
IDS = ["5000", "5003", "17", "0042"]


@pytest.mark.parametrize("name", ["", "test.csv"])
def test_the_ids_are_the_test_sets_own(classifier: Classifier, tmp_path: Path, name: str) -> None:
    test = course(tmp_path, IDS) / name
    done = submission.write(classifier, layouts.read(test) if name else layouts.read(test, FER2013), tmp_path / "p.csv")
    rows = [line.split(",") for line in (tmp_path / "p.csv").read_text().splitlines()]
    assert [row[0] for row in rows] == ["id", *IDS]
    assert (done.rows, done.head, done.order) == (4, "id,label", "of the test set")
    assert "ids: those of the test set" in str(done)


def test_a_sample_gives_head_and_order(classifier: Classifier, tmp_path: Path) -> None:
    folder = course(tmp_path, IDS)
    plain = submission.write(classifier, layouts.read(folder, FER2013), tmp_path / "plain.csv")
    answers = dict(line.split(",") for line in (tmp_path / "plain.csv").read_text().splitlines()[1:])
    order = ["17", "5003", "42", "5000"]
    (folder / "sample_submission.csv").write_text("ID,Expression\n" + "".join(f"{one},0\n" for one in order))
    done = submission.write(classifier, layouts.read(folder, FER2013), tmp_path / "p.csv")
    wanted = [f"{one},{answers['0042' if one == '42' else one]}" for one in order]
    assert (tmp_path / "p.csv").read_text().splitlines() == ["ID,Expression", *wanted]
    assert (done.order, plain.order) == ("of 'sample_submission.csv'", "of the test set")
    (folder / "sample_submission.csv").write_text("ID,Expression\n" + "".join(f"{one},happy\n" for one in order))
    submission.write(classifier, layouts.read(folder, FER2013), tmp_path / "p.csv")
    words = [line.split(",")[1] for line in (tmp_path / "p.csv").read_text().splitlines()[1:]]
    assert words == [classifier.spec.classes[int(line.split(",")[1])] for line in wanted]


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ("id,label\n5000,0\n5003,0\n17,0\n18,0\n", "1 of 4 ids .* is not in the test set, the first is '18'"),
        ("id,label\n5000,0\n", r"has 1 row \(1 different id\), and the test set 4"),
        ("id,a,b\n5000,0,1\n", "is not a sample submission: it needs a header"),
        ('id,label\n"5000,0\n', "can't be read as a sample"),
        ("\0\xff", "is not a sample submission"),
    ],
)
def test_a_sample_of_another_competition_is_refused(
    classifier: Classifier, tmp_path: Path, sample: str, message: str
) -> None:
    folder = course(tmp_path, IDS)
    (tmp_path / "other.csv").write_text(sample)
    with pytest.raises(DataError, match=message):
        submission.write(classifier, layouts.read(folder, FER2013), tmp_path / "p.csv", sample=tmp_path / "other.csv")
    assert not (tmp_path / "p.csv").exists()


def test_pictures_are_called_by_their_names(classifier: Classifier, faces: FaceSet, tmp_path: Path) -> None:
    test = faces.split("test").select(np.arange(3))
    named = dataclasses.replace(test, names=np.array(["test/0003.png", "test/0001.png", "test/x.7.png"]))
    submission.write(classifier, named, tmp_path / "p.csv")
    assert [line.split(",")[0] for line in (tmp_path / "p.csv").read_text().splitlines()] == [
        "id",
        "0003",
        "0001",
        "x.7",
    ]
    twice = dataclasses.replace(test, names=np.array(["a/1.png", "b/1.png", "b/2.png"]))
    with pytest.raises(DataError, match="The id '1' occurs 2 times"):
        submission.write(classifier, twice, tmp_path / "q.csv")


def test_a_model_of_other_classes_is_refused(classifier: Classifier, faces: FaceSet, tmp_path: Path) -> None:
    happy = faces.select(np.isin(faces.labels, [3, 6]))  # a competition of two of the seven
    with pytest.raises(
        DataError, match=r"has the classes of its training rows \(happy, neutral\); the model also has angry"
    ):
        submission.write(classifier, happy, tmp_path / "p.csv")
    assert not (tmp_path / "p.csv").exists()


@pytest.mark.parametrize(("spelling", "case"), [("Happiness", str.title), ("HAPPY", str.upper), ("happy", str.lower)])
def test_class_names_are_written_as_the_sample_has_them(
    classifier: Classifier, tmp_path: Path, spelling: str, case: Callable[[str], str]
) -> None:
    folder = course(tmp_path, ["5000", "5003"])
    (folder / "sample_submission.csv").write_text(f"id,label\n5003,{spelling}\n5000,{spelling}\n")
    faces = layouts.read(folder, coding="fer2013")
    submission.write(classifier, faces, tmp_path / "p.csv")
    answers = classifier.probabilities(faces.split("test").images).argmax(1).tolist()
    names = [spelling if name == "happy" else case(name) for name in (classifier.spec.classes[one] for one in answers)]
    assert (tmp_path / "p.csv").read_text().splitlines() == ["id,label", f"5003,{names[1]}", f"5000,{names[0]}"]


def test_class_names_are_written_as_the_training_rows_have_them(classifier: Classifier, tmp_path: Path) -> None:
    folder = course(tmp_path, ["5000", "5003"])
    text = (folder / "train.csv").read_text().splitlines()
    named = [f"{EMOTIONS[int(line[0])].title()}{line[1:]}" for line in text[1:]]
    (folder / "train.csv").write_text("\n".join([text[0], *named]) + "\n")
    faces = layouts.read(folder)
    done = submission.write(classifier, faces, tmp_path / "p.csv")
    answers = classifier.probabilities(faces.split("test").images).argmax(1).tolist()
    expected = [classifier.spec.classes[one].title() for one in answers]
    assert [line.partition(",")[2] for line in (tmp_path / "p.csv").read_text().splitlines()[1:]] == expected
    assert done.labels == "class names, as the training rows have them"


def test_a_sample_that_lacks_rows_is_refused_for_that(classifier: Classifier, faces: FaceSet, tmp_path: Path) -> None:
    named = dataclasses.replace(faces.split("test"), names=np.array([f"test/{row}.png" for row in range(70)]))
    (tmp_path / "sample.csv").write_text("id,label\n3.png,0\n7.png,0\n")
    with pytest.raises(DataError, match=r"has 2 rows \(2 different ids\), and the test set 70"):
        submission.write(classifier, named, tmp_path / "p.csv", sample=tmp_path / "sample.csv")


def test_an_id_that_is_no_text_is_one_sentence(classifier: Classifier, faces: FaceSet, tmp_path: Path) -> None:
    test = faces.split("test")
    odd = dataclasses.replace(test, names=np.array(["\udcff.png", *test.names.tolist()[1:]]))
    with pytest.raises(DataError, match="is not valid UTF-8, so it can't be written: rename the picture"):
        submission.write(classifier, odd, tmp_path / "p.csv")
    assert not list(tmp_path.iterdir())
