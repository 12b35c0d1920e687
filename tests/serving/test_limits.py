"""Every limit is kept, the answer says which, and the server lives on."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import hostile
import scenes
import servers
from mien.serving import bodies, engine, server

JPEG = {"Content-Type": "image/jpeg"}
MAX_BODY = 200_000


@pytest.fixture(scope="module")
def small() -> Iterator[str]:
    """A server with low limits."""
    limits = {"max_body": MAX_BODY, "max_pixels": 1_000_000, "max_files": 3, "max_faces": 1, "timeout": 2.0}
    with servers.running(**limits) as url:
        yield url


Connect = Callable[[str], servers.Connection]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Opens connections, which are closed after the test."""
    with contextlib.ExitStack() as opened:
        yield lambda url: opened.enter_context(contextlib.closing(servers.Connection(url)))


@pytest.fixture(autouse=True)
def lives(small: str) -> Iterator[None]:
    """After each test the server must still read a photo."""
    yield
    photo = scenes.encoded(scenes.scene(("happy",), width=320, height=240, side=150))
    answer = servers.post(f"{small}/v1/analyze", content=photo, headers=JPEG)
    assert len(answer.json()["photos"][0]["faces"]) == 1


def test_a_large_body_is_refused_and_the_answer_arrives(small: str) -> None:
    for size in (MAX_BODY + 1, 5 * MAX_BODY):
        answer = servers.post(f"{small}/v1/analyze", content=bytes(size), headers=JPEG)
        assert answer.status_code == 413
        assert f"{MAX_BODY:,}" in answer.json()["detail"]
        assert answer.headers["connection"] == "close"


def test_a_huge_body_is_refused_before_it_is_sent(small: str, connect: Connect) -> None:
    connection = connect(small)
    connection.head("/v1/analyze", "Content-Type: image/jpeg", f"Content-Length: {10**12}")
    status, headers, body = connection.answer()
    assert (status, headers["connection"]) == (413, "close")
    assert body["status"] == 413


def test_who_asks_first_is_refused_at_once(small: str, connect: Connect) -> None:
    connection = connect(small)
    connection.head(
        "/v1/analyze", "Content-Type: image/jpeg", f"Content-Length: {2 * MAX_BODY}", "Expect: 100-continue"
    )
    assert connection.answer()[0] == 413


def test_chunks_without_end_are_cut_off(small: str, connect: Connect) -> None:
    connection = connect(small)
    connection.head("/v1/analyze", "Content-Type: image/jpeg", "Transfer-Encoding: chunked")
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    sent = 0
    try:
        while sent < 100 * MAX_BODY:
            connection.send(chunk)
            sent += len(chunk)
    except OSError:
        pass  # it was closed on us, as it should be
    assert sent < 100 * MAX_BODY


def test_a_form_without_end_is_cut_off(small: str) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = servers.post(f"{small}/v1/analyze", content=head + bytes(MAX_BODY), headers=headers)
    assert answer.status_code == 413


def test_a_body_that_trickles_is_given_up_before_the_time_is_over(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 0.5)
    with servers.running() as url:
        connection = connect(url)
        connection.head("/v1/analyze", "Content-Type: image/jpeg", "Content-Length: 100000")
        started = time.perf_counter()
        with contextlib.suppress(OSError):
            while time.perf_counter() - started < 10:
                connection.send(b"x" * 100)
                time.sleep(0.1)
                connection.socket.settimeout(0.001)
                with contextlib.suppress(TimeoutError):
                    if connection.socket.recv(1, socket.MSG_PEEK):
                        break
        connection.socket.settimeout(20)
        assert connection.answer()[0] == 408
        assert time.perf_counter() - started < 5


def test_no_more_bytes_are_held_than_are_allowed(connect: Connect) -> None:
    with servers.running(max_body=100_000, max_requests=1, queue=1) as url:
        waiting = [connect(url) for _ in range(3)]
        for connection in waiting:
            connection.head("/v1/analyze", "Content-Type: image/jpeg", "Content-Length: 100000")
            connection.send(bytes(90_000))
            time.sleep(0.1)
        status, headers, _ = waiting[2].answer()
        assert (status, headers["retry-after"]) == (503, "1")
        for connection in waiting:
            connection.close()


def test_a_slow_body_is_given_up(small: str, connect: Connect) -> None:
    connection = connect(small)
    connection.head("/v1/analyze", "Content-Type: image/jpeg", "Content-Length: 1000")
    started = time.perf_counter()
    connection.send(b"\xff\xd8")
    status, headers, body = connection.answer()
    assert status == 408
    assert headers["connection"] == "close"
    assert "too long to arrive" in body["detail"]
    assert time.perf_counter() - started < 4


def test_a_slow_head_is_given_up(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.5)
    with servers.running() as url:
        for first in (b"", b"POST /v1/ana", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"):
            connection = connect(url)
            started = time.perf_counter()
            if first:
                connection.send(first)
            assert connection.answer()[0] == 0
            assert time.perf_counter() - started < 5
        connection = connect(url)  # the second request of a connection
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.answer()[0] == 200
        connection.send(b"GET /heal")
        assert connection.answer()[0] == 0


def test_many_slow_clients_do_not_keep_others_out(
    small: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 1.0)  # long before the whole request's limit, also on a busy machine
    slow = [connect(small) for _ in range(200)]  # more than may be at work or wait
    for connection in slow:
        connection.head("/v1/analyze", "Content-Type: image/jpeg", "Content-Length: 1000")
    time.sleep(0.2)
    photo = scenes.encoded(scenes.scene(("happy",), width=320, height=240, side=150))
    assert servers.post(f"{small}/v1/analyze", content=photo, headers=JPEG, timeout=10).status_code == 200
    assert {connection.answer()[0] for connection in slow} == {408}


def test_aborted_uploads_leave_nothing_behind(small: str, connect: Connect) -> None:
    for _ in range(20):
        connection = connect(small)
        connection.head("/v1/analyze", "Content-Type: image/jpeg", "Content-Length: 100000")
        connection.send(bytes(1000))
        connection.close()
    deadline = time.monotonic() + 5
    while "mien_bytes_held 0.0" not in servers.get(f"{small}/metrics").text:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    "photo",
    [
        hostile.png_header(50_000, 50_000),
        scenes.encoded(np.zeros((10_000, 10_000), np.uint8), "PNG"),
        scenes.encoded(scenes.background(1200, 900), "JPEG", quality=40),
    ],
    ids=["bomb", "10000x10000", "beyond the setting"],
)
def test_too_many_pixels_are_refused_before_they_are_decoded(small: str, photo: bytes) -> None:
    started = time.perf_counter()
    answer = servers.post(f"{small}/v1/analyze", content=photo, headers={"Content-Type": "image/png"})
    assert answer.status_code == 422
    assert "more than the 1,000,000 allowed" in answer.json()["detail"]
    assert time.perf_counter() - started < 2


def test_too_many_files_are_refused(small: str, no_face: bytes) -> None:
    files = [("files", (f"{number}.png", b"x")) for number in range(4)]
    answer = servers.post(f"{small}/v1/analyze", files=files)
    assert answer.status_code == 413
    assert "at most 3 files" in answer.json()["detail"]


def test_only_so_many_faces_are_read(small: str, two_faces: bytes) -> None:
    assert len(two_faces) <= MAX_BODY
    answer = servers.post(f"{small}/v1/analyze", content=two_faces, headers=JPEG)
    assert len(answer.json()["photos"][0]["faces"]) == 1


def test_beyond_the_queue_there_is_a_503_and_those_inside_are_answered(
    two_faces: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    find = engine.Engine._find

    def held(*arguments: object) -> object:
        assert go_on.wait(20)
        return find(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(engine.Engine, "_find", held)
    statuses: list[int] = []
    with servers.running(max_requests=1, queue=2) as url:

        def post() -> None:
            statuses.append(servers.post(f"{url}/v1/analyze", content=two_faces, headers=JPEG, timeout=30).status_code)

        inside = [threading.Thread(target=post) for _ in range(3)]
        for thread in inside:
            thread.start()
        while "mien_requests_inside 3.0" not in servers.get(f"{url}/metrics").text:
            time.sleep(0.01)
        answer = servers.post(f"{url}/v1/analyze", content=two_faces, headers=JPEG)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["detail"].startswith("The server is overloaded")
        assert servers.get(f"{url}/readyz").status_code == 503
        assert servers.get(f"{url}/healthz").status_code == 200
        go_on.set()
        for thread in inside:
            thread.join()
        assert servers.get(f"{url}/readyz").status_code == 200
    assert statuses == [200, 200, 200]


def test_work_that_takes_too_long_is_given_up(two_faces: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    find = engine.Engine._find

    def held(*arguments: object) -> object:
        go_on.wait(20)
        return find(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(engine.Engine, "_find", held)
    with servers.running(timeout=0.5) as url:
        answer = servers.post(f"{url}/v1/analyze", content=two_faces, headers=JPEG, timeout=30)
        go_on.set()
        assert answer.status_code == 503
        assert "longer than the 0.5 seconds" in answer.json()["detail"]
        assert servers.post(f"{url}/v1/analyze", content=two_faces, headers=JPEG, timeout=30).status_code == 200
