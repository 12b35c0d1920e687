"""Codes from ELAN and tables, and episodes as ELAN files and subtitles."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien.errors import DataError
from mien.videos import coding
from mien.videos.coding import CodedSpan
from mien.videos.summaries import Episode


def episode(person: str, expression: str, start: float, end: float) -> Episode:
    return Episode(person, "s1/talk & walk.mp4", "film", expression, start, end, 0.8, 0.9, start)


EPISODES = [
    episode("anna", "happy", 0.5, 2.0),
    episode("ben", "sad", 1.0, 3.0),
    episode("anna", "surprise", 1.8, 3661.25),
]


def test_an_elan_file_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "talk.eaf"
    path.write_text(coding.eaf("s1/talk & walk.mp4", EPISODES), encoding="utf-8")
    assert coding.read(path) == [
        CodedSpan("s1/talk & walk.mp4", "anna", "happy", 0.5, 1.8, of_file=True),  # tiers have no overlaps
        CodedSpan("s1/talk & walk.mp4", "anna", "surprise", 1.8, 3661.25, of_file=True),
        CodedSpan("s1/talk & walk.mp4", "ben", "sad", 1.0, 3.0, of_file=True),
    ]


def test_an_elan_file_of_a_person(tmp_path: Path) -> None:
    """Slots without a time, annotations without a value and referring tiers have no spans."""
    path = tmp_path / "interview.eaf"
    path.write_text(
        """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT><HEADER TIME_UNITS="milliseconds">
<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/My%20films/interview.mp4" MIME_TYPE="video/mp4"/></HEADER>
<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="2500"/>
<TIME_SLOT TIME_SLOT_ID="ts3"/></TIME_ORDER>
<TIER TIER_ID="Rater 1">
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
<ANNOTATION_VALUE>Happiness</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
<ANNOTATION_VALUE>sad</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER TIER_ID="notes"><ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a1">
<ANNOTATION_VALUE>loud</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"""
    )
    assert coding.read(path) == [CodedSpan("C:/My films/interview.mp4", "Rater 1", "Happiness", 1.0, 2.5, of_file=True)]


def test_a_table_of_codes(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text("clip,start,end,label,coder\na,0,0:01.5,Joy,x\na,1.5,2,own word,y\na,2,3, ,x\n")
    assert coding.read(path) == [  # a span without a label is no code
        CodedSpan("a", "x", "Joy", 0, 1.5),
        CodedSpan("a", "y", "own word", 1.5, 2),
    ]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("c.csv", "clip,start,label\na,0,happy\n", "has no column end"),
        ("c.csv", "clip,start,end,label\na,0,soon,happy\n", "no time in row 2"),
        ("c.csv", "clip,start,end,label\na,2,1,happy\n", "ends at 1 s, but starts at 2 s"),
        ("c.csv", "clip,start,end,label\n", "has no codes"),
        ("c.csv", "clip,start,end,label\na,0,1,\n", "has no codes"),
        ("c.eaf", "<a>", "is no ELAN file"),
    ],
)
def test_codes_that_can_t_be_read(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(DataError, match=sentence):
        coding.read(path)


def test_subtitles_name_the_expressions() -> None:
    lines = coding.webvtt(EPISODES).splitlines()
    assert lines[:4] == ["WEBVTT", "", "00:00:00.500 --> 00:00:02.000", "anna: happy (80%)"]
    assert "00:00:01.800 --> 01:01:01.250" in lines


def test_times_for_players_count_from_the_start_of_the_file(tmp_path: Path) -> None:
    coding.write(tmp_path, "a.mp4", EPISODES[:1], offset=1.5)
    assert "00:00:02.000 --> 00:00:03.500" in (tmp_path / "subtitles" / "a.mp4.vtt").read_text()
    assert coding.read(tmp_path / "elan" / "a.mp4.eaf")[0].start == 2.0


def test_both_are_written_beside_each_other(tmp_path: Path) -> None:
    coding.write(tmp_path, "s1/a.mp4", EPISODES)
    assert (tmp_path / "elan" / "s1__a.mp4.eaf").exists()
    assert (tmp_path / "subtitles" / "s1__a.mp4.vtt").read_text().startswith("WEBVTT")
