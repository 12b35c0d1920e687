from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scenes
from mien.errors import ArgumentError
from mien.inference.photo import Face, Reader
from mien.videos.analysis import FrameReading, Segment, Segmenter, TrackedFace, clock, read_video
from mien.videos.reader import Frame, VideoReader


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader("tiny", threads=1)


def two_people(num: int) -> Iterator[scenes.Pixels]:
    """One who walks to the right and is happy, then surprised, and one who stays."""
    walker = [scenes.face(expression, 80, 3) for expression in ("happy", "surprise")]
    stayer = scenes.face("neutral", 80, 10)
    for number in range(num):
        photo = scenes.background(320, 160, 1)
        scenes.paste(photo, walker[number >= num // 2], 15 + number, 40)
        scenes.paste(photo, stayer, 220, 50)
        yield photo


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenes.clip(tmp_path_factory.mktemp("film") / "film.mp4", two_people(60), sound=True)


def readings(reader: Reader, path: Path, **options: float) -> list[FrameReading]:
    with VideoReader(str(path)) as clip:
        return list(read_video(reader, clip, **options))  # type: ignore[arg-type] # every is whole


@pytest.fixture(scope="module")
def all_readings(reader: Reader, film: Path) -> list[FrameReading]:
    return readings(reader, film)


def test_people_keep_their_numbers(all_readings: list[FrameReading]) -> None:
    assert len(all_readings) == 60
    assert all(len(reading.faces) == 2 for reading in all_readings)
    starts = {tracked.track: tracked.face.box[0] for tracked in all_readings[0].faces}
    ends = {tracked.track: tracked.face.box[0] for tracked in all_readings[-1].faces}
    assert sorted(starts) == sorted(ends) == [1, 2]
    walked = {track: ends[track] - starts[track] for track in starts}
    assert sorted(round(way, -1) for way in walked.values()) == [0, 60]


def test_a_row_is_a_face_in_a_frame(all_readings: list[FrameReading]) -> None:
    rows = all_readings[30].rows()
    assert [row["frame"] for row in rows] == [30, 30]
    assert rows[0]["time"] == pytest.approx(1.2)
    assert sum(rows[0]["probabilities"].values()) == pytest.approx(1, abs=1e-4)


def test_every_nth_frame_is_fresh(reader: Reader, film: Path) -> None:
    every = readings(reader, film, every=5)
    assert [number for number, reading in enumerate(every) if reading.fresh] == list(range(0, 60, 5))
    assert every[4].faces == every[0].faces


def test_smoothing_calms_the_probabilities(reader: Reader, film: Path) -> None:
    def restlessness(smoothing: float) -> float:
        happy = [
            tracked.face.probabilities["happy"]
            for reading in readings(reader, film, smoothing=smoothing)
            for tracked in reading.faces
            if tracked.track == 1
        ]
        return float(np.abs(np.diff(happy)).max())

    assert restlessness(0.3) < 0.5 * restlessness(0)


@pytest.mark.parametrize("light", [1.0, 0.4])
def test_a_cut_makes_new_people_at_any_brightness(reader: Reader, tmp_path: Path, light: float) -> None:
    first = scenes.scene(("happy",), width=160, height=120, side=80, seed=1)
    other = scenes.background(160, 120, 5)
    scenes.paste(other, scenes.face("sad", 80, 10), 40, 20)
    frames = [(photo * light).astype(np.uint8) for photo in (first, other)]
    path = scenes.clip(tmp_path / "cut.mp4", [frames[0]] * 5 + [frames[1]] * 5)
    numbers = [reading.faces[0].track for reading in readings(reader, path)]
    assert numbers == [1] * 5 + [2] * 5


def test_people_keep_their_numbers_over_a_flash(reader: Reader, tmp_path: Path) -> None:
    photo = scenes.scene(("happy",), width=160, height=120, side=80, seed=1)
    flash = (photo * 4.0).clip(0, 255).astype(np.uint8)
    path = scenes.clip(tmp_path / "flash.mp4", [photo] * 4 + [flash] + [photo] * 4)
    found = [{tracked.track for tracked in reading.faces} for reading in readings(reader, path)]
    assert found[:4] == found[5:] == [{1}] * 4


def test_memory_does_not_grow_with_the_clip(reader: Reader, tmp_path: Path) -> None:
    path = scenes.clip(tmp_path / "long.mp4", (scenes.background(160, 120, n % 3) for n in range(200)))
    with VideoReader(str(path)) as clip:
        frames = read_video(reader, clip, every=4)
        for _ in range(40):
            next(frames)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(150):
            next(frames)
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
    assert grown < 130_000


def fake(time: float, label: str, track: int = 1, abstained: bool = False) -> FrameReading:
    face = Face((0, 0, 9, 9), (), 0.9, label, {label: 0.8}, abstained)
    return FrameReading(Frame(0, time, None), (TrackedFace(track, face),))  # type: ignore[arg-type] # no picture needed


def segments(*labels: str, rate: float = 10) -> list[Segment]:
    segmenter = Segmenter()
    for number, label in enumerate(labels):
        segmenter.add(fake(number / rate, label))
    return segmenter.finish()


def test_segments_are_stretches_of_one_expression() -> None:
    assert [(s.label, s.start, s.end) for s in segments(*["happy"] * 20, *["sad"] * 20)] == [
        ("happy", 0.0, 2.0),
        ("sad", 2.0, 3.9),
    ]
    assert segments(*["happy"] * 20)[0].confidence == pytest.approx(0.8)


def test_a_flicker_breaks_no_segment() -> None:
    assert [s.label for s in segments(*["happy"] * 10, "sad", "sad", *["happy"] * 10)] == ["happy"]
    assert segments("happy", "sad") == []


def test_a_track_that_is_gone_is_closed() -> None:
    segmenter = Segmenter()
    for number in range(10):
        segmenter.add(fake(number / 10, "happy", track=1))
    for number in range(10):
        segmenter.add(fake(5 + number / 10, "sad", track=2))
    assert len(segmenter.segments) == 1
    assert [(s.track, s.start, s.end) for s in segmenter.finish()] == [(1, 0.0, 0.9), (2, 5.0, 5.9)]


def empty(time: float) -> FrameReading:
    return FrameReading(Frame(0, time, None), ())  # type: ignore[arg-type] # no picture needed


def shown(letters: str, rate: float = 10, max_gap: float = 1.0) -> list[tuple[str, float, float]]:
    """The segments of one face that shows happy, sad, fear, or is not read (x)."""
    segmenter = Segmenter(max_gap)
    names = {"h": "happy", "s": "sad", "f": "fear"}
    for number, letter in enumerate(letters):
        time = number / rate
        segmenter.add(empty(time) if letter == "x" else fake(time, names[letter]))
    return [(segment.label, segment.start, segment.end) for segment in segmenter.finish()]


def test_a_segment_ends_before_time_without_a_face() -> None:
    happy, gap, sad = "h" * 20, "x" * 9, "s" * 20
    assert shown(happy + gap + sad) == [("happy", 0.0, 1.9), ("sad", 2.9, 4.8)]
    assert shown(happy + gap + "s" * 3) == [("happy", 0.0, 1.9)]
    assert shown(happy + gap + happy) == [("happy", 0.0, 4.8)]  # a short gap is bridged


def test_a_segment_ends_before_frames_of_other_expressions() -> None:
    assert shown("h" * 20 + "s" * 3) == [("happy", 0.0, 2.0)]
    assert shown("h" * 10 + "ssfff" + "s" * 10) == [("happy", 0.0, 1.0), ("sad", 1.5, 2.4)]


def test_the_shortest_segment_is_not_lost_by_rounding() -> None:
    for before in range(1, 40):
        start, end = round(before / 10, 3), round(before / 10 + 0.4, 3)
        assert ("sad", start, end) in shown("x" * before + "ssss" + "h" * 9)


def test_frames_that_are_far_apart_are_joined() -> None:
    assert shown("h" * 5 + "s" * 5, rate=0.5, max_gap=3.0) == [("happy", 0.0, 10.0), ("sad", 10.0, 18.0)]


def test_a_film_with_frames_far_apart_has_one_track(reader: Reader, tmp_path: Path) -> None:
    """The same with every Nth frame, and with smoothing over several of them."""
    photo = scenes.scene(("happy",), width=160, height=120, side=80, seed=1)
    slow = scenes.clip(tmp_path / "slow.mp4", [photo] * 5, times=[2.0 * n for n in range(5)])
    long = scenes.clip(tmp_path / "long.mp4", [photo] * 41, rate=10)
    for path, every in ((slow, 1), (long, 20)):
        faces = [reading.faces for reading in readings(reader, path, every=every) if reading.fresh]
        assert [[one.track for one in each] for each in faces] == [[1]] * len(faces)


def test_unsure_faces_make_no_segment() -> None:
    segmenter = Segmenter()
    for number in range(10):
        segmenter.add(fake(number / 10, "happy", abstained=True))
    assert segmenter.finish() == []


@pytest.mark.parametrize(("seconds", "words"), [(0, "0:00"), (72.4, "1:12"), (3723, "1:02:03")])
def test_times_read_as_on_a_player(seconds: float, words: str) -> None:
    assert clock(seconds) == words
    assert Segment(1, 12, 17, "surprise", 0.9).span == "0:12–0:17"


@pytest.mark.parametrize(
    "options", [{"every": 0}, {"every": 1.5}, {"smoothing": -1}, {"smoothing": "x"}, {"smoothing": float("nan")}]
)
def test_options_that_do_not_fit_are_one_sentence(reader: Reader, options: dict[str, Any]) -> None:
    clip: Any = None  # which isn't asked for anything
    with pytest.raises(ArgumentError, match="doesn't fit: it must be"):
        read_video(reader, clip, **options)
