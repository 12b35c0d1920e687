"""Clips on the server: analysed as by ``mien video``, bounded, and deleted."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import mien
import scenes
from mien.errors import OutputError, RequestError, VideoError
from mien.serving import jobs
from mien.serving.jobs import Job, VideoJobs
from mien.serving.settings import Settings
from mien.videos import job as job_room


@pytest.fixture(scope="module")
def reader() -> mien.Reader:
    return mien.Reader("tiny")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return scenes.film(tmp_path_factory.mktemp("film") / "film.mp4", "happy", "surprise").read_bytes()


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def files(folder: Path) -> list[str]:
    """The names of all files, which may be deleted meanwhile."""
    return sorted(name for _, _, names in os.walk(folder) for name in names if not name.endswith(".lock"))


def sent(clips: VideoJobs, data: bytes, every: int = 1) -> Job:
    job = clips.new("tiny", every)
    job.clip.write_bytes(data)
    return job


def finish(clips: VideoJobs, job: Job, reader: mien.Reader) -> Job:
    clips.start(job, reader)
    wait(lambda: job.state in ("done", "failed"))
    return job


def wait(is_so: Callable[[], bool]) -> None:
    last = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < last
        time.sleep(0.01)


def test_a_clip_is_read_as_by_mien_video_and_deleted(
    reader: mien.Reader, film: bytes, place: Path, tmp_path: Path
) -> None:
    clips = VideoJobs(Settings())
    assert list(place.iterdir()) == []  # no folder before the first clip
    job = finish(clips, sent(clips, film), reader)
    assert (job.state, job.error) == ("done", None)
    assert files(place) == [jobs.TABLE, jobs.LINES]
    (tmp_path / "same").mkdir()
    (tmp_path / "same" / "film.mp4").write_bytes(film)
    out = tmp_path / "same" / "rows.csv"
    expected = job_room.run(reader, str(tmp_path / "same" / "film.mp4"), job_room.Plan(out=out, empty_frames=True))
    assert job.result is not None
    assert job.result.segments == expected.segments
    assert [segment.label for segment in job.result.segments] == ["happy", "surprise"]
    assert (job.folder / jobs.TABLE).read_text() == out.read_text()
    rows = [json.loads(line) for line in (job.folder / jobs.LINES).read_text().splitlines()]
    table = list(csv.DictReader((job.folder / jobs.TABLE).read_text().splitlines()))
    assert [row["frame"] for row in rows] == [int(row["frame"]) for row in table] == list(range(30))
    clips.remove(job)
    assert files(place / "same") == ["film.mp4", "rows.csv"]
    with pytest.raises(RequestError, match="no such clip"):
        clips.find(job.id)


def test_a_clip_is_cancelled_while_it_is_read(reader: mien.Reader, place: Path, tmp_path: Path) -> None:
    clips = VideoJobs(Settings())
    long = scenes.film(tmp_path / "long.mp4", "happy", "sad", seconds=30, side=200, codec="mpeg4").read_bytes()
    (tmp_path / "long.mp4").unlink()
    job, other = sent(clips, long), sent(clips, long)
    clips.start(job, reader)
    clips.start(other, reader)
    wait(lambda: job.seconds > 0)
    clips.remove(other)  # still waits
    clips.remove(job)
    assert len(clips) == 0
    wait(lambda: not files(place))
    assert job.seconds < 60


@pytest.mark.parametrize(
    "data", [b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", b"ffconcat version 1.0\nfile /etc/passwd\n", b"x"]
)
def test_what_could_open_other_files_is_refused(reader: mien.Reader, data: bytes) -> None:
    clips = VideoJobs(Settings())
    with pytest.raises(RequestError, match="unknown format") as caught:
        clips.start(sent(clips, data), reader)
    assert caught.value.status == 422


def test_a_damaged_clip_is_one_clear_sentence_and_takes_no_place(reader: mien.Reader, place: Path) -> None:
    clips = VideoJobs(Settings(max_videos=1))
    job = finish(clips, sent(clips, b"\x00\x00\x00\x18ftypmp42" + bytes(500)), reader)
    assert isinstance(job.error, VideoError)
    assert str(job.error).startswith("The clip can't be opened as a video")
    assert (str(place) in str(job.error), files(place)) == (False, [])
    clips.new("tiny", 1)


def test_a_long_clip_is_refused(reader: mien.Reader, film: bytes) -> None:
    clips = VideoJobs(Settings(max_video_seconds=1.0))
    assert "longer than the 1 seconds allowed" in str(finish(clips, sent(clips, film), reader).error)


def test_a_clip_that_hides_its_length_is_stopped(reader: mien.Reader, tmp_path: Path) -> None:
    """The length of a transport stream is estimated from its data; here its times jump."""
    frames = [scenes.background(160, 120)] * 25
    path = scenes.clip(tmp_path / "jump.ts", frames, times=[number * 1.0 for number in range(25)])
    clips = VideoJobs(Settings(max_video_seconds=5.0))
    assert "longer than the 5 seconds" in str(finish(clips, sent(clips, path.read_bytes()), reader).error)


def test_places_are_few() -> None:
    clips = VideoJobs(Settings(max_videos=2))
    first = clips.new("tiny", 1)
    clips.new("tiny", 1)
    with pytest.raises(RequestError, match="too many clips") as caught:
        clips.new("tiny", 1)
    assert (caught.value.status, caught.value.retry_after) == (503, 30)
    clips.remove(first)
    assert clips.new("tiny", 1).id != first.id


def test_a_disk_without_room_is_said(
    reader: mien.Reader, film: bytes, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = VideoJobs(Settings())
    job = sent(clips, film)

    def full(*_: object, **__: object) -> None:
        raise OutputError(f"'{job.folder}/rows.jsonl' can't be written: No space left on device.")

    monkeypatch.setattr("mien.inference.records.opened", full)
    assert (
        str(finish(clips, job, reader).error) == "The server has no room for the results of the clip: try again later."
    )
    assert files(place) == []
    monkeypatch.setattr("tempfile.tempdir", str(place / "nowhere"))
    with pytest.raises(RequestError, match="can't write clips"):
        VideoJobs(Settings()).new("tiny", 1)


def test_clips_nobody_asks_about_and_those_of_a_stopped_server_are_deleted(
    reader: mien.Reader, film: bytes, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SWEEP_SECONDS", 0.02)
    clips = VideoJobs(Settings())
    killed = place / ".mien-0123456789abcdef.tmp" / "new" / "some" / jobs.CLIP  # of a process that was killed
    killed.parent.mkdir(parents=True)
    killed.write_bytes(film)

    async def check() -> None:
        work = asyncio.create_task(clips.work())
        await asyncio.sleep(0.05)
        assert list(place.iterdir()) == []
        left, kept = sent(clips, film), sent(clips, film)
        assert left.folder.stat().st_mode & 0o777 == 0o700
        for job in (left, kept):
            job.state = "done"
        left.asked -= 121
        kept.asked -= 119
        await asyncio.sleep(0.2)
        assert clips.find(kept.id) is kept
        assert not left.folder.exists()
        work.cancel()
        await asyncio.wait([work])

    asyncio.run(check())
    assert list(place.iterdir()) == []


def test_signatures_of_clips(tmp_path: Path) -> None:
    frames = [scenes.background(64, 48)] * 10
    for name, codec in {
        "a.mkv": "libx264",
        "a.avi": "mpeg4",
        "a.ts": "mpeg2video",
        "a.mov": "mpeg4",
        "a.mpg": "mpeg2video",
    }.items():
        head = scenes.clip(tmp_path / name, frames, codec=codec).read_bytes()[:400]
        assert jobs.is_clip(head), name
    assert not jobs.is_clip(b"")
    assert not jobs.is_clip(b"G" + bytes(400))
