"""Request bodies, read within limits and in memory only."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import Request

from mien.errors import RequestError
from mien.serving import bodies
from mien.serving.settings import Settings


def is_problem(answer: httpx.Response, status: int, words: str) -> bool:
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(body) == {"type", "title", "status", "detail"}
    assert body["detail"][-1] in ".)" or "  " in body["detail"]
    return answer.status_code == body["status"] == status and words in body["detail"]


def test_a_form_that_is_cut_off_loses_no_file_without_a_word(client: httpx.Client, two_faces: bytes) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.jpg"\r\n\r\n' + two_faces
    headers = {"Content-Type": 'multipart/form-data; boundary="x"'}
    whole = client.post("/v1/analyze", content=part + b"\r\n" + part + b"\r\n--x--", headers=headers)
    assert len(whole.json()["photos"]) == 2
    cut = client.post("/v1/analyze", content=part + b"\r\n" + part[:-100], headers=headers)
    assert is_problem(cut, 400, "can't be read")


def received(
    body: bytes | list[bytes], kind: str = "image/jpeg", held: list[int] | None = None, **headers: str
) -> list[bodies.Upload]:
    """What is read of a request whose body arrives in these pieces."""
    pieces = [body] if isinstance(body, bytes) else list(body)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    given = {"content-type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    raw = [(name.encode(), value.encode()) for name, value in given.items()]
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": raw}, receive)
    settings = Settings(models=("tiny",), max_body=1000, max_files=2)
    return asyncio.run(bodies.read(request, settings, (held if held is not None else []).append))


def form(*files: tuple[str, bytes]) -> bytes:
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="%b"\r\n\r\n%b\r\n' % (name.encode(), data)
        for name, data in files
    ]
    return b"".join(parts) + b"--x--\r\n"


def test_a_whole_body_is_one_picture_without_a_name() -> None:
    held: list[int] = []
    assert received([b"abc", b"de"], held=held) == [bodies.Upload(None, b"abcde")]
    assert sum(held) == 5
    assert received(b"x", "application/octet-stream") == [bodies.Upload(None, b"x")]


def test_the_files_of_a_form_come_with_their_names() -> None:
    found = received(form(("é.jpg", b"one"), ("", b"two")), "multipart/form-data; boundary=x")
    assert found[0] == bodies.Upload("é.jpg", b"one")
    assert received(form(("a", b"one")), "multipart/form-data; boundary=x; charset=utf-7")[0].name == "a"


@pytest.mark.parametrize(
    ("status", "words", "body", "kind", "headers"),
    [
        (415, "Send one picture", b"x", "text/plain", {}),
        (415, "Compressed bodies", b"x", "image/png", {"content_encoding": "gzip"}),
        (422, "The body is empty", b"", "image/png", {}),
        (413, "more than the 1,000 bytes allowed", b"x" * 1001, "image/png", {}),
        (413, "more than the 1,000 bytes allowed", b"", "image/png", {"content_length": "9000"}),
        (413, "more than the 1,000 bytes allowed", b"", "image/png", {"content_length": "1001", "expect": "100-continue"}),
        (413, "at most 2 files", form(("a", b"1"), ("b", b"2"), ("c", b"3")), "multipart/form-data; boundary=x", {}),
        (400, "The form can't be read", form(("a", b"1"))[:-6], "multipart/form-data; boundary=x", {}),
        (400, "The form can't be read", form(("a", b"1")), "multipart/form-data", {}),
        (422, "The form has no files", b"--x--\r\n", "multipart/form-data; boundary=x", {}),
    ],
)  # fmt: skip
def test_what_can_not_be_taken_has_its_status(
    status: int, words: str, body: bytes, kind: str, headers: dict[str, Any]
) -> None:
    with pytest.raises(RequestError, match=words) as caught:
        received(body, kind, **headers)
    assert caught.value.status == status


def test_a_body_too_large_is_read_to_its_end_and_held_by_nobody() -> None:
    held: list[int] = []
    with pytest.raises(RequestError):
        received([b"x" * 500, b"x" * 400, b"x" * 200], held=held)
    assert sum(held) == 900
    held.clear()
    with pytest.raises(RequestError):
        received([b"x" * 500, b"x" * 600], held=held, content_length="1100")
    assert sum(held) == 0
