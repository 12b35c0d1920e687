"""Predictions are a sequence of photos."""

from __future__ import annotations

import numpy as np

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


def test_photos_are_a_sequence_with_a_row_for_each_face() -> None:
    assert len(PHOTOS) == 3
    assert [photo.name for photo in PHOTOS] == ["a.jpg", "tree.jpg", "<x>.jpg"]
    assert PHOTOS[0].faces == (HAPPY, UNSURE)
    assert PHOTOS[1:].faces == ()
    assert PHOTOS.faces == (HAPPY, UNSURE)
    assert PHOTOS.errors == {"<x>.jpg": "'<x>.jpg' is not a picture."}
    frame = PHOTOS.to_frame()
    assert frame["photo"].tolist() == ["a.jpg", "a.jpg", "tree.jpg", "<x>.jpg"]
    assert frame["status"].tolist() == ["face", "face", "no_face", "error"]
    assert [row["status"] for row in PHOTOS.to_dict()["rows"]] == frame["status"].tolist()
