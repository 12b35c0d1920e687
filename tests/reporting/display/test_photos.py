"""Photos show themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien import palette
from mien.errors import ImageError
from mien.inference.photo import Face, PhotoResult
from mien.inference.predictions import Predictions

HAPPY = Face((10, 12.4, 40, 50), ((1, 2),) * 5, 0.93, "happy", {"sad": 0.04, "happy": 0.96})
UNSURE = Face((0, 0, 9, 9), (), 0.7, "sad", {"sad": 0.55, "happy": 0.45}, abstained=True)
PHOTOS = Predictions(
    (
        PhotoResult("a.jpg", (HAPPY, UNSURE), size=(60, 60), pixels=np.full((60, 60, 3), 90, np.uint8)),
        PhotoResult("tree.jpg", ()),
        PhotoResult("<x>.jpg", (), error="'<x>.jpg' is not a picture."),
    )
)


def test_photos_are_the_table_of_the_command_line() -> None:
    lines = str(PHOTOS).splitlines()
    assert lines[0].split() == ["photo", "expression", "probability", "left", "top", "right", "bottom", "face", "score"]
    assert lines[2].split() == ["a.jpg", "happy", "96.0%", "10", "12", "40", "50", "0.93"]
    assert lines[3].split()[1] == "unsure"
    assert lines[4].split() == ["tree.jpg", "no_face"]
    assert "is not a picture" in lines[5]
    assert "&lt;x&gt;.jpg" in PHOTOS._repr_html_()
    assert "<x>" not in PHOTOS._repr_html_()


def test_expressions_have_their_colours_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for name in ("NO_COLOR", "TERM", "COLORFGBG"):
        monkeypatch.delenv(name, raising=False)
    red, green, blue = (int(palette.EXPRESSIONS_DARK["happy"][start : start + 2], 16) for start in (1, 3, 5))
    lines = str(PHOTOS).splitlines()
    assert f" \x1b[38;2;{red};{green};{blue}m■\x1b[0m happy " in lines[2]
    assert not any("\x1b" in line for line in lines[3:])  # unsure, no face, not read


def test_a_photo_shows_its_picture_and_is_read_again_where_it_was_not_kept(tmp_path: Path) -> None:
    assert 'src="data:image/png;base64,' in PHOTOS[0]._repr_html_()
    assert "<img" not in PHOTOS[1]._repr_html_()
    drawn = PHOTOS[0].plot_faces().images[0].get_array()
    assert drawn is not None
    assert (np.asarray(drawn) != 90).any()
    Image.new("RGB", (60, 60)).save(tmp_path / "b.png")
    assert PhotoResult(str(tmp_path / "b.png"), (HAPPY,)).plot_faces().images
    with pytest.raises(ImageError):
        PHOTOS[1].plot_faces()
    assert PHOTOS[0].to_dict()["faces"] == [HAPPY.to_dict(), UNSURE.to_dict()]
