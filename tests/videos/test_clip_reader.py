"""The rows of a clip are those of one unbroken pass, wherever the reading was interrupted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import drawn_films
from mien.inference.photo import Reader
from mien.progress import Progress
from mien.videos import clip_reader, job, study_folder
from mien.videos.clip_reader import ClipReader, Outcome, one_by_one
from mien.videos.clips import Clip

PLAN = job.Plan(every=2)


class Watched(Progress):
    """Notes the lines and times; Ctrl-C at a time."""

    def __init__(self, stop: float = 1e9) -> None:
        self.stop = stop
        self.lines: list[str] = []
        self.times: list[tuple[float, float | None]] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def video(self, time: float, duration: float | None) -> None:
        self.times.append((time, duration))
        if time >= self.stop:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader("tiny", threads=1)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return Clip("film.mp4", str(drawn_films.film(tmp_path_factory.mktemp("film") / "film.mp4", 180)))


def at(reader: Reader, out: Path, plan: job.Plan = PLAN) -> ClipReader:
    (out / study_folder.ROWS).mkdir(parents=True, exist_ok=True)
    return ClipReader(reader, out, plan, {"every": plan.every})


@pytest.mark.parametrize("plan", [PLAN, job.Plan(every=2, start=0.5, end=6.5, auto_prior=True)])
def test_interrupted_or_not_the_rows_are_those_of_one_pass(
    reader: Reader, clip: Clip, tmp_path: Path, plan: job.Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_reader, "BLOCK", 7)
    job.run(
        Reader("tiny", threads=1),
        clip.path,
        job.Plan(**{**vars(plan), "out": tmp_path / "right.csv", "empty_frames": True}),
    )
    right = (tmp_path / "right.csv").read_bytes()
    assert right.count(b"\n") > 50
    reading, said = at(reader, tmp_path / "out", plan), Watched()
    for stop in (plan.start + 0.7, plan.start + 3.1):
        with pytest.raises(KeyboardInterrupt):
            reading.read(clip, Watched(stop))
    assert [path.name for path in (tmp_path / "out" / "rows").iterdir()] == ["unfinished-film.mp4.part"]
    assert reading.read(clip, said) == Outcome("film.mp4")
    assert said.lines[0].startswith("film.mp4: resumed after ")
    assert said.times[0][0] > plan.start + 2.5
    assert study_folder.rows_path(tmp_path / "out", "film.mp4").read_bytes() == right
    assert sorted(path.name for path in (tmp_path / "out" / "rows").iterdir()) == ["film.mp4.csv", "film.mp4.json"]


def test_a_record_says_what_was_read(reader: Reader, clip: Clip, tmp_path: Path) -> None:
    at(reader, tmp_path / "out").read(clip)
    record = study_folder.record_of(tmp_path / "out", "film.mp4")
    assert record is not None
    assert (record.frames, record.lost) == (180, 0)
    assert (tmp_path / "out" / record.source).resolve() == Path(clip.path).resolve()
    assert record.file.is_at(clip.path)
    assert not study_folder.is_changed(tmp_path / "out", clip)


def test_a_clip_that_changed_is_begun_anew(reader: Reader, clip: Clip, tmp_path: Path) -> None:
    copy = tmp_path / "film.mp4"
    copy.write_bytes(Path(clip.path).read_bytes())
    reading = at(reader, tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        reading.read(Clip("film.mp4", str(copy)), Watched(5.5))
    drawn_films.film(copy, 30, seed=7)
    said = Watched()
    reading.read(Clip("film.mp4", str(copy)), said)
    assert said.lines == []  # nothing was resumed
    record = study_folder.record_of(tmp_path / "out", "film.mp4")
    assert record is not None
    assert record.frames == 30
    before = copy.stat()
    os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
    assert record.file.is_at(str(copy))  # a new time alone is no change
    copy.write_bytes(Path(clip.path).read_bytes())
    assert study_folder.is_changed(tmp_path / "out", Clip("film.mp4", str(copy)))


def test_the_progress_is_that_of_all_clips(reader: Reader, clip: Clip, tmp_path: Path) -> None:
    short = Clip("short.mp4", str(drawn_films.film(tmp_path / "short.mp4", 50)))
    broken = Clip("broken.mp4", str(tmp_path / "broken.mp4"))
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    said = Watched()
    ended = list(one_by_one(at(reader, tmp_path / "out"), [short, broken, clip], said))
    assert [(one.clip, bool(one.error)) for one in ended] == [
        ("short.mp4", False),
        ("broken.mp4", True),
        ("film.mp4", False),
    ]
    assert said.lines[:2] == ["clip 1 of 3: short.mp4", "clip 2 of 3: broken.mp4"]
    times = [time for time, _ in said.times]
    assert times == sorted(times)
    assert 8.4 <= times[-1] <= 9.2  # 2 s and 7.2 s
    assert said.times[0][1] is None  # one is unknown
    assert said.times[-1][1] == pytest.approx(9.2, abs=0.05)
    assert [path.name for path in (tmp_path / "out" / "rows").glob("*broken*")] == []
