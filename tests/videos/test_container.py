"""Opening a container: by which name, which of its streams, and how long it says it is."""

from __future__ import annotations

import http.server
import socket
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest

import scenes
from gray_clips import fails, grays, seen
from mien.videos import container
from mien.videos.reader import VideoReader


def test_a_cover_is_no_film(tmp_path: Path) -> None:
    cover = np.full((120, 120, 3), 255, np.uint8)
    path = scenes.with_cover(tmp_path / "cover.mp4", cover, list(grays(6)), sound=True)
    assert [number for number, _ in seen(path)] == list(range(6))
    song = scenes.with_cover(tmp_path / "song.m4a", cover, sound=True)
    assert "has no film, only audio and a cover" in fails(song)


@pytest.mark.parametrize(
    "name", ["2024-01-01T10:30:00.mp4", "file:a.mp4", "http:b.mkv", "50%d.mp4", "concat:c|d.mp4", "7"]
)
def test_a_file_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    scenes.clip(tmp_path / "clip.mp4", grays(3)).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert len(seen(Path(name))) == 3


def test_a_pictures_name_is_no_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, gray in (("p1.png", 20), ("p2.png", 30), ("p%d.png", 40)):
        scenes.save(np.full((48, 64, 3), gray, np.uint8), Path(name))
    assert [number for number, _ in seen(Path("p%d.png"))] == [4]


def test_what_is_no_clip_says_so(plain: Path, tmp_path: Path) -> None:
    assert "There is no video" in fails(tmp_path / "absent.mp4")
    assert "is a folder" in fails(tmp_path)
    (tmp_path / "empty.mp4").touch()
    assert "is empty (0 bytes)" in fails(tmp_path / "empty.mp4")
    (tmp_path / "text.mp4").write_text("hello " * 100)
    assert "can't be opened as a video" in fails(tmp_path / "text.mp4")
    (tmp_path / "headless.mp4").write_bytes(plain.read_bytes()[: plain.stat().st_size // 2])
    assert "can't be opened as a video (it is truncated: the index" in fails(tmp_path / "headless.mp4")
    assert "ends before the requested start" in fails(plain, start=30)
    assert "can't be opened as a video" in fails("rtsp://127.0.0.1:9/stream", wait=1)
    assert "can't be opened as a video" in fails(f"rtsp://127.0.0.1:9/{'long' * 100}", wait=1)
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
    with VideoReader(f"{address}/clip.mkv") as clip:
        assert len(list(clip.frames())) == 12
    # An MP4 has its index at the end, which this server can't skip to.
    noise = np.random.default_rng(0).integers(0, 256, (30, 240, 320, 3), dtype=np.uint8)
    scenes.clip(folder / "clip.mp4", noise)
    assert "can't be read (Input/output error): check the source and the connection" in fails(f"{address}/clip.mp4")
    assert "can't be opened as a video" in fails(f"{address}/absent.mp4")


def test_a_clip_without_a_picture_says_so(tmp_path: Path) -> None:

    with av.open(str(tmp_path / "sound.wav"), "w") as file:
        stream = file.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        frame.rate = 8000
        file.mux(stream.encode(frame))
        file.mux(stream.encode())
    assert "has no picture, only audio" in fails(tmp_path / "sound.wav")


def box(kind: bytes, size: int = 16, long: bool = False) -> bytes:
    """A box of an MP4 file."""
    head = (1).to_bytes(4, "big") + kind + size.to_bytes(8, "big") if long else size.to_bytes(4, "big") + kind
    return head.ljust(size, b"\0")


@pytest.mark.parametrize(
    ("content", "lacks"),
    [
        (box(b"ftyp") + box(b"mdat", 100), True),
        (box(b"ftyp") + box(b"mdat", 100, long=True), True),
        (box(b"ftyp") + box(b"mdat", 100) + box(b"moov", 40), False),
        (box(b"ftyp") + box(b"moov", 40) + box(b"mdat", 100), False),
        (box(b"free") + box(b"mdat", 100), False),  # no MP4
        (b"", False),
        (b"text " * 20, False),
    ],
)
def test_an_mp4_without_its_index_is_told(tmp_path: Path, content: bytes, lacks: bool) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    assert container._lacks_index(tmp_path / "a.mp4") is lacks
    assert not container._lacks_index(tmp_path)


@pytest.mark.parametrize(
    ("text", "seconds"), [("00:01:02.5", 62.5), ("01:00:00.000000000", 3600), ("90", None), ("", None), ("a:b:c", None)]
)
def test_the_duration_of_matroska_is_parsed(text: str, seconds: float | None) -> None:
    assert container._seconds(text) == seconds


@pytest.mark.parametrize(
    ("ending", "codec", "own"), [("mp4", "libx264", True), ("mkv", "libx264", True), ("avi", "mpeg4", True), ("ts", "mpeg2video", False)]
)  # fmt: skip
def test_the_end_that_a_header_declares(tmp_path: Path, ending: str, codec: str, own: bool) -> None:
    path = scenes.clip(tmp_path / f"a.{ending}", grays(20), rate=20, codec=codec)
    with container.open_container(str(path), 5) as opened:
        film = container.film_stream(opened, str(path))
        end, of_film = container.declared_end(opened, film)
        assert film.type == "video"
        assert container.is_seekable(opened) is (ending in ("mp4", "mkv"))
    assert of_film is own
    assert end == (pytest.approx(1, abs=0.06) if own else None)


def test_the_name_of_a_file_names_no_protocol() -> None:
    assert container.local("10:30.mp4") == "file:10:30.mp4"


def test_an_error_is_told_in_its_own_words() -> None:
    assert container.words(OSError(5, "Input/output error")) == "Input/output error"
    assert container.words(ValueError("so")) == "so"
    assert container.words(ValueError()) == "ValueError"


@pytest.mark.parametrize(
    ("system", "form", "name"),
    [("linux", "v4l2", "/dev/video3"), ("darwin", "avfoundation", "3"), ("win32", "dshow", "video=3")],
)
def test_a_number_is_a_webcam_of_the_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str, form: str, name: str
) -> None:
    asked: list[tuple[str, str | None]] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(av, "open", lambda source, format, **_: asked.append((source, format)))
    container.open_container("3", 5)
    assert asked == [(name, form)]


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile http://127.0.0.1:{port}/a.ts\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("name", ["list.mp4", "list.m3u8", "list.ffconcat"])
def test_a_playlist_in_a_file_reaches_no_network(tmp_path: Path, kind: str, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        path = tmp_path / name
        path.write_text(PLAYLISTS[kind].format(port=server.getsockname()[1]))
        fails(path)
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            server.accept()
