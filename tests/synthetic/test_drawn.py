"""Drawn faces: repeatable, shared out as promised, and as hard as they are meant to be."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from mien.data.faceset import FaceSet
from mien.emotions import EMOTIONS
from mien.errors import DataError
from mien.synthetic.drawn import ACTION_UNITS, CLASS_SHARES, PROTOTYPES, draw, draw_face, new_identity

BROWS, MOUTH, HAIR = slice(10, 22), slice(33, 45), slice(0, 6)  # rows of a 48-pixel face
PROTOTYPE_STRENGTHS = {name: dict.fromkeys(core, 0.9) for name, (core, _) in PROTOTYPES.items()}


@pytest.fixture(scope="module")
def faces() -> FaceSet:
    return draw(700, seed=3, wrong_labels=0)


def same_shot(expression: dict[int, float], person: int) -> NDArray[np.float64]:
    """One face of a person, in the pose and light that all of that person's faces here have."""
    who = new_identity(np.random.default_rng((1, person)))
    return draw_face(expression, who, np.random.default_rng((2, person))).astype(np.float64)


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert draw(40, seed=5).hash == draw(40, seed=5).hash


def test_another_seed_gives_other_faces() -> None:
    first, second = draw(20, seed=0), draw(20, seed=1)
    assert all((a != b).any() for a, b in zip(first.images, second.images, strict=True))


def test_what_was_drawn_before_does_not_matter() -> None:
    alone = same_shot(PROTOTYPE_STRENGTHS["happy"], person=4)
    np.random.seed(99)  # noqa: NPY002 - the global generator is what must not matter
    draw(3, seed=8)
    assert (same_shot(PROTOTYPE_STRENGTHS["happy"], person=4) == alone).all()


def test_it_is_a_faceset_of_the_seven(faces: FaceSet) -> None:
    assert faces.images.shape == (700, 48, 48)
    assert faces.classes == EMOTIONS
    assert faces.votes is None
    assert faces.names[123] == "drawn-000123"
    assert len(set(faces.names.tolist())) == 700
    assert faces.source.layout == "drawn"
    assert "seed 3" in faces.source.notes[0]


@pytest.mark.parametrize("size", [16, 33, 96])
def test_sizes(size: int) -> None:
    assert draw(2, size=size).size == (size, size)


def test_a_face_is_the_same_at_every_size() -> None:
    small, large = draw(12, seed=6), draw(12, seed=6, size=96).resized((48, 48))
    assert (small.labels == large.labels).all()
    for a, b in zip(small.images, large.images, strict=True):
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.95


def test_classes_are_shared_out_alike_in_both_splits(faces: FaceSet) -> None:
    shares = np.array([CLASS_SHARES[name] for name in EMOTIONS])
    assert shares.sum() == pytest.approx(1)
    for name, num in (("train", 560), ("test", 140)):
        split = faces.split(name)
        assert len(split) == num
        assert np.abs(split.counts() - shares * num).max() <= 1


@pytest.mark.parametrize("seed", [0, 1])
def test_every_class_is_in_each_split_of_seventy(seed: int) -> None:
    small = draw(70, seed, size=16, wrong_labels=0)
    assert small.split("train").counts().min() >= 1
    assert small.split("test").counts().min() >= 1


@pytest.mark.parametrize(("num", "test_share", "num_test"), [(1, 0.9, 0), (2, 0.5, 1), (10, 0.0, 0), (10, 0.9, 9)])
def test_small_draws(num: int, test_share: float, num_test: int) -> None:
    small = draw(num, size=16, test_share=test_share)
    assert len(small) == num
    assert (small.splits == "test").sum() == num_test


def test_people_show_several_expressions_and_stay_in_one_split(faces: FaceSet) -> None:
    assert faces.subjects is not None
    assert faces.subjects[0] == "d0001"
    for subject in np.unique(faces.subjects):
        rows = faces.subjects == subject
        assert len(set(faces.splits[rows].tolist())) == 1
        assert len(set(faces.labels[rows].tolist())) >= 2


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_wrong_labels_are_as_many_as_asked_for(share: float) -> None:
    clean, noisy = draw(50, seed=2, size=16, wrong_labels=0), draw(50, seed=2, size=16, wrong_labels=share)
    wrong = clean.labels != noisy.labels
    assert (clean.images == noisy.images).all()
    assert wrong.sum() == round(share * 40)
    assert set(noisy.splits[wrong].tolist()) == {"train"}
    assert f"{wrong.sum()} of 40" in noisy.source.notes[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num": 0}, "Can't draw 0 faces: draw at least 1."),
        ({"seed": -1}, "can't be -1: choose a whole number of 0 or more."),
        ({"size": 15}, "Faces of 15 pixels can't be drawn: choose a size from 16 to 512."),
        ({"size": 513}, "Faces of 513 pixels can't be drawn: choose a size from 16 to 512."),
        ({"wrong_labels": 0.6}, "wrong labels can't be 0.6: choose one from 0 to 0.5."),
        ({"test_share": 0.95}, "test faces can't be 0.95: choose one from 0 to 0.9."),
        ({"test_share": -0.1}, "test faces can't be -0.1: choose one from 0 to 0.9."),
    ],
)
def test_bad_arguments(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(DataError) as caught:
        draw(**{"num": 3, **arguments})  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_bad_expressions() -> None:
    rng = np.random.default_rng(0)
    who = new_identity(rng)
    with pytest.raises(DataError, match="no expression 'smug' to draw: choose from angry, disgust"):
        draw_face("smug", who, rng)
    with pytest.raises(DataError, match="Action unit 99 can't be drawn: choose from 1, 2, 4"):
        draw_face({99: 1.0}, who, rng)
    with pytest.raises(DataError, match="Faces of 8 pixels"):
        draw_face("happy", who, rng, size=8)


def test_a_prototype_for_every_class() -> None:
    assert tuple(PROTOTYPES) == EMOTIONS
    assert {unit for core, more in PROTOTYPES.values() for unit in (*core, *more)} <= set(ACTION_UNITS)


@pytest.mark.parametrize("unit", ACTION_UNITS)
def test_every_action_unit_shows(unit: int) -> None:
    assert np.abs(same_shot({unit: 1.0}, person=0) - same_shot({}, person=0)).max() > 5


@pytest.mark.parametrize(("emotion", "part"), [("happy", MOUTH), ("sad", MOUTH), ("angry", BROWS), ("fear", BROWS)])
def test_an_expression_moves_its_part_of_the_face_and_not_the_hair(emotion: str, part: slice) -> None:
    strengths = PROTOTYPE_STRENGTHS[emotion]
    moved = np.mean([np.abs(same_shot(strengths, person) - same_shot({}, person)) for person in range(12)], axis=0)
    assert moved[part].mean() > 1
    assert moved[part].mean() > 4 * moved[HAIR].mean()


def test_the_jaw_drop_opens_a_tall_dark_mouth() -> None:
    shut, dropped = (
        np.mean([same_shot(units, person)[26:46, 18:30] for person in range(12)], axis=0)
        for units in ({}, {25: 0.9, 26: 0.9})
    )
    darker = shut - dropped > 0.15 * np.median(shut)
    assert darker.any(1).sum() >= 4  # of 48 rows
    assert dropped.mean() < shut.mean()


def test_no_face_is_lost_in_the_dark(faces: FaceSet) -> None:
    assert faces.images.std((1, 2)).min() > 10
    clipped = ((faces.images == 0) | (faces.images == 255)).mean((1, 2))
    assert np.quantile(clipped, 0.95) < 0.25


def test_pixels_alone_tell_something_but_not_all(faces: FaceSet) -> None:
    train, test = ((part.images.reshape(len(part), -1) - 128.0) / 64 for part in map(faces.split, ("train", "test")))
    train, test = ((x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True) for x in (train, test))
    model = LogisticRegression(C=1e-3, max_iter=300).fit(train, faces.split("train").labels)
    accuracy = model.score(test, faces.split("test").labels)
    assert 0.3 < accuracy < 0.6  # always "happy" would give 0.21
