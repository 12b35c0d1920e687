from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import scenes
from mien import palette
from mien.errors import OutputError, VideoError
from mien.inference.photo import Reader
from mien.videos import writer
from mien.videos.analysis import FrameReading, Segment, read_video
from mien.videos.reader import VideoReader


def copy(source: Path, target: Path, **options: Any) -> None:
    reader = Reader("tiny", threads=1)
    with VideoReader(str(source), **options) as clip, writer.opened(target, clip) as written:
        for reading in read_video(reader, clip, on_audio=written.hear):
            written.add(reading)


def sound(path: Path) -> float:
    """Seconds of sound in a clip, after decoding it."""
    with av.open(str(path)) as file:
        return sum(frame.samples / frame.sample_rate for frame in file.decode(audio=0))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "source.mp4"
    return scenes.clip(path, [scenes.scene(width=160, height=120, side=100)] * 50, sound=True)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "mov"])
def test_a_copy_keeps_times_and_sound(source: Path, tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"copy.{ending}"
    copy(source, target)
    with VideoReader(str(target)) as clip:
        times = [frame.time for frame in clip.frames()]
    np.testing.assert_allclose(times, np.arange(50) / 25, atol=2e-3)
    assert sound(target) == pytest.approx(sound(source), abs=0.1)


def test_without_h264_mpeg_4_is_written(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "CODECS", ("mpeg4",))
    copy(source, tmp_path / "copy.mp4", end=0.4)
    with VideoReader(str(tmp_path / "copy.mp4")) as clip:
        assert clip.stream.codec_context.name == "mpeg4"
        np.testing.assert_allclose([frame.time for frame in clip.frames()], np.arange(10) / 25, atol=2e-3)


def test_boxes_are_drawn_on_it(source: Path, tmp_path: Path) -> None:
    copy(source, tmp_path / "copy.mp4")
    with VideoReader(str(source)) as before, VideoReader(str(tmp_path / "copy.mp4")) as after:
        old, new = (next(clip.frames()).pixels.astype(int) for clip in (before, after))
    assert (np.abs(new - old).max(2) > 60).mean() > 0.005


def test_a_cut_out_piece_begins_at_zero_with_its_sound(source: Path, tmp_path: Path) -> None:
    copy(source, tmp_path / "piece.mp4", start=0.8, end=1.6)
    with VideoReader(str(tmp_path / "piece.mp4")) as clip:
        times = [frame.time for frame in clip.frames()]
    assert len(times) == 20
    assert times[0] == pytest.approx(0, abs=0.02)
    assert sound(tmp_path / "piece.mp4") == pytest.approx(0.8, abs=0.15)


def test_a_variable_frame_rate_and_odd_sides_are_kept(tmp_path: Path) -> None:
    times = [0, 0.04, 0.4, 0.44, 1.5]
    path = scenes.clip(tmp_path / "odd.mkv", [scenes.background(98, 74, n) for n in range(5)], times=times)
    copy(path, tmp_path / "copy.mkv")
    with VideoReader(str(tmp_path / "copy.mkv")) as clip:
        np.testing.assert_allclose([frame.time for frame in clip.frames()], times, atol=2e-3)


def test_a_copy_that_fails_half_way_isn_t_there(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    def fail(_: writer.VideoWriter, __: object) -> None:
        raise VideoError("half way")

    monkeypatch.setattr(writer.VideoWriter, "add", fail)
    with pytest.raises(VideoError, match="half way"):
        copy(source, tmp_path / "copy.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_timeline_has_a_row_a_track_in_the_expressions_colours() -> None:
    segments = [Segment(1, 0, 6, "happy", 0.9), Segment(1, 6, 10, "sad", 0.8), Segment(4, 2, 4, "fear", 0.7)]
    picture = writer.draw_timeline(segments, 0, 10)
    colours = {colour for _, colour in picture.getcolors(1 << 24) or []}
    for label in ("happy", "sad", "fear"):
        value = palette.EXPRESSIONS[label]
        assert tuple(int(value[start : start + 2], 16) for start in (1, 3, 5)) in colours
    assert picture.height > writer.draw_timeline(segments[:1], 0, 10).height
    assert writer.draw_timeline([], 0, 10).size == writer.draw_timeline(segments[:1], 0, 10).size


@pytest.mark.parametrize(("start", "end"), [(0, 0.3), (0, 5), (3, 63), (0, 7200), (0, 360_000)])
def test_a_timeline_has_a_readable_number_of_ticks(start: float, end: float) -> None:
    ticks = writer._ticks(start, end)
    assert len(ticks) <= 26
    assert all(start <= tick <= end for tick in ticks)


@pytest.mark.parametrize(
    ("codec", "name", "advice"),
    [
        ("pcm_mulaw", "sound.mov", "can't be stored in a .mkv file: choose a .mov file"),
        ("adpcm_ms", "sound.avi", "can't be stored in a .mkv file: leave it out with --no-sound"),
        ("pcm_u8", "sound.mov", "can't be stored in a .mp4 file: choose a .mov or .mkv file"),
    ],
)
def test_sound_that_fits_no_copy_is_refused_with_what_to_do(tmp_path: Path, codec: str, name: str, advice: str) -> None:
    source = scenes.clip(tmp_path / name, [scenes.background(64, 48)] * 5, sound=codec)
    ending = advice.split()[5]
    with pytest.raises(OutputError) as caught:
        copy(source, tmp_path / f"copy{ending}")
    assert f"({codec}) {advice}" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    if ".mov file" in advice.partition(":")[2]:
        copy(source, tmp_path / "copy.mov")  # as was advised
        assert sound(tmp_path / "copy.mov") == pytest.approx(0.2, abs=0.1)
    with VideoReader(str(source)) as clip, writer.opened(tmp_path / f"mute{ending}", clip, sound=False) as written:
        for frame in clip.frames(on_audio=written.hear):
            written.add(FrameReading(frame, ()))
    with VideoReader(str(tmp_path / f"mute{ending}")) as clip:
        assert len(list(clip.frames())) == 5
        assert clip.audio is None


def test_a_copy_of_joined_streams_keeps_times_and_sound(tmp_path: Path) -> None:
    piece = scenes.clip(tmp_path / "piece.ts", [scenes.background(64, 48)] * 30, sound=True)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(piece.read_bytes() * 2)
    copy(joined, tmp_path / "2024-01-01T10:30:00.mp4")
    with VideoReader(str(tmp_path / "2024-01-01T10:30:00.mp4")) as clip:
        times = [frame.time for frame in clip.frames()]
    np.testing.assert_allclose(times, np.arange(60) / 25, atol=3e-3)
    assert sound(tmp_path / "2024-01-01T10:30:00.mp4") == pytest.approx(2.4, abs=0.1)


def test_a_stream_that_changes_its_size_gives_one_film(tmp_path: Path) -> None:
    for number, size in enumerate(((64, 48), (128, 96))):
        scenes.clip(tmp_path / f"{number}.ts", [scenes.background(*size)] * 10)
    joined = tmp_path / "joined.ts"
    joined.write_bytes((tmp_path / "0.ts").read_bytes() + (tmp_path / "1.ts").read_bytes())
    copy(joined, tmp_path / "copy.mp4")
    with VideoReader(str(tmp_path / "copy.mp4")) as clip:
        assert {frame.pixels.shape for frame in clip.frames()} == {(48, 64, 3)}
    with VideoReader(str(joined)) as clip:
        assert [frame.pixels.shape[0] for frame in clip.frames()] == [48] * 10 + [96] * 10
