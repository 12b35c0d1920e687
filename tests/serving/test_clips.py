"""The endpoints of clips."""

from __future__ import annotations

import csv
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import scenes
import servers

MP4 = {"Content-Type": "video/mp4"}
KEY = "0123456789abcdef"
MAX_VIDEO = 2_000_000
IN_PIECES = [bytes(MAX_VIDEO), b"x"]
"""A body that doesn't state its length."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of temporary files."""
    folder, before = tmp_path_factory.mktemp("temporary"), tempfile.tempdir
    tempfile.tempdir = str(folder)
    yield folder
    tempfile.tempdir = before


@pytest.fixture(scope="module")
def client(place: Path) -> Iterator[httpx.Client]:
    with (
        servers.running(max_video=MAX_VIDEO, max_videos=2, max_body=1_000_000) as url,
        servers.Client(base_url=url) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return scenes.film(tmp_path_factory.mktemp("film") / "film.mp4", "happy", "surprise").read_bytes()


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return scenes.film(
        tmp_path_factory.mktemp("film") / "long.mp4", "happy", "sad", seconds=30, side=200, codec="mpeg4"
    ).read_bytes()


def done(client: httpx.Client, sent: httpx.Response) -> dict[str, Any]:
    """The clip once it is read."""
    assert sent.status_code == 202, sent.text
    last = time.monotonic() + 60
    while (found := client.get(f"/v1/videos/{sent.json()['id']}").json())["state"] in ("waiting", "running"):
        assert time.monotonic() < last
        time.sleep(0.02)
    return dict(found)


def test_a_clip_is_sent_read_and_deleted(client: httpx.Client, film: bytes, place: Path) -> None:
    assert len(film) < MAX_VIDEO
    read = done(client, client.post("/v1/videos?every=2", content=film, headers=MP4))
    assert (read["state"], read["error"], read["model"]) == ("done", None, "tiny")
    assert read["duration"] == pytest.approx(3.0, abs=0.1)
    assert [segment["label"] for segment in read["result"]["segments"]] == ["happy", "surprise"]
    address = f"/v1/videos/{read['id']}"
    lines = client.get(f"{address}/rows.jsonl")
    table = client.get(f"{address}/rows.csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    frames = [json.loads(line)["frame"] for line in lines.text.splitlines()]
    assert frames == [int(row["frame"]) for row in csv.DictReader(table.text.splitlines())] == list(range(0, 30, 2))
    assert "mien_videos 1.0" in client.get("/metrics").text
    for route in ("/v1/videos", "/v1/videos/{id}", "/v1/videos/{id}/rows.{form}"):
        assert f'route="{route}"' in client.get("/metrics").text
    assert client.get(f"{address}/rows.xml").status_code == 422
    assert client.delete(address).status_code == 204
    for gone in (client.get(address), client.get(f"{address}/rows.csv"), client.delete(address)):
        assert gone.status_code == 404
    assert not list(place.rglob("rows*"))


def test_other_requests_are_answered_meanwhile_and_a_clip_can_be_cancelled(
    client: httpx.Client, long: bytes, two_faces: bytes, place: Path
) -> None:
    sent = client.post("/v1/videos", content=long, headers=MP4)
    address = f"/v1/videos/{sent.json()['id']}"
    assert client.get(f"{address}/rows.csv").status_code == 409
    while client.get(address).json()["seconds"] == 0:
        time.sleep(0.02)
    started = time.perf_counter()
    photo = client.post("/v1/analyze", content=two_faces, headers={"Content-Type": "image/jpeg"})
    assert len(photo.json()["photos"][0]["faces"]) == 2
    assert time.perf_counter() - started < 5
    second = client.post("/v1/videos", content=long, headers=MP4)
    assert second.json()["state"] == "waiting"
    third = client.post("/v1/videos", content=long, headers=MP4)
    assert third.status_code == 503
    assert third.headers["retry-after"] == "30"
    assert client.get(address).json()["state"] == "running"
    for one in (address, f"/v1/videos/{second.json()['id']}"):
        assert client.delete(one).status_code == 204
    last = time.monotonic() + 20
    while any("clip" in names for _, _, names in os.walk(place)):
        assert time.monotonic() < last
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        ({"content": bytes(MAX_VIDEO + 1), "headers": MP4}, 413, "2,000,000 bytes allowed"),
        ({"content": IN_PIECES, "headers": MP4}, 413, "2,000,000 bytes allowed"),
        ({"content": b"x", "headers": {"Content-Type": "image/png"}}, 415, "Send a clip as the body"),
        ({"content": b"no clip", "headers": MP4}, 422, "unknown format"),
        ({"content": b"", "headers": MP4}, 422, "The body is empty"),
        ({"content": b"x", "headers": MP4, "params": {"model": "none"}}, 404, "no such model"),
        ({"content": b"x", "headers": MP4, "params": {"every": 0}}, 422, "every: "),
    ],
)
def test_what_is_refused_takes_no_place(
    client: httpx.Client, options: dict[str, Any], status: int, words: str, place: Path
) -> None:
    for _ in range(3):
        body = options["content"]
        answer = client.post("/v1/videos", **options | {"content": iter(body) if body is IN_PIECES else body})
        assert (answer.status_code, words in answer.json()["detail"]) == (status, True)
    assert "mien_videos 0.0" in client.get("/metrics").text
    assert not list(place.rglob("clip"))


def test_a_damaged_clip_is_said(client: httpx.Client) -> None:
    read = done(client, client.post("/v1/videos", content=b"\x00\x00\x00\x18ftypmp42" + bytes(500), headers=MP4))
    assert read["state"] == "failed"
    assert read["error"]["status"] == 422
    assert read["error"]["detail"].startswith("The clip can't be opened as a video")
    client.delete(f"/v1/videos/{read['id']}")


def test_keys_protect_clips_and_the_folder_goes_with_the_server(film: bytes, place: Path) -> None:
    with servers.running(keys=(KEY,)) as url:
        assert servers.post(f"{url}/v1/videos", content=film, headers=MP4).status_code == 401
        sent = servers.post(f"{url}/v1/videos", content=film, headers=MP4 | {"Authorization": f"Bearer {KEY}"})
        address = f"{url}/v1/videos/{sent.json()['id']}"
        assert [servers.request(verb, address).status_code for verb in ("GET", "DELETE")] == [401, 401]
        assert len(list(place.iterdir())) > 0
        before = set(place.iterdir())
    assert len(set(place.iterdir())) < len(before)


def test_a_server_can_refuse_all_clips(film: bytes) -> None:
    with servers.running(max_video=0) as url:
        assert servers.post(f"{url}/v1/videos", content=film, headers=MP4).status_code == 404
        assert servers.get(f"{url}/v1/models").json()["limits"]["video"] is None


def test_a_slow_sender_is_refused(client: httpx.Client, film: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.serving.bodies.PATIENCE", 0.3)
    stopped = threading.Event()

    def slowly() -> Iterator[bytes]:
        yield film[:100]
        stopped.wait(3)
        yield film[100:]

    answer = client.post("/v1/videos", content=slowly(), headers=MP4)
    assert answer.status_code == 408
    assert "mien_videos 0.0" in client.get("/metrics").text
