"""CK+ with its sequences of frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import listed
from mien.data.layouts import read

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def test_original_ckplus_reads_the_frame_that_is_labelled(make: Maker) -> None:
    for subject, sequence, frames in (("S005", "001", 3), ("S010", "002", 2), ("S011", "001", 2)):
        for frame in range(1, frames + 1):
            make.picture(f"cohn-kanade-images/{subject}/{sequence}/{subject}_{sequence}_{frame:08}.png", frame)
    make.file("Emotion/S005/001/S005_001_00000003_emotion.txt", "   3.0000000e+00\n")
    make.file("Emotion/S010/002/S010_002_00000002_emotion.txt", "   7.0000000e+00\n")
    make.file("Emotion/S011/001/S011_001_00000009_emotion.txt", "   1.0000000e+00\n")
    make.file("Landmarks/S005/001/S005_001_00000003_landmarks.txt", "  1.0 2.0\n")
    faces = read(make.root)
    assert (faces.source.layout, listed.classes(faces)) == ("ck+original", ["disgust", "surprise"])
    np.testing.assert_array_equal(faces.images[0], make.face(3))
    assert faces.subjects is not None
    assert faces.subjects.tolist() == ["S005", "S010"]
    assert "3 of 7 frames" in faces.source.notes[0]
