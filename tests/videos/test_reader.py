from __future__ import annotations

import os
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

import scenes
from gray_clips import fails, grays, seen
from mien.errors import ArgumentError, VideoError
from mien.videos import container
from mien.videos.reader import VideoReader


def test_every_frame_comes_once_at_its_time(plain: Path) -> None:
    frames = seen(plain)
    assert [number for number, _ in frames] == list(range(40))
    np.testing.assert_allclose([time for _, time in frames], np.arange(40) / 20, atol=1e-3)
    with VideoReader(str(plain)) as clip:
        assert clip.duration == pytest.approx(2, abs=0.1)
        assert clip.rate == pytest.approx(20)
        assert clip.audio is not None


def test_start_and_end_cut_to_the_frame(plain: Path) -> None:
    frames = seen(plain, start=0.5, end=1.0)
    assert [number for number, _ in frames] == list(range(10, 20))
    assert frames[0][1] == pytest.approx(0.5)


def test_a_variable_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    times = [0, 0.04, 0.08, 0.5, 0.52, 1.7, 1.8]
    path = scenes.clip(tmp_path / "variable.mkv", grays(7), times=times)
    np.testing.assert_allclose([time for _, time in seen(path)], times, atol=2e-3)


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_film_that_starts_after_its_sound_has_an_offset(tmp_path: Path, plain: Path, ending: str) -> None:
    frames = [scenes.background(64, 48, 1)] * 10
    path = scenes.clip(tmp_path / f"late.{ending}", frames, times=[1.5 + n / 10 for n in range(10)], sound=True)
    with VideoReader(path) as film:
        assert film.offset == pytest.approx(1.5, abs=0.03)
        assert next(film.frames()).time == 0.0
    with VideoReader(plain) as film:
        assert film.offset == 0.0


def test_a_turned_camera_is_turned_back(tmp_path: Path) -> None:
    upright = np.zeros((64, 48, 3), np.uint8)
    upright[:20, :20] = 255  # at the top left
    stored = np.ascontiguousarray(np.rot90(upright))  # as the sensor saw it, to be shown rotated clockwise
    path = scenes.rotated(scenes.clip(tmp_path / "turned.mp4", [stored] * 3))
    with VideoReader(str(path)) as clip:
        pixels = next(clip.frames()).pixels
    assert pixels.shape == (64, 48, 3)
    assert pixels[:16, :16].mean() > 200
    assert pixels[24:].mean() < 30


@pytest.mark.parametrize("ending", ["mp4", "mkv", "avi", "mov", "webm"])
def test_common_containers_are_read(tmp_path: Path, ending: str) -> None:
    codec = {"webm": "libvpx", "avi": "mpeg4"}.get(ending, "libx264")
    path = scenes.clip(tmp_path / f"clip.{ending}", grays(6), codec=codec)
    np.testing.assert_allclose([time for _, time in seen(path)], np.arange(6) / 25, atol=2e-3)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "avi", "flv", "webm"])
def test_a_clip_that_is_cut_off_gives_what_it_has_and_says_what_is_missing(tmp_path: Path, ending: str) -> None:
    codec = {"webm": "libvpx", "avi": "mpeg4"}.get(ending, "libx264")
    noise = np.random.default_rng(0).integers(0, 256, (40, 48, 64, 3), dtype=np.uint8)
    index_first = {"movflags": "+faststart"} if ending == "mp4" else None
    path = scenes.clip(tmp_path / f"cut.{ending}", noise, codec=codec, options=index_first)
    with VideoReader(str(path)) as clip:
        assert len(list(clip.frames())) == 40
        assert clip.missing == 0
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with VideoReader(str(path)) as clip:
        num = len(list(clip.frames()))
        assert 5 < num < 35
        assert clip.missing == pytest.approx((40 - num) / 25, abs=0.13)
    with VideoReader(str(path), end=0.2) as clip:
        assert len(list(clip.frames())) == 5
        assert clip.missing == 0  # of what was asked for
    if ending == "mp4":
        assert "are missing: choose an earlier start" in fails(path, start=1.5)


@pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="needs two processors that can be chosen"
)
@pytest.mark.parametrize("ending", ["mp4", "flv", "avi"])
def test_a_cut_clip_has_the_same_frames_on_one_processor_and_on_two(tmp_path: Path, ending: str) -> None:
    """FFmpeg decodes with one thread per processor."""
    path = scenes.clip(
        tmp_path / f"cut.{ending}",
        [scenes.background(160, 120, number) for number in range(30)],
        codec={"avi": "mpeg4"}.get(ending, "libx264"),
        options={"movflags": "+faststart"} if ending == "mp4" else None,
    )
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    both = sorted(os.sched_getaffinity(0))
    found = []
    try:
        for allowed in (both[:1], both[:2]):
            os.sched_setaffinity(0, allowed)
            with VideoReader(str(path)) as clip:
                times = [frame.time for frame in clip.frames()]
                found.append((times, clip.num_broken, round(clip.missing * clip.rate)))
    finally:
        os.sched_setaffinity(0, both)
    assert found[0] == found[1]
    times, broken, missing = found[0]
    if ending == "mp4":  # its index says how long it was, but a few frames before the last one may be lost too
        assert 28 <= len(times) + broken + missing <= 30
        assert broken == 1


def test_sound_that_is_longer_than_the_film_is_no_cut(tmp_path: Path) -> None:
    path = scenes.clip(tmp_path / "edit.mkv", grays(20), sound=True, times=[number / 50 for number in range(20)])
    with VideoReader(str(path)) as clip:
        assert len(list(clip.frames())) == 20
        assert clip.duration == pytest.approx(0.8, abs=0.1)
        assert clip.missing == 0


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transport stream with a key frame every second only, and sound, as cameras write it."""
    path = tmp_path_factory.mktemp("camera") / "camera.m2ts"
    return scenes.clip(path, grays(45, 320, 240), rate=10, sound="mp2", gop=10)


@pytest.mark.parametrize("ending", ["m2ts", "mp4", "mkv", "avi"])
def test_a_start_between_key_frames_loses_no_frame(sparse: Path, tmp_path: Path, ending: str) -> None:
    path = sparse
    if ending != "m2ts":
        codec = "mpeg4" if ending == "avi" else "libx264"
        path = scenes.clip(tmp_path / f"clip.{ending}", grays(45), rate=10, gop=10, codec=codec)
    everything = seen(path)
    assert len(everything) == 45
    for start, end in ((1, 2), (3.1, 4.1), (0.1, 0.3), (4.25, 9)):
        wanted = [frame for frame in everything if start <= round(frame[1], 4) < end]
        frames = seen(path, start=start, end=end)
        assert [number for number, _ in frames] == [number for number, _ in wanted]
        np.testing.assert_allclose([time for _, time in frames], [time for _, time in wanted], atol=2e-3)


def test_a_seek_that_lands_too_late_goes_further_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = scenes.clip(tmp_path / "clip.mp4", grays(45), rate=10, gop=10)
    sought = []

    class Late:
        """A container that seeks two seconds too far."""

        def __init__(self, real: Any) -> None:
            self.real = real

        def __getattr__(self, name: str) -> Any:
            return getattr(self.real, name)

        def seek(self, offset: int, **options: Any) -> None:
            sought.append(offset / 1e6)
            self.real.seek(offset + 2_000_000, **options)

    opened = container.open_container
    monkeypatch.setattr(container, "open_container", lambda *arguments: Late(opened(*arguments)))
    assert [number for number, _ in seen(path, start=2.5, end=2.8)] == [25, 26, 27]
    assert sought == [2.5, 0.5]
    assert [number for number, _ in seen(path, start=1.5, end=1.8)] == [15, 16, 17]  # read from the beginning


def test_an_animation_is_read(tmp_path: Path) -> None:
    first, *others = [Image.fromarray(pixels) for pixels in grays(4)]
    for name in ("a.gif", "a.png"):
        first.save(tmp_path / name, save_all=True, append_images=others, duration=[100, 300, 100, 100])
        np.testing.assert_allclose([time for _, time in seen(tmp_path / name)], [0, 0.1, 0.4, 0.5], atol=2e-3)


def test_oblong_pixels_are_made_square(tmp_path: Path) -> None:
    path = scenes.clip(tmp_path / "dvd.mpg", grays(3, 720, 576), codec="mpeg2video", aspect=Fraction(64, 45))
    with VideoReader(str(path)) as clip:
        assert next(clip.frames()).pixels.shape == (576, 1024, 3)


def test_broken_frames_are_left_out_and_counted(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (30, 96, 128, 3), dtype=np.uint8)
    path = scenes.clip(tmp_path / "broken.ts", noise, codec="mpeg2video")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 30_000] = bytes(30_000)
    path.write_bytes(data)
    with VideoReader(str(path)) as clip:
        times = [frame.time for frame in clip.frames()]
        assert 10 < len(times) < 30
        assert times[-1] > 1  # it went on behind the damage
        assert clip.num_broken >= 1


def test_frames_of_too_many_pixels_are_refused_and_the_limit_can_be_raised(plain: Path, tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"frames of 64x48 pixels, more than the 3,000 allowed \(--max-pixels\)"):
        VideoReader(str(plain), max_pixels=3000)
    with VideoReader(str(plain), max_pixels=64 * 48) as clip:
        assert len(list(clip.frames())) == 40
    wide = scenes.clip(tmp_path / "wide.mp4", grays(3), aspect=Fraction(2))
    with pytest.raises(VideoError, match="frames of 128x48 pixels, more than the 4,000"):
        VideoReader(str(wide), max_pixels=4000)  # counted as they are shown


def test_frames_that_grow_within_a_stream_are_left_out_and_counted(tmp_path: Path) -> None:
    small = scenes.clip(tmp_path / "small.ts", grays(10), codec="mpeg2video").read_bytes()
    large = scenes.clip(tmp_path / "large.ts", grays(10, 128, 96), codec="mpeg2video").read_bytes()
    (tmp_path / "both.ts").write_bytes(small + large)
    with VideoReader(str(tmp_path / "both.ts"), max_pixels=5000) as clip:
        assert {frame.pixels.shape for frame in clip.frames()} == {(48, 64, 3)}
        assert clip.num_large == 10
        assert clip.num_broken == 0


def test_an_empty_packet_is_no_lost_connection(plain: Path) -> None:
    """Theora writes a frame that is as the last one as a packet without bytes."""
    with VideoReader(str(plain)) as clip:
        empty: Any = SimpleNamespace(size=0, dts=3)
        assert clip._decoded(empty) == []
        damaged: Any = SimpleNamespace(size=9, dts=3, decode=_invalid)
        assert clip._decoded(damaged) == []
        assert (clip.lost, clip.num_broken) == (None, 1)


def _invalid() -> None:
    raise av.error.ArgumentError(22, "Invalid argument")


@pytest.mark.parametrize(
    "options", [{"start": -1}, {"start": "1"}, {"start": float("nan")}, {"end": "x"}, {"wait": -1}, {"max_pixels": 0}]
)
def test_arguments_that_do_not_fit_are_one_sentence(plain: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match="doesn't fit: it must be"):
        VideoReader(plain, **options)
    with pytest.raises(ArgumentError, match="must come after start"):
        VideoReader(plain, start=2, end=1)
