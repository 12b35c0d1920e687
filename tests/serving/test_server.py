"""The process itself: how it starts, stops, and keeps nothing."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import scenes
import servers

JPEG = {"Content-Type": "image/jpeg"}
Invoke = Callable[..., tuple[int, str, str]]


def no_files() -> None:
    """From here on, this process can write nothing to any file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@contextmanager
def process(folder: Path, *arguments: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``mien serve`` as a process of its own that can't write to files; the process and its address."""
    environment = {**os.environ, "HOME": str(folder), "TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("CI", None)  # onnxruntime's telemetry keeps silent where it is set
    command = [sys.executable, "-m", "mien", "serve", "--port", "0", "--model", "tiny", *arguments]
    started = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        preexec_fn=no_files,
        env=environment | variables,
    )
    try:
        assert started.stderr is not None
        line = started.stderr.readline()
        assert "mien serves http://" in line, line
        yield started, line.split()[2]
    finally:
        if started.poll() is None:
            started.kill()
        started.communicate()


def test_nothing_received_is_written_to_disk_or_to_the_log(tmp_path: Path) -> None:
    large = scenes.encoded(scenes.scene(("happy", "sad"), width=1600, height=1200, side=300), "PNG")
    assert len(large) > 2**21  # more than form parsers hold in memory
    secret = "holiday-in-Taipei"
    with process(tmp_path) as (server, url):
        files = [("files", (f"{secret}-{number}.png", large)) for number in range(3)]
        answer = servers.post(f"{url}/v1/analyze", files=files, timeout=60)
        assert [len(photo["faces"]) for photo in answer.json()["photos"]] == [2, 2, 2]
        assert (
            servers.post(f"{url}/v1/analyze", content=large, headers={"Content-Type": "image/png"}).status_code == 200
        )
        for path in (f"/{secret}", f"/v1/models?{secret}", f"/page/{secret}"):
            servers.get(url + path, headers={"User-Agent": secret, "X-Request-ID": secret})
        servers.post(f"{url}/v1/analyze?model={secret}", content=secret, headers={"Content-Type": f"text/{secret}"})
        broken = secret.encode() + b"--x\r\n"
        servers.post(f"{url}/v1/analyze", content=broken, headers={"Content-Type": "multipart/form-data; boundary=x"})
        tiff = scenes.encoded(scenes.background(200, 200), "TIFF", compression="tiff_adobe_deflate")
        damaged = tiff[:200] + secret.encode() * 20 + tiff[200 + 20 * len(secret) :]
        servers.post(f"{url}/v1/analyze", content=damaged, headers={"Content-Type": "image/tiff"})
        servers.request(secret.replace("-", ""), url)
        server.send_signal(signal.SIGINT)
        _, log = server.communicate(timeout=20)
    assert server.returncode == 0
    lines = [json.loads(line) for line in log.splitlines()]
    assert len([line for line in lines if line["event"] == "request"]) == 9
    assert all(set(line) <= {"time", "level", "event", "id", "method", "route", "status", "ms"} for line in lines)
    assert secret not in log
    assert secret.replace("-", "") not in log
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_what_is_running_is_finished_before_it_stops(tmp_path: Path, stop: signal.Signals, two_faces: bytes) -> None:
    with process(tmp_path, "--grace", "0") as (server, url):
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            head = f"POST /v1/analyze HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: {len(two_faces)}\r\n\r\n"
            connection.sendall(head.encode() + two_faces[:1000])
            while "mien_bytes_held 1000.0" not in servers.get(f"{url}/metrics").text:
                time.sleep(0.01)
            server.send_signal(stop)
            time.sleep(0.5)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((host, int(port)), timeout=5)
            connection.sendall(two_faces[1000:])
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        assert answer.startswith(b"HTTP/1.1 200")
        assert len(json.loads(answer.partition(b"\r\n\r\n")[2])["photos"][0]["faces"]) == 2
        server.communicate(timeout=20)
        assert server.returncode in (0, -stop)


def test_requests_that_were_sent_are_answered_when_it_stops(tmp_path: Path, two_faces: bytes) -> None:
    """Forty at once to one thread take longer than the quarter of a second after which it is told to stop."""
    with process(tmp_path, "--threads", "1", "--grace", "3") as (server, url):
        host, port = url.removeprefix("http://").split(":")
        head = f"POST /v1/analyze HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: {len(two_faces)}\r\n\r\n"
        connections = [socket.create_connection((host, int(port)), timeout=60) for _ in range(40)]
        for connection in connections:
            connection.sendall(head.encode() + two_faces)
        time.sleep(0.25)
        server.send_signal(signal.SIGTERM)
        late = b""
        while not late.startswith(b"HTTP/1.1 503"):  # while the grace time lasts: then no connection is made any more
            with socket.create_connection((host, int(port)), timeout=60) as asking:
                asking.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                late = read_all(asking)
        answers = [read_all(connection) for connection in connections]
        assert [answer[:12] for answer in answers] == [b"HTTP/1.1 200"] * 40
        server.communicate(timeout=60)
        assert server.returncode in (0, -signal.SIGTERM)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_grace_time(tmp_path: Path, stop: signal.Signals) -> None:
    with process(tmp_path, "--grace", "600") as (server, url):
        assert servers.get(f"{url}/healthz").status_code == 200
        server.send_signal(signal.SIGTERM)
        while servers.get(f"{url}/readyz").status_code != 503:
            time.sleep(0.02)
        answer = servers.get(f"{url}/healthz")
        assert answer.status_code == 200
        assert answer.headers["connection"] == "close"
        server.send_signal(stop)
        server.communicate(timeout=20)


def read_all(connection: socket.socket) -> bytes:
    """What comes until the connection is closed."""
    with connection:
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


def test_a_taken_port_is_one_clear_sentence(invoke: Invoke) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, err = invoke("serve", "--model", "tiny", "--port", taken.getsockname()[1])
    assert code == 2
    assert "choose another with --host and --port" in err


def test_a_model_that_is_not_there_is_one_clear_sentence(invoke: Invoke, tmp_path: Path) -> None:
    code, _, err = invoke("serve", "--model", tmp_path / "none.onnx")
    assert code == 1
    assert "none.onnx" in err
    assert invoke("serve", "--queue", "-1")[0] == 2


def test_serving_loads_nothing_of_training() -> None:
    code = "from mien.serving import server, settings; server.prepare(settings.Settings(models=('tiny',)))"
    listing = f"import sys; {code}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    assert not {"torch", "sklearn", "scipy", "matplotlib", "jinja2", "onnx", "pyarrow", "av"} & set(done.stdout.split())
