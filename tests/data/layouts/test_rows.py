"""The row builder: crops, sizes, splits, classes and what is dropped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mien import images
from mien.data.layouts.rows import Crop, Rows
from mien.errors import DataError

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def plain(value: int, size: int = 8) -> NDArray[np.uint8]:
    return np.full((size, size), value, np.uint8)


def rows(**fixed: str) -> Rows:
    return Rows("test", Path("somewhere"), fixed or None)


def ramp(make: Maker) -> Path:
    """A picture of 20x10 whose gray is ten times the column plus the line."""
    pixels = (10 * np.arange(20)[None, :] + np.arange(10)[:, None]).astype(np.uint8)
    path = make.file("ramp.png", b"")
    Image.fromarray(pixels).save(path)
    return path


def cut(make: Maker, crop: Crop) -> NDArray[np.uint8]:
    found = rows()
    found.add("a", crop, "happy")
    return np.asarray(found.faceset().images[0])


def test_a_crop_is_the_square_around_its_box_or_the_box_itself(make: Maker) -> None:
    path = ramp(make)
    whole = np.asarray(Image.open(path))
    np.testing.assert_array_equal(cut(make, Crop(path, (4, 2, 8, 6))), whole[2:6, 4:8])
    np.testing.assert_array_equal(cut(make, Crop(path, (4, 3, 10, 5))), whole[1:7, 4:10])
    np.testing.assert_array_equal(cut(make, Crop(path, (4, 3, 10, 5), exact=True)), whole[3:5, 4:10])
    np.testing.assert_array_equal(cut(make, Crop(path, (0.2, 0.2, 0.4, 0.6), shares=True)), whole[2:6, 4:8])


def test_past_the_edge_of_a_picture_lies_the_gray_of_the_edge(make: Maker) -> None:
    path = ramp(make)
    whole = np.asarray(Image.open(path))
    np.testing.assert_array_equal(
        cut(make, Crop(path, (-2, 0, 2, 4))), np.concatenate([whole[:4, :1], whole[:4, :1], whole[:4, :2]], axis=1)
    )


@pytest.mark.parametrize(
    ("box", "reason"),
    [((30, 0, 40, 5), "the box 30, 0, 40, 5 is outside its picture"), ((5, 5, 5, 9), "is outside its picture"),
     ((-100, -100, 100, 100), "its box is much larger than its picture")],
)  # fmt: skip
def test_a_box_that_holds_no_face_drops_its_row(
    make: Maker, box: tuple[float, float, float, float], reason: str
) -> None:
    found = rows()
    found.add("good", plain(1), "happy")
    found.add("bad", Crop(ramp(make), box), "sad")
    faces = found.faceset()
    assert faces.names.tolist() == ["good"]
    assert [(row.name, reason in row.reason) for row in faces.source.dropped] == [("bad", True)]


def test_the_most_common_size_is_taken_unless_one_is_asked_for() -> None:
    def filled() -> Rows:
        found = rows()
        for name, size in (("a", 8), ("b", 12), ("c", 12)):
            found.add(name, plain(100, size), "happy")
        return found

    faces = filled().faceset()
    assert faces.size == (12, 12)
    assert faces.source.notes == ("The pictures have 2 sizes; all were resized to 12x12.",)
    assert set(faces.images.ravel().tolist()) == {100}
    assert filled().faceset(size=6).size == (6, 6)


def test_a_column_of_splits_is_read_and_one_that_names_none_is_told() -> None:
    found = rows()
    for number, given in enumerate(["Training", "", "elsewhere", "PublicTest"]):
        found.add(str(number), plain(number), "happy", "valid", given_split=given)
    assert found.given_splits == {"Training", "elsewhere", "PublicTest"}
    faces = found.faceset()
    assert faces.splits.tolist() == ["train", "valid", "public_test"]
    assert [(row.name, row.reason) for row in faces.source.dropped] == [("2", "unknown split 'elsewhere'")]
    folds = rows()
    for number in range(2):
        folds.add(str(number), plain(number), "happy", given_split=str(number))
    assert folds.faceset().source.notes == (
        "The column of splits has '0', '1', which name no split (train, valid, test), so it was not used.",
    )


def test_names_of_expressions_become_mien_s_and_a_map_decides_where_there_is_one() -> None:
    found = rows()
    for name in ("Happiness", "anger", "Happiness"):
        found.add(name, plain(1), name)
    faces = found.faceset()
    assert (faces.classes, faces.labels.tolist()) == (("angry", "happy"), [1, 0, 1])
    assert faces.source.class_map == {"Happiness": "happy", "anger": "angry"}
    mapped = rows(AN="angry")
    mapped.add("a", plain(1), "AN")
    mapped.add("b", plain(1), "XX")
    mapped.add("c", plain(1), None)
    faces = mapped.faceset()
    assert (faces.classes, faces.labels.tolist()) == (("angry",), [0, -1])
    assert faces.source.dropped[0].reason == "unknown class code 'XX'"


def test_votes_and_subjects_of_some_rows_are_blank_for_the_others() -> None:
    found = rows()
    found.add("a", plain(1), "happy", votes={"Happiness": 7, "sadness": 2, "fear": 1})
    found.add("b", plain(2), "sad", subject="S1")
    faces = found.faceset()
    assert faces.votes is not None
    assert faces.votes.tolist() == [[7, 2], [0, 0]]
    assert faces.subjects is not None
    assert faces.subjects.tolist() == ["", "S1"]
    assert faces.source.notes == ("Votes for classes that the set lacks were not kept: fear.",)


def test_no_rows_and_no_usable_rows_are_told_apart() -> None:
    with pytest.raises(DataError, match="'somewhere' holds no faces: it was read as test, and that has no rows"):
        rows().faceset()
    found = rows()
    found.drop("1.png", "it is broken")
    found.drop("2.png", "it is broken")
    with pytest.raises(DataError, match=r"dropped \(2 in all\), the first \(1\.png\) because: it is broken"):
        found.faceset()


def test_rows_may_be_decoded_before_all_are_added(make: Maker) -> None:
    found = rows()
    for place in range(3):
        found.add(
            str(place), images.encode_png(plain(place)) if place != 1 else b"no picture", "happy", given_split="train"
        )
        found.decode()
    found.add("late", plain(9), "sad", given_split="elsewhere")
    found.add("later", plain(10), "sad", given_split="test")
    faces = found.faceset()
    assert faces.names.tolist() == ["0", "2", "later"]
    assert faces.images[:, 0, 0].tolist() == [0, 2, 10]
    assert faces.splits.tolist() == ["train", "train", "test"]
    assert [row.name for row in faces.source.dropped] == ["late", "1"]


def test_votes_belong_to_the_class_of_their_case_or_else_of_any_case() -> None:
    found = Rows("test", Path("somewhere"), {"calm": "calm", "Calm": "Calm", "tense": "tense"})
    found.add("a", plain(1), "calm", votes={"calm": 1.0, "Calm": 2.0, "tense": 4.0})
    found.add("b", plain(1), "calm")
    votes = found.faceset(classes=("calm", "Calm", "TENSE")).votes
    assert votes is not None
    assert votes.tolist() == [[1.0, 2.0, 4.0], [0.0, 0.0, 0.0]]
