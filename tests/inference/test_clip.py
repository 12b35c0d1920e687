from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import scenes
from mien.errors import VideoError
from mien.inference.clip import Clip


def grays(num: int, width: int = 64, height: int = 48) -> Iterator[scenes.Pixels]:
    """Frames whose gray tells their number."""
    for number in range(num):
        yield np.full((height, width, 3), 20 + 5 * number, np.uint8)


def seen(path: Path, **options: float) -> list[tuple[int, float]]:
    """Each frame's number in the file, told by its gray, and its time."""
    with Clip(str(path), **options) as clip:
        return [(round((float(frame.pixels.mean()) - 20) / 5), frame.time) for frame in clip.frames()]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenes.clip(tmp_path_factory.mktemp("clip") / "plain.mp4", grays(40), rate=20, sound=True)


def test_every_frame_comes_once_at_its_time(plain: Path) -> None:
    frames = seen(plain)
    assert [number for number, _ in frames] == list(range(40))
    np.testing.assert_allclose([time for _, time in frames], np.arange(40) / 20, atol=1e-3)
    with Clip(str(plain)) as clip:
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


def test_a_turned_camera_is_turned_back(tmp_path: Path) -> None:
    upright = np.zeros((64, 48, 3), np.uint8)
    upright[:20, :20] = 255  # at the top left
    stored = np.ascontiguousarray(np.rot90(upright))  # as the sensor saw it, to be shown rotated clockwise
    path = scenes.rotated(scenes.clip(tmp_path / "turned.mp4", [stored] * 3))
    with Clip(str(path)) as clip:
        pixels = next(clip.frames()).pixels
    assert pixels.shape == (64, 48, 3)
    assert pixels[:16, :16].mean() > 200
    assert pixels[24:].mean() < 30


@pytest.mark.parametrize("ending", ["mp4", "mkv", "avi", "mov", "webm"])
def test_common_containers_are_read(tmp_path: Path, ending: str) -> None:
    codec = {"webm": "libvpx", "avi": "mpeg4"}.get(ending, "libx264")
    path = scenes.clip(tmp_path / f"clip.{ending}", grays(6), codec=codec)
    np.testing.assert_allclose([time for _, time in seen(path)], np.arange(6) / 25, atol=2e-3)


def test_a_truncated_clip_gives_what_it_has(tmp_path: Path) -> None:
    path = scenes.clip(tmp_path / "cut.mkv", grays(40))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert 5 < len(seen(path)) < 40


def test_broken_frames_are_left_out_and_counted(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (30, 96, 128, 3), dtype=np.uint8)
    path = scenes.clip(tmp_path / "broken.ts", noise, codec="mpeg2video")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 30_000] = bytes(30_000)
    path.write_bytes(data)
    with Clip(str(path)) as clip:
        times = [frame.time for frame in clip.frames()]
        assert 10 < len(times) < 30
        assert times[-1] > 1  # it went on behind the damage
        assert clip.num_broken >= 1


def fails(path: object, **options: float) -> str:
    with pytest.raises(VideoError) as caught, Clip(str(path), **options) as clip:
        list(clip.frames())
    return str(caught.value)


def test_what_is_no_clip_says_so(plain: Path, tmp_path: Path) -> None:
    assert "There is no clip" in fails(tmp_path / "absent.mp4")
    assert "is a folder" in fails(tmp_path)
    (tmp_path / "empty.mp4").touch()
    assert "is empty (0 bytes)" in fails(tmp_path / "empty.mp4")
    (tmp_path / "text.mp4").write_text("hello " * 100)
    assert "can't be opened as a video" in fails(tmp_path / "text.mp4")
    (tmp_path / "headless.mp4").write_bytes(plain.read_bytes()[: plain.stat().st_size // 2])
    assert "can't be opened as a video" in fails(tmp_path / "headless.mp4")
    assert "ends before the start" in fails(plain, start=30)
    assert "can't be opened as a video" in fails("rtsp://127.0.0.1:9/stream", wait=1)
    assert "can't be opened as a video" in fails("97")  # a webcam that isn't there


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and its address on a web server that can't skip ahead in a file."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield tmp_path, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_clip_is_read_by_its_address(served: tuple[Path, str]) -> None:
    folder, address = served
    scenes.clip(folder / "clip.mkv", grays(12))
    with Clip(f"{address}/clip.mkv") as clip:
        assert len(list(clip.frames())) == 12
    # An MP4 has its index at the end, which this server can't skip to.
    noise = np.random.default_rng(0).integers(0, 256, (30, 240, 320, 3), dtype=np.uint8)
    scenes.clip(folder / "clip.mp4", noise)
    assert "can't be read (Input/output error): check it, and the connection" in fails(f"{address}/clip.mp4")
    assert "can't be opened as a video" in fails(f"{address}/absent.mp4")


def test_a_clip_without_a_picture_says_so(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "sound.wav"), "w") as file:
        stream = file.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        frame.rate = 8000
        file.mux(stream.encode(frame))
        file.mux(stream.encode())
    assert "has no picture, only audio" in fails(tmp_path / "sound.wav")
