"""Numbers for labels: which codings fit, who decides between them, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.data import store
from mien.data.faceset import FaceSet
from mien.data.layouts import Adviser, codes, coding, read
from mien.data.source import ChosenCoding
from mien.emotions import EMOTIONS
from mien.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.data.conftest import Maker

PER_CLASS = 8


def coded(order: Sequence[str], first: int = 0, num: int = PER_CLASS) -> FaceSet:
    """``num`` faces of each class, numbered in this order; the first pixel of a face is its place in ``EMOTIONS``."""
    labels = np.repeat(np.arange(len(order)), num)
    images = np.zeros((len(labels), 8, 8), np.uint8)
    images[:, 0, 0] = [EMOTIONS.index(order[label]) for label in labels.tolist()]
    images[:, 0, 1] = np.arange(len(labels)) % num
    return FaceSet.from_arrays(images, labels, [str(first + place) for place in range(len(order))])


def witness(right: int = 6, asked: list[int] | None = None) -> Adviser:
    """A model that is right on so many of eight faces of a class, and says the next class for the others."""

    def see(faces: NDArray[np.uint8]) -> list[str]:
        if asked is not None:
            asked.append(len(faces))
        truth = faces[:, 0, 0].astype(int)
        return [
            EMOTIONS[one if place < right else (one + 1) % 7] for one, place in zip(truth, faces[:, 0, 1], strict=True)
        ]

    return Adviser("witness", see)


def order_of(name: str, num: int = 7) -> tuple[tuple[str, ...], int]:
    known = next(one for one in codes.CODINGS if one.name == name and len(one.classes) in (num, num + 1))
    first = min(map(int, known.classes))
    return tuple(known.classes[str(first + place)] for place in range(num)), first


def truth(faces: FaceSet) -> list[str]:
    return [EMOTIONS[place] for place in faces.images[:, 0, 0]]


def named(faces: FaceSet) -> list[str]:
    return [faces.classes[label] for label in faces.labels]


@pytest.mark.parametrize(
    "name",
    ["fer2013", "rafdb", "affectnet", "ferplus", "alphabetical", "fer2013-from-1", "rafdb-from-0", "neutral-first"],
)
def test_a_model_that_agrees_clearly_picks_the_coding(name: str) -> None:
    given = coded(*order_of(name))
    found = coding.resolve(given, None, witness())
    assert named(found) == truth(given)
    chosen = found.source.coding
    assert chosen is not None
    assert (chosen.name, chosen.by, chosen.model, chosen.num_faces) == (name, "model", "witness", 56)
    assert next(iter(chosen.agreement)) == name
    assert chosen.agreement[name] == 0.75
    assert "of 56 faces, 'witness' agrees with" in found.source.notes[-1]


def test_no_more_faces_are_shown_to_the_model_than_it_takes() -> None:
    asked: list[int] = []
    coding.resolve(coded(*order_of("rafdb"), num=200), None, witness(200, asked))
    assert asked == [7 * coding.MAX_PER_CODE]


def test_an_order_that_is_no_known_coding_is_refused_with_the_order_that_would_do() -> None:
    order = ("happy", "neutral", "angry", "disgust", "sad", "surprise", "fear")
    with pytest.raises(DataError, match=r"an order that is none of these, 0=happy,1=neutral,2=angry,3=disgust,4=sad"):
        coding.resolve(coded(order), None, witness())
    stated = "0=happy,1=neutral,2=angry,3=disgust,4=sad,5=surprise,6=fear"
    assert named(coding.resolve(coded(order), stated)) == truth(coded(order))


def test_a_model_that_can_not_tell_decides_nothing() -> None:
    with pytest.raises(DataError, match=r"may be fer2013, .* or neutral-first\. The model 'witness' can't tell"):
        coding.resolve(coded(EMOTIONS), None, Adviser("witness", lambda faces: ["happy"] * len(faces)))
    with pytest.raises(DataError, match=r"for so few faces|often enough"):
        coding.resolve(coded(EMOTIONS, num=1), None, witness())
    with pytest.raises(DataError, match=r"which may be fer2013, .* State the coding, --coding NAME"):
        coding.resolve(coded(EMOTIONS), None, None)


@pytest.mark.parametrize("num", [2, 3, 5, 6])
def test_codes_that_fill_no_coding_are_refused_without_asking(num: int) -> None:
    asked: list[int] = []
    with pytest.raises(DataError, match=r"only a part of fer2013.*--coding 0=NAME,1=NAME"):
        coding.resolve(coded(EMOTIONS[:num]), None, witness(asked=asked))
    assert asked == []


def test_codes_that_no_coding_has_are_refused() -> None:
    with pytest.raises(DataError, match="has the numbers 17-23 for labels, which no known coding of expressions has"):
        coding.resolve(coded(EMOTIONS, 17), None, witness())


def test_own_codes_get_the_names_that_are_stated() -> None:
    found = coding.resolve(coded(EMOTIONS[:2]), "0=neutral,1=smile")
    assert named(found) == ["neutral"] * PER_CLASS + ["smile"] * PER_CLASS
    assert found.source.coding == ChosenCoding("own", "option", {"0": "neutral", "1": "smile"})


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ("fer2014", "There is no coding 'fer2014': choose one of fer2013, rafdb"),
        ("0=angry,happy", "'happy' names no code"),
        ("0=angry,0=happy", "names the code 0 twice"),
        ("0=angry,1=happy", r"lacks 2 \(8 rows\), 3"),
        ("rafdb", r"the coding rafdb lacks 0 \(8 rows\)\. Codings that fit: fer2013"),
    ],
)
def test_a_coding_that_is_stated_has_to_fit(stated: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        coding.resolve(coded(EMOTIONS), stated)


def test_what_is_stated_goes_before_what_the_layout_says(make: Maker) -> None:
    path = make.fer2013(usages=["Training", "PublicTest"] * 4)
    plain = read(path)
    assert plain.source.coding is not None
    assert plain.source.coding.by == "layout"
    assert plain.source.notes == ()
    stated = read(path, coding="alphabetical")
    assert named(stated)[4] == "neutral"
    assert plain.labels[4] == EMOTIONS.index("sad")


def test_names_need_no_coding_and_say_so(make: Maker) -> None:
    make.picture("happy/1.png")
    make.picture("sad/2.png", 1)
    assert "the coding that was given was not used" in read(make.root, coding="fer2013").source.notes[-1]


def test_codes_outside_the_coding_of_a_layout_are_refused(make: Maker) -> None:
    rows = [(code, make.pixels(code), "PublicTest" if code == 3 else "Training") for code in range(1, 8)]
    path = make.table("fer2013.csv", "emotion,pixels,Usage", rows)
    with pytest.raises(DataError, match=r"the coding of its layout, FER2013's, has 0-6\. It may be rafdb"):
        read(path)


def with_usage(make: Maker, faces: FaceSet, usages: Sequence[str]) -> Path:
    rows = [
        (label, " ".join(map(str, face.ravel())), usages[row % len(usages)])
        for row, (label, face) in enumerate(zip(faces.labels, faces.images, strict=True))
    ]
    return make.table("a.csv", "emotion,pixels,Usage", rows)


@pytest.mark.parametrize("usages", [("Training",), ("Training", "Training", "PublicTest", "PrivateTest")])
def test_the_names_of_columns_are_believed_unless_the_faces_say_otherwise(make: Maker, usages: tuple[str, ...]) -> None:
    order, _ = order_of("affectnet")
    path = with_usage(make, coded(order), usages)
    with pytest.raises(DataError, match=r"The columns are FER2013's, but 'witness' reads the faces as AffectNet's"):
        read(path, adviser=witness(), cache=False)
    kept = read(path, adviser=Adviser("blind", lambda faces: ["happy"] * len(faces)), cache=False)
    assert kept.source.coding is not None
    assert (kept.source.coding.name, kept.source.coding.by, kept.source.coding.model) == ("fer2013", "layout", "blind")


def test_columns_of_fer2013_with_an_order_of_their_own_are_refused(make: Maker) -> None:
    own = ("happy", "neutral", "angry", "disgust", "sad", "surprise", "fear")
    with pytest.raises(DataError, match=r"reads the faces in another order, 0=happy,1=neutral,2=angry,3=disgust"):
        read(with_usage(make, coded(own), ("Training", "PublicTest")), adviser=witness(), cache=False)
    found = read(with_usage(make, coded(EMOTIONS), ("Training", "PublicTest")), adviser=witness(), cache=False)
    assert named(found) == truth(found)
    assert "in the coding fer2013" in found.source.notes[-1]


def test_codes_that_the_coding_of_the_columns_lacks_are_refused_with_the_way_to_state_them(make: Maker) -> None:
    path = with_usage(make, replace(coded(EMOTIONS), classes=tuple("abcdefg")), ("Training",))
    text = path.read_text()
    path.write_text("".join(f"1{line}" if line[0].isdecimal() else line for line in text.splitlines(keepends=True)))
    with pytest.raises(DataError, match=r"10-16 for labels, but the coding of its layout, FER2013's, has 0-6\. State"):
        read(path)


def test_votes_named_by_expressions_stay_with_labels_that_are_codes(make: Maker) -> None:
    path = make.table(
        "labels.csv",
        "path,label,angry,happy,contempt",
        [(f"{row}.png", code, 3, 6, 1) for row, code in enumerate((0, 3))],
    )
    for row in range(2):
        make.picture(f"{row}.png", row)
    faces = read(path, coding="fer2013")
    assert faces.labels.tolist() == [0, 3]
    assert faces.votes is not None
    assert faces.votes.tolist() == [[3, 0, 0, 6, 0, 0, 0]] * 2
    assert any("not kept: contempt" in note for note in faces.source.notes)


def test_rows_without_an_expression_are_dropped_by_the_coding() -> None:
    given = coded((*EMOTIONS, *EMOTIONS[:4]))  # codes 0 to 10, as AffectNet has
    found = coding.resolve(given, "affectnet")
    assert len(found) == 8 * PER_CLASS
    assert {row.reason for row in found.source.dropped} == {
        "the code 8 (none) is no class", "the code 9 (uncertain) is no class", "the code 10 (no face) is no class",
    }  # fmt: skip


@pytest.mark.parametrize("saved", ["faces.parquet"])
def test_the_choice_and_its_evidence_stay_with_converted_data(tmp_path: Path, saved: str) -> None:
    found = coding.resolve(coded(*order_of("rafdb")), None, witness())
    again = read(store.write_parquet(found, tmp_path / saved), cache=False)
    assert again.source.coding == found.source.coding
    assert again.hash == found.hash


def test_own_names_that_are_numbers_survive_conversion(tmp_path: Path) -> None:
    found = coding.resolve(coded(EMOTIONS[:2]), "0=0,1=1")
    again = read(store.write_parquet(found, tmp_path / "own.parquet"), cache=False)
    assert (again.classes, again.hash) == (("0", "1"), found.hash)


def test_the_cache_keeps_what_was_read_and_not_what_was_stated(make: Maker) -> None:
    for code in range(7):
        make.picture(f"{code}/a.png", code)
    first = read(make.root, coding="fer2013")
    second = read(make.root, coding="alphabetical")
    assert first.hash != second.hash
    assert read(make.root, coding="fer2013").hash == first.hash
    assert second.source.coding is not None
    assert second.source.coding.name == "alphabetical"


def test_folder_names_and_lists_and_tables_are_resolved_alike(make: Maker) -> None:
    for code in range(1, 8):
        make.picture(f"folders/{code}/a.png", code)
        make.picture(f"list/{code}.png", code)
    make.table("list/labels.csv", "path,label", [(f"{code}.png", code) for code in range(1, 8)])
    make.table("pixels.csv", "emotion,pixels", [(code, make.pixels(code)) for code in range(1, 8)])
    places: list[Callable[[], FaceSet]] = [
        lambda: read(make.root / "folders", coding="rafdb"),
        lambda: read(make.root / "list", coding="rafdb"),
        lambda: read(make.root / "pixels.csv", coding="rafdb"),
    ]
    for place in places:
        assert named(place()) == ["surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"]


def test_numbers_beside_names_are_refused_unless_they_are_stated(make: Maker) -> None:
    table = "emotion,pixels\n" + "".join(
        f"{label},{' '.join([str(shade)] * 64)}\n" for label in ("happy", "3", "sad", "4,0") for shade in (1, 2)
    )
    make.file("mixed.csv", table.replace("4,0", '"4,0"'))
    with pytest.raises(
        DataError,
        match=r"has the numbers 3, 4 for labels in 4 rows, beside names such as 'happy': correct them, or state",
    ):
        read(make.root / "mixed.csv")
    faces = read(make.root / "mixed.csv", coding="fer2013")
    assert [faces.classes[label] for label in faces.labels] == ["happy"] * 4 + ["sad"] * 4
