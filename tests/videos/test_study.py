"""Three films of known expressions in two conditions: the right summaries, and a call that goes on."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

import scenes
from mien.errors import DataError, OutputError
from mien.inference.photo import Reader
from mien.progress import Progress
from mien.videos import clips, coding, job, study, study_folder
from mien.videos.design import BaselineSpan, ClipCondition, Design, PersonOfTrack
from mien.videos.study import VideoStudy

RATE = 10


def film(path: Path, shown: Sequence[str], seed: int) -> Path:
    """A film of ten frames a second; an empty name is a second without a face."""
    empty = scenes.background(160, 120, 1)
    frames = []
    for expression in shown:
        photo = empty.copy()
        if expression:
            scenes.paste(photo, scenes.face(expression, 80, seed), 40, 20)
        frames += [photo] * RATE
    return scenes.clip(path, frames, rate=RATE)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    film(folder / "anna-calm.mp4", ["surprise"] * 3, 17)
    film(folder / "anna-film.mp4", ["surprise", "happy", "happy", "", "surprise", "happy"], 17)
    film(folder / "ben-film.mp4", ["happy"] * 3 + [""], 24)
    return folder


CONDITIONS = (
    ClipCondition("anna-calm", "calm", "anna"),
    ClipCondition("anna-film", "film", "anna"),
    ClipCondition("ben-film", "film", "ben"),
)
DESIGN = Design(conditions=CONDITIONS, single=True)
PLAN = job.Plan(smoothing=0.1)


class Lines(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)


def read(
    films: Path, out: Path, design: Design = DESIGN, plan: job.Plan = PLAN, progress: Progress | None = None
) -> VideoStudy:
    found = clips.expand([str(films)])
    return study.run(Reader("tiny", threads=1), found, out, plan, design, progress=progress or Progress())


@pytest.fixture(scope="module")
def done(films: Path, tmp_path_factory: pytest.TempPathFactory) -> VideoStudy:
    return read(films, tmp_path_factory.mktemp("study") / "out")


def test_episodes_are_those_that_were_drawn(done: VideoStudy) -> None:
    found = {one.summary.clip: [(e.expression, e.start, e.end) for e in one.episodes] for one in done.results}
    assert [name for name, *_ in found["anna-film.mp4"]] == ["surprise", "happy", "surprise", "happy"]
    for (_, start, end), (right_start, right_end) in zip(
        found["anna-film.mp4"], [(0, 1), (1, 3), (4, 5), (5, 6)], strict=True
    ):
        assert start == pytest.approx(right_start, abs=0.25)  # smoothing takes two frames
        assert end == pytest.approx(right_end, abs=0.25)
    assert found["ben-film.mp4"] == [("happy", 0.0, 3.0)]


def test_summaries_by_clip(done: VideoStudy) -> None:
    rows = {one.summary.clip: one for one in done.results}
    anna, ben = rows["anna-film.mp4"], rows["ben-film.mp4"]
    assert (anna.summary.person, anna.summary.condition) == ("anna", "film")
    assert anna.summary.seconds == pytest.approx(6.0)
    assert anna.summary.readable_share == pytest.approx(5 / 6, abs=0.01)
    assert anna.summary.no_face == pytest.approx(1 / 6, abs=0.01)
    assert ben.summary.readable_share == pytest.approx(0.75, abs=0.01)
    happy = {row.expression: row for row in anna.expressions}["happy"]
    assert happy.share_of_time == pytest.approx(3 / 5, abs=0.06)
    assert happy.episodes == 2
    assert happy.episode_seconds == pytest.approx(1.5, abs=0.15)
    assert happy.latency == pytest.approx(1.0, abs=0.25)
    assert ben.summary.valence_index is not None
    assert ben.summary.valence_index > 0.6
    counts = {(one.before, one.after): one.count for one in anna.transitions}
    assert counts == {("surprise", "happy"): 2, ("happy", "surprise"): 1}


def test_summaries_by_condition_and_person(done: VideoStudy) -> None:
    rows = {(row.group, row.expression): row for row in done.by_condition}
    assert (rows["film", "happy"].persons, rows["calm", "happy"].persons) == (2, 1)
    assert rows["film", "happy"].share_of_time == pytest.approx((0.6 + 1) / 2, abs=0.03)
    assert rows["calm", "surprise"].share_of_time == 1.0
    by_person = {(row.group, row.expression): row for row in done.by_person}
    assert by_person["anna", "surprise"].share_of_time == pytest.approx((3 + 2) / 8, abs=0.04)
    assert by_person["anna", "surprise"].clips == 2


def test_the_folder_has_all_tables(done: VideoStudy) -> None:
    names = {path.relative_to(done.folder).as_posix() for path in done.folder.rglob("*") if path.is_file()}
    tables = ("clips", "expressions", "by_person", "by_condition", "episodes", "transitions", "tracks")
    wanted = {f"{table}.{form}" for table in tables for form in ("csv", "parquet")}
    assert wanted | {"codebook.csv", "settings.json", "rows/ben-film.mp4.csv"} <= names
    with (done.folder / "expressions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 7
    assert [row["latency"] for row in rows if row["clip"] == "ben-film.mp4" and row["expression"] == "happy"] == ["0.0"]
    spans = coding.read(done.folder / "elan" / "ben-film.mp4.eaf")
    assert [(span.coder, span.label, span.start, span.end) for span in spans] == [("ben", "happy", 0.0, 3.0)]


def test_settings_travel_with_the_output(done: VideoStudy) -> None:
    settings = study_folder.read_settings(done.folder)
    assert settings == done.settings
    assert (settings.reading.smoothing, settings.design.rule.threshold) == (0.1, 0.5)


def test_a_clip_as_baseline(films: Path, done: VideoStudy) -> None:
    again = read(
        films, done.folder, Design(conditions=CONDITIONS, single=True, baseline=BaselineSpan(clip="anna-calm"))
    )
    rows = {(row.clip, row.expression): row for one in again.results for row in one.expressions}
    happy = rows["anna-film.mp4", "happy"]
    assert happy.baseline_probability == rows["anna-calm.mp4", "happy"].mean_probability
    assert happy.deviation is not None
    assert happy.deviation > 0.3
    assert rows["ben-film.mp4", "happy"].deviation is None


def test_a_window_as_baseline_is_left_out_of_the_summaries(films: Path, done: VideoStudy) -> None:
    again = read(films, done.folder, Design(conditions=CONDITIONS, single=True, baseline=BaselineSpan(0, 1)))
    (anna,) = [one for one in again.results if one.summary.clip == "anna-film.mp4"]
    assert anna.summary.seconds == pytest.approx(5.0)
    surprise = {row.expression: row for row in anna.expressions}["surprise"]
    assert surprise.baseline_probability is not None
    assert surprise.baseline_probability > 0.8
    assert surprise.deviation is not None
    assert surprise.deviation < -0.3
    assert {row.expression: row for row in anna.expressions}["happy"].latency == pytest.approx(0, abs=0.25)


def test_blocks_of_a_clip_are_summarised_by_themselves(films: Path, done: VideoStudy) -> None:
    """surprise 0 to 1 s, happy to 3, nobody to 4, surprise to 5, happy to 6."""
    blocks = (
        ClipCondition("anna-film", "joke", "anna", 0.5, 2.5),
        ClipCondition("anna-film", "film", "anna", 3, 5.5),
        *(one for one in CONDITIONS if one.clip != "anna-film"),
    )
    again = read(films, done.folder, Design(conditions=blocks, single=True))
    joke, film = (one for one in again.results if one.summary.clip == "anna-film.mp4")
    assert [(one.summary.condition, one.summary.start, one.summary.end) for one in (joke, film)] == [
        ("joke", 0.5, 2.5),
        ("film", 3, 5.5),
    ]
    assert joke.summary.seconds == pytest.approx(2.0)
    assert joke.summary.readable_share == 1.0
    assert film.summary.readable_share == pytest.approx(0.6, abs=0.01)
    of_joke, of_film = ({row.expression: row for row in one.expressions} for one in (joke, film))
    assert of_joke["happy"].latency == pytest.approx(0.5, abs=0.25)
    assert of_joke["happy"].share_of_time == pytest.approx(0.75, abs=0.1)
    assert of_joke["surprise"].latency == 0.0  # it was shown before
    assert of_film["surprise"].latency == pytest.approx(1.0, abs=0.25)
    assert of_film["happy"].latency == pytest.approx(2.0, abs=0.25)
    assert [(one.before, one.after, one.start) for one in film.transitions] == [("surprise", "happy", 3.0)]
    rows = {(row.group, row.expression): row for row in again.by_condition}
    assert (rows["joke", "happy"].persons, rows["film", "happy"].persons) == (1, 2)
    assert rows["joke", "happy"].mean_probability == of_joke["happy"].mean_probability
    assert [(one.kind, one.clip, one.seconds) for one in again.notes] == [("gap", "anna-film.mp4", 1.5)]
    assert again.to_dict()["notes"][0]["kind"] == "gap"


def test_a_condition_as_baseline(films: Path, done: VideoStudy) -> None:
    """The mean over the readable time of all blocks and clips of the condition, person by person."""
    blocks = (
        ClipCondition("anna-film", "calm", "anna", 0, 1),
        ClipCondition("anna-film", "film", "anna", 1, 6),
        *(one for one in CONDITIONS if one.clip != "anna-film"),
    )
    again = read(films, done.folder, Design(conditions=blocks, single=True, baseline=BaselineSpan(clip="calm")))
    rows = {(row.clip, row.condition, row.expression): row for one in again.results for row in one.expressions}
    values = [rows[clip, "calm", "surprise"].mean_probability for clip in ("anna-calm.mp4", "anna-film.mp4")]
    assert values[0] is not None
    assert values[1] is not None
    expected = (3 * values[0] + values[1]) / 4  # three seconds and one
    assert rows["anna-film.mp4", "film", "surprise"].baseline_probability == pytest.approx(expected, abs=2e-4)
    assert rows["ben-film.mp4", "film", "happy"].deviation is None
    with pytest.raises(DataError, match=r"nor one of the clips .* or the conditions calm, film"):
        read(films, done.folder, Design(conditions=blocks, single=True, baseline=BaselineSpan(clip="rest")))


def test_a_baseline_before_the_blocks(films: Path, done: VideoStudy) -> None:
    blocks = (ClipCondition("anna-film", "joke", "anna", 0.5, 3), *CONDITIONS[::2])
    again = read(films, done.folder, Design(conditions=blocks, single=True, baseline=BaselineSpan(0, 1)))
    (joke,) = (one for one in again.results if one.summary.condition == "joke")
    assert joke.summary.start == 1.0
    assert joke.summary.seconds == pytest.approx(2.0)
    happy = {row.expression: row for row in joke.expressions}["happy"]
    assert happy.latency == pytest.approx(0, abs=0.25)
    assert happy.deviation is not None
    assert happy.deviation > 0.3


def test_a_repeated_call_reads_only_what_is_missing(films: Path, tmp_path: Path) -> None:
    first, again = Lines(), Lines()
    read(films, tmp_path / "out", progress=first)
    study_folder.rows_path(tmp_path / "out", "ben-film.mp4").unlink()
    read(films, tmp_path / "out", progress=again)
    assert len(first.lines) == 3
    assert again.lines == ["2 of 3 clips were read before", "clip 1 of 1: ben-film.mp4"]
    with pytest.raises(OutputError, match="another value of every"):
        read(films, tmp_path / "out", plan=job.Plan(smoothing=0.1, every=2))


def test_a_clip_that_changed_is_read_again(films: Path, tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    for path in films.iterdir():
        (tmp_path / "films" / path.name).write_bytes(path.read_bytes())
    read(tmp_path / "films", tmp_path / "out")
    (tmp_path / "films" / "ben-film.mp4").write_bytes((films / "anna-calm.mp4").read_bytes())
    again = Lines()
    changed = read(tmp_path / "films", tmp_path / "out", progress=again)
    assert again.lines == [
        "ben-film.mp4: the file has changed since it was read; it is read again",
        "2 of 3 clips were read before",
        "clip 1 of 1: ben-film.mp4",
    ]
    (ben,) = [one for one in changed.results if one.summary.clip == "ben-film.mp4"]
    assert {row.expression: row.share_of_time for row in ben.expressions}["surprise"] == 1.0
    study_folder.record_path(tmp_path / "out", "ben-film.mp4").write_text("{}")
    read(tmp_path / "films", tmp_path / "out", progress=again)
    assert again.lines[3] == "ben-film.mp4: its record is missing or damaged; it is read again"


class Interrupted(Progress):
    def video(self, time: float, duration: float | None) -> None:
        if time >= 2:
            raise KeyboardInterrupt


def test_a_stopped_clip_leaves_no_rows(films: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        read(films, tmp_path / "out", progress=Interrupted())
    assert list((tmp_path / "out").rglob("*.csv")) == []


def test_a_clip_that_can_t_be_read_does_not_stop_the_others(films: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film")
    reader, found = Reader("tiny", threads=1), clips.expand([str(broken), str(films / "ben-film.mp4")])
    done = study.run(reader, found, tmp_path / "out", PLAN, Design())
    assert [one.clip for one in done.unread] == ["broken.mp4"]
    assert [one.summary.person for one in done.results] == ["ben-film.mp4#1"]
    with pytest.raises(DataError, match="No clip could be read"):
        study.run(reader, found[:1], tmp_path / "other", PLAN, Design())


def test_tracks_are_merged_by_hand(films: Path, tmp_path: Path) -> None:
    """After a second without a face, the person has another track."""
    first = read(
        films, tmp_path / "out", Design(conditions=tuple(ClipCondition(c.clip, c.condition) for c in CONDITIONS))
    )
    of_film = [track for track in first.tracks if track.clip == "anna-film.mp4"]
    assert len(of_film) == 2
    merged = study.merge(tmp_path / "out", [PersonOfTrack("anna-film.mp4", track.track, "anna") for track in of_film])
    (anna,) = [one for one in merged.results if one.summary.person == "anna"]
    assert anna.summary.readable_share == pytest.approx(5 / 6, abs=0.01)
    assert len(anna.episodes) == 4
    again = read(films, tmp_path / "out", Design())  # a repeated call keeps the persons
    assert [one.summary.person for one in again.results].count("anna") == 1
    with pytest.raises(DataError, match="There is no clip 'x'"):
        study.merge(tmp_path / "out", [PersonOfTrack("x", 1, "anna")])
    with pytest.raises(DataError, match=r"'anna-calm.mp4' has no track 9"):
        study.merge(tmp_path / "out", [PersonOfTrack("anna-calm", 9, "anna")])


def test_a_folder_of_something_else_is_refused(films: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(OutputError, match="exists and has no study"):
        read(films, tmp_path)


@pytest.mark.parametrize("single", [True, False])
def test_frames_far_apart_make_one_episode(tmp_path: Path, single: bool) -> None:
    film(tmp_path / "long.mp4", ["happy"] * 20, 3)
    reader, found = Reader("tiny", threads=1), clips.expand([str(tmp_path / "long.mp4")])
    result = study.run(reader, found, tmp_path / "out", job.Plan(every=20), Design(single=single))
    (one,) = result.results
    assert [(episode.expression, episode.start, episode.end) for episode in one.episodes] == [("happy", 0.0, 20.0)]
    assert (one.summary.seconds, one.summary.readable_share) == (20.0, 1.0)
    first = study.run(reader, found, tmp_path / "first", job.Plan(end=0.05), Design(single=single))
    assert first.results[0].summary.readable_share == 1.0  # one frame
    assert first.results[0].expressions[3].share_of_time == 1.0


def test_players_count_from_the_start_of_the_sound(tmp_path: Path) -> None:
    """The picture starts 1.5 seconds after the sound."""
    frames = [scenes.scene(("happy",), width=160, height=120, side=100)] * 20
    path = scenes.clip(tmp_path / "late.mp4", frames, rate=RATE, times=[1.5 + n / RATE for n in range(20)], sound=True)
    found = clips.expand([str(path)])
    result = study.run(Reader("tiny", threads=1), found, tmp_path / "out", PLAN, Design(single=True))
    assert result.offsets == {"late.mp4": 1.5}
    (one,) = result.results
    assert [(episode.start, episode.end) for episode in one.episodes] == [(0.0, 2.0)]
    (span,) = coding.read(tmp_path / "out" / "elan" / "late.mp4.eaf")
    assert (span.start, span.end) == (1.5, 3.5)
    assert "00:00:01.500 --> 00:00:03.500" in (tmp_path / "out" / "subtitles" / "late.mp4.vtt").read_text()


def test_a_clip_that_is_cut_off_is_told(tmp_path: Path) -> None:
    empty = [scenes.background(320, 240, number) for number in range(30)]
    whole = scenes.clip(tmp_path / "whole.mp4", empty, options={"movflags": "+faststart"})
    (tmp_path / "cut.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    found = clips.expand([str(tmp_path / "cut.mp4")])
    for _ in range(2):  # also where nothing is read again
        (one,) = study.run(Reader("tiny", threads=1), found, tmp_path / "out", PLAN, Design()).damaged
        assert one.clip == "cut.mp4"
        assert one.frames + one.lost == 30
        assert 5 < one.lost < 25


@pytest.mark.parametrize(("single", "person"), [(True, "empty"), (False, "empty.mp4")])
def test_a_clip_without_a_face_is_in_the_tables(tmp_path: Path, single: bool, person: str) -> None:
    film(tmp_path / "empty.mp4", [""], 3)
    reader, found = Reader("tiny", threads=1), clips.expand([str(tmp_path / "empty.mp4")])
    (one,) = study.run(reader, found, tmp_path / "out", PLAN, Design(single=single)).results
    assert (one.summary.person, one.summary.readable_share, one.summary.no_face) == (person, 0.0, 1.0)
    assert all(row.mean_probability is None and row.episodes == 0 for row in one.expressions)
