"""Rows of a clip, read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.errors import DataError
from mien.videos import recordings

HEAD = "frame,time,status,track,left,top,right,bottom,p_happy,p_sad,unreadable\n"


@pytest.fixture
def rows(tmp_path: Path) -> recordings.ClipRows:
    path = tmp_path / "a.csv"
    path.write_text(
        HEAD
        + "0,0.0,face,1,0,0,50,60,0.8,0.2,\n0,0.0,face,2,0,0,70,90,0.3,0.7,\n"
        + "2,0.1,no_face,,,,,,,,\n"
        + "4,0.2,face,1,0,0,50,60,0.6,0.4,turned_away\n"
        + "6,5.0,face,3,0,0,50,60,0.9,0.1,\n"
    )
    return recordings.read(path, "a.mp4")


def test_frames_last_until_the_next_one_but_not_over_a_pause(rows: recordings.ClipRows) -> None:
    assert rows.classes == ("happy", "sad")
    assert rows.tracks == (1, 2, 3)
    np.testing.assert_allclose(rows.times, [0, 0.1, 0.2, 5.0])
    np.testing.assert_allclose(rows.spans, [0.1, 0.1, 1.0, 0.1])


def one_face(path: Path, times: list[float]) -> recordings.ClipRows:
    lines = [f"{number},{time},face,1,0,0,50,60,0.8,0.2,\n" for number, time in enumerate(times)]
    path.write_text(HEAD + "".join(lines))
    return recordings.read(path, "a.mp4")


def test_frames_that_are_always_far_apart_are_no_pauses(tmp_path: Path) -> None:
    """Twenty seconds with a frame every two, and then a pause; a recording of one frame."""
    rows = one_face(tmp_path / "a.csv", [2.0 * number for number in range(10)])
    np.testing.assert_allclose(rows.spans, [2.0] * 10)
    rows = one_face(tmp_path / "b.csv", [0.0, 2.0, 4.0, 6.0, 20.0])
    np.testing.assert_allclose(rows.spans, [2.0, 2.0, 2.0, 3.0, 2.0])
    rows = one_face(tmp_path / "c.csv", [0.0])
    (one,) = recordings.by_person(rows, ["anna"])
    assert one.end == rows.spans.sum() == recordings.ONLY


def test_a_recording_has_every_frame_of_the_clip(rows: recordings.ClipRows) -> None:
    one, two = recordings.by_person(rows, ["anna", "ben", "anna"], "film")
    assert (one.person, two.person, one.condition) == ("anna", "ben", "film")
    assert one.reasons.tolist() == ["", "no_face", "turned_away", ""]
    np.testing.assert_allclose(one.probabilities[[0, 3]], [[0.8, 0.2], [0.9, 0.1]])
    assert np.isnan(one.probabilities[1:3]).all()
    assert two.reasons.tolist() == ["", "no_face", "no_face", "no_face"]


def test_of_several_tracks_of_a_person_the_largest_face_counts(rows: recordings.ClipRows) -> None:
    (one,) = recordings.by_person(rows, ["anna"] * 3)
    np.testing.assert_allclose(one.probabilities[0], [0.3, 0.7])


def test_tracks_have_their_times(rows: recordings.ClipRows) -> None:
    first, *_ = recordings.tracks_of(rows, ["anna", "ben", "anna"])
    assert first == recordings.Track("a.mp4", 1, "anna", 0.0, 0.2, 2)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("frame,name\n1,a\n")
    with pytest.raises(DataError, match="does not have the rows of a clip"):
        recordings.read(path, "a.mp4")
