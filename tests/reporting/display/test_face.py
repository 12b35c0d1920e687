"""A face shows itself."""

from __future__ import annotations

import numpy as np

import bars
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


def test_a_face_is_one_line() -> None:
    assert str(HAPPY) == "happy 96.0%, box 10 12 40 50, face score 0.93"
    assert str(UNSURE).startswith("unsure 55.0%")
    assert HAPPY._repr_html_().index(">happy<") < HAPPY._repr_html_().index(">sad<")
    assert "width:96.0px" in HAPPY._repr_html_()
    frame = HAPPY.to_frame()
    assert frame.loc[0, ["label", "top", "p_happy"]].tolist() == ["happy", 12.4, 0.96]
    assert [bar.get_width() for bar in bars.of(HAPPY.plot_probabilities())] == [0.04, 0.96]
