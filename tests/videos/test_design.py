"""Conditions, baselines and persons of a study."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien.errors import ArgumentError, DataError
from mien.videos import design
from mien.videos.design import BaselineSpan, ClipCondition, Design, PersonOfTrack


def test_a_table_of_conditions(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("\ufeffClip;Condition;Person\na.mp4;film;anna\nb;rest;\n", encoding="utf-8")
    assert design.read_conditions(path) == (ClipCondition("a.mp4", "film", "anna"), ClipCondition("b", "rest"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,condition\na,b\n", "needs a row for each clip"),
        ("", "needs a row for each clip"),
        ("clip,condition,start\na,b,1\n", "only one of the columns start and end"),
        ("clip,condition,start,end\na,b,1,\n", "has no time in row 2"),
        ("clip,condition,start,end\na,b,0,1\na,c,0:05,0:04\n", "row 3 that ends at 4 s, but starts at 5 s"),
    ],
)
def test_a_table_that_doesn_t_fit_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=sentence):
        design.read_conditions(path)
    with pytest.raises(DataError, match="can't be read"):
        design.read_conditions(tmp_path / "absent.csv")


def test_a_table_of_blocks(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("clip,start,end,condition,person\na.mp4,0:05,0:12.5,joke,anna\na.mp4,20,30,film,\nb,,,rest,ben\n")
    joke, film = ClipCondition("a.mp4", "joke", "anna", 5, 12.5), ClipCondition("a.mp4", "film", "", 20, 30)
    assert design.read_conditions(path) == (joke, film, ClipCondition("b", "rest", "ben"))
    made = Design(conditions=design.read_conditions(path), single=True).fitted(["a.mp4", "b.mov"])
    assert made.blocks_of("a.mp4") == [joke, film]
    assert made.blocks_of("b.mov") == []
    assert made.names("a.mp4", [1, 2]) == ["anna", "anna"]


def test_persons_from_a_table(tmp_path: Path) -> None:
    path = tmp_path / "persons.csv"
    path.write_text("clip;track;person;note\na.mp4;1;anna;x\na.mp4;2;a.mp4#2;\na.mp4;3;;\nb.mp4;1;anna;\n")
    assert design.read_persons(path) == (PersonOfTrack("a.mp4", 1, "anna"), PersonOfTrack("b.mp4", 1, "anna"))
    for text, sentence in (
        ("clip,track\na,1\n", "has no column person: copy tracks.csv"),
        ("clip,track,person\na,x,anna\n", "no track number in row 2"),
        ("clip,track,person\na,1,a#1\n", "names no person"),
    ):
        path.write_text(text)
        with pytest.raises(DataError, match=sentence):
            design.read_persons(path)


def test_times_are_seconds_or_clocks() -> None:
    assert [design.seconds(text) for text in ("75", "1:15", "0:12.5", "1:02:03", "a")] == [75, 75, 12.5, 3723, None]


def test_a_baseline_is_a_window_or_a_clip() -> None:
    assert design.parse_baseline("0:00-0:10") == BaselineSpan(0, 10)
    assert design.parse_baseline("calm-1.mp4") == BaselineSpan(clip="calm-1.mp4")
    with pytest.raises(ArgumentError, match="ends before it starts"):
        design.parse_baseline("0:10-0:05")


def test_clips_are_named_with_or_without_folder_and_suffix() -> None:
    names = ("s1/a.mp4", "a.mp4", "a", "s1/a")
    assert all(design.is_named("s1/a.mp4", name) for name in names)
    assert not design.is_named("s1/a.mp4", "b")


def test_a_path_of_another_program_means_the_clip_that_it_ends_with() -> None:
    clips = ["s1/anna.mp4", "s2/anna.mp4", "ben.mp4", "s1/ben.mp4"]
    assert design.clip_at("C:/films/s1/anna.mp4", clips) == "s1/anna.mp4"
    assert design.clip_at("s1/ben.mp4", clips) == "s1/ben.mp4"
    assert design.clip_at("C:/films/ben.mp4", clips) == "ben.mp4"
    assert design.clip_at("C:/films/anna.mov", ["s1/anna.mov"]) == "s1/anna.mov"
    with pytest.raises(DataError, match="fits the clips s1/anna"):
        design.clip_at("C:/films/anna.mp4", clips)


def test_persons_come_from_the_track_the_table_or_a_hand() -> None:
    assert Design().names("a.mp4", (1, 2)) == ["a.mp4#1", "a.mp4#2"]
    assert Design(single=True).names("s1/a.mp4", (1, 2)) == ["a", "a"]
    table = (ClipCondition("a.mp4", "film", "anna"),)
    assert Design(single=True, conditions=table).names("a.mp4", (1, 2)) == ["anna", "anna"]
    by_hand = design.named_tracks({"ben": ["a.mp4#2"]})
    assert by_hand == (PersonOfTrack("a.mp4", 2, "ben"),)
    assert Design(persons=by_hand).names("a.mp4", (1, 2)) == ["a.mp4#1", "ben"]


def test_a_design_must_fit_the_clips() -> None:
    for made, sentence in (
        (Design(conditions=(ClipCondition("b", "film"),)), "There is no clip 'b'"),
        (Design(conditions=(ClipCondition("a", "film"),)), "no row for the clip 'c.mp4'"),
        (Design(baseline=BaselineSpan(clip="calm")), "The baseline 'calm' is neither"),
        (Design(conditions=(ClipCondition("a", "x", "anna"), ClipCondition("c", "y", "ben"))), "add --people 1"),
        (Design(conditions=(A, ClipCondition("a.mp4", "rest"), C)), "has the clip 'a.mp4' twice"),
        (Design(conditions=(A, ClipCondition("a.mp4", "rest", "", 0, 1), C)), "start and the end of a block"),
        (Design(conditions=(ANNA, ClipCondition("a.mp4", "x", "ben", 1, 2), C), single=True), "names two persons"),
    ):
        with pytest.raises(DataError, match=sentence):
            made.fitted(["a.mp4", "c.mp4"])


A, C = ClipCondition("a", "film"), ClipCondition("c", "film")
ANNA = ClipCondition("a", "x", "anna", 0, 1)


def test_a_design_that_fits_has_the_full_names_of_clips() -> None:
    fitted = Design(conditions=(A, C)).fitted(["s1/a.mp4", "c.mp4"])
    assert fitted.conditions == (ClipCondition("s1/a.mp4", "film"), ClipCondition("c.mp4", "film"))
    assert fitted.fitted(["s1/a.mp4", "c.mp4"]) == fitted


def test_a_name_of_several_clips_means_none_of_them() -> None:
    clips = ["s1/anna.mp4", "s2/anna.mp4", "anna.mov"]
    for name in ("anna", "anna.mp4"):
        with pytest.raises(DataError, match=f"'{name}' fits the clips s1/anna.mp4, s2/anna.mp4.*: write the one"):
            design.clip_named(name, clips)
    assert design.clip_named("s2/anna", clips) == "s2/anna.mp4"
    assert design.clip_named("anna.mov", [*clips, "s3/anna.mov"]) == "anna.mov"  # in full
    with pytest.raises(DataError, match="There is no clip 'ben'"):
        design.clip_named("ben", clips)


def test_tracks_are_written_as_in_the_tables() -> None:
    with pytest.raises(ArgumentError, match=r"'a\.mp4' is no track"):
        design.named_tracks({"anna": ["a.mp4"]})


def test_a_track_has_one_person_however_its_clip_is_spelled() -> None:
    given = design.named_tracks({"anna": ["a.mp4#1"], "ben": ["a#1"]})
    with pytest.raises(DataError, match=r"'a\.mp4#1' is given twice"):
        design.fitted_tracks(given, ["a.mp4"])
    assert design.fitted_tracks(given[1:], ["a.mp4"]) == (PersonOfTrack("a.mp4", 1, "ben"),)
