from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import numpy as np
import pytest

import scenes
from mien import palette
from mien.inference import annotate
from mien.inference.annotate import Box, Mark


def labels_on(picture_size: tuple[int, int], marks: list[Mark], monkeypatch: pytest.MonkeyPatch) -> list[Box]:
    """Where the labels were put."""
    places: list[Box] = []
    place = annotate._place

    def spy(*arguments: object) -> Box:
        places.append(place(*arguments))  # type: ignore[arg-type] # handed through
        return places[-1]

    monkeypatch.setattr(annotate, "_place", spy)
    annotate.annotate(scenes.background(*picture_size), marks)
    return places


def test_the_box_has_the_colour_of_the_expression() -> None:
    picture = annotate.annotate(np.zeros((200, 300, 3), np.uint8), [Mark((50, 60, 150, 160), "happy 90%", "happy")])
    colour = tuple(int(palette.EXPRESSIONS["happy"][start : start + 2], 16) for start in (1, 3, 5))
    assert picture.size == (300, 200)
    assert picture.getpixel((150, 110)) == colour
    assert picture.getpixel((100, 110)) == (0, 0, 0)


@pytest.mark.parametrize("side", [1, 20, 48, 90, 400, 3000])
def test_labels_are_readable_at_any_size(side: int) -> None:
    picture = annotate.annotate(
        np.full((side, side, 3), 128, np.uint8), [Mark((0, 0, side, side), "surprise 100%", "surprise")]
    )
    height = max(11, round(picture.width / 45))
    assert annotate.font(height).getlength("surprise 100%") <= picture.width or side < 20
    assert picture.width % side == 0


def test_labels_cover_no_label_and_no_face(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = [Mark((x, y, x + 90, y + 110), "surprise 100%", "surprise") for x in (100, 320, 540) for y in (100, 300)]
    places = labels_on((800, 600), marks, monkeypatch)
    for a, b in itertools.combinations(places, 2):
        assert annotate._shared(a, b) == 0
    for place, mark in itertools.product(places, marks):
        assert annotate._shared(place, mark.box) == 0


def test_a_crowd_keeps_its_labels_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = [
        Mark((x, y, x + 60, y + 70), "neutral 55%", "neutral") for x in range(20, 1100, 110) for y in (60, 200, 340)
    ]
    places = labels_on((1280, 480), marks, monkeypatch)
    assert all(annotate._shared(a, b) == 0 for a, b in itertools.combinations(places, 2))


def test_labels_stay_inside_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = [Mark((-20, -20, 60, 60), "angry 80%", "angry"), Mark((560, 400, 700, 520), "fear 80%", "fear")]
    for left, top, right, bottom in labels_on((640, 480), marks, monkeypatch):
        assert left >= 0
        assert top >= 0
        assert right <= 640
        assert bottom <= 480


@pytest.fixture
def dejavu(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The one system font: that which matplotlib brings. It has Cyrillic, and no Chinese."""
    path = str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"))
    monkeypatch.setattr(annotate, "SYSTEM_FONTS", ("nobody has this.ttf", path))
    annotate.font.cache_clear()
    yield path
    annotate.font.cache_clear()


def test_names_in_other_scripts_are_drawn_with_a_font_that_has_them(dejavu: str) -> None:
    photo, box = np.zeros((200, 300, 3), np.uint8), (50.0, 60.0, 150.0, 160.0)
    pictures = [annotate.annotate(photo, [Mark(box, text, "happy")]) for text in ("счастье 97%", "частьес 97%")]
    assert pictures[0].tobytes() != pictures[1].tobytes()  # letters, and not the same box for each
    assert annotate.font(20, "счастье").path == dejavu
    for text in ("", "happy 97%", "快樂"):  # where no font has the letters, nothing fails
        assert annotate.font(20, text).path != dejavu


def test_latin_names_open_one_font_for_all_photos(dejavu: str) -> None:
    for share in range(100):
        annotate.annotate(np.zeros((200, 300, 3), np.uint8), [Mark((50, 60, 150, 160), f"happy {share}%", "happy")])
    assert annotate.font.cache_info().misses == 1
