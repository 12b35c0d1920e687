"""The files of the page: compressed where the client prefers it, and not sent again."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import httpx
import pytest

import mien
from mien.serving import api, assets
from mien.serving.assets import Assets

PAGE = Path(mien.__file__).parent / "serving" / "page"


@pytest.mark.parametrize(
    ("accepted", "is_gzip"),
    [
        ("gzip, deflate, br", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("*", True),
        ("gzip;q=0.5", True),
        ("gzip; q=1.0, identity; q=0.5", True),
        ("gzip;q=0.5, identity;q=0.8", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("gzip;q=x", False),
        ("", False),
    ],
)
def test_the_preference_of_the_client_counts(accepted: str, is_gzip: bool) -> None:
    assert assets.prefers_gzip(accepted) == is_gzip


@pytest.mark.parametrize(
    ("known", "is_there"),
    [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"a-gzip"', False), ("", False)],
)
def test_files_are_known_by_their_etag(known: str, is_there: bool) -> None:
    assert assets.has('"a"', known) == is_there


def test_a_file_is_compressed_and_not_sent_again(client: httpx.Client) -> None:
    content = (PAGE / "style.css").read_bytes()
    with client.stream("GET", "/page/style.css", headers={"Accept-Encoding": "gzip"}) as answer:
        body = b"".join(answer.iter_raw())
    assert gzip.decompress(body) == content
    assert len(body) < len(content) / 2
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["x-decoded-length"] == str(len(content))
    plain = client.get("/page/style.css", headers={"Accept-Encoding": "identity"})
    assert plain.content == content
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"
    assert plain.headers["etag"] != answer.headers["etag"]  # they are two representations
    for encoding, found in (("gzip", answer), ("identity", plain)):
        asked = {"Accept-Encoding": encoding, "If-None-Match": found.headers["etag"]}
        again = client.get("/page/style.css", headers=asked)
        assert (again.status_code, again.content) == (304, b"")
        assert [again.headers[name] for name in ("etag", "vary", "cache-control")] == [
            found.headers[name] for name in ("etag", "vary", "cache-control")
        ]


def test_files_with_their_version_are_kept_for_good(client: httpx.Client) -> None:
    page = client.get("/").text
    (address,) = re.findall(r'src="(/page/[0-9a-f]{12}/main\.js)"', page)
    kept = client.get(address)
    assert kept.content == (PAGE / "main.js").read_bytes()
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert client.get("/page/main.js").headers["cache-control"] == "no-cache"
    other = client.get(f"/page/{'0' * 12}/main.js")
    assert (other.status_code, other.json()["detail"]) == (404, "There is no such file: reload the page.")


def test_the_version_is_that_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1")
    first = Assets({"": tmp_path}, {})
    assert Assets({"": tmp_path}, {}).version == first.version
    (tmp_path / "a.js").write_text("2")
    assert Assets({"": tmp_path}, {}).version != first.version


def test_the_runtime_is_a_quarter_on_the_way(client: httpx.Client, on_device: None) -> None:
    path = "/page/ort/ort-wasm-simd-threaded.wasm"
    with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        body = b"".join(answer.iter_raw())
    size = api.RUNTIME.stat().st_size
    assert len(body) < 0.3 * size
    assert hashlib.sha256(gzip.decompress(body)).digest() == hashlib.sha256(api.RUNTIME.read_bytes()).digest()
    assert (answer.headers["content-type"], answer.headers["x-decoded-length"]) == ("application/wasm", str(size))


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/docs",
        "/page/main.js",
        "/page/samples/one.jpg",
        "/page/swagger/swagger-ui.css",
        "/openapi.json",
        "/v1/models",
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1/detector/file",
    ],
)
def test_head_is_answered_like_get(client: httpx.Client, path: str) -> None:
    get, head = client.get(path), client.head(path)
    assert (get.status_code, head.status_code, head.content) == (200, 200, b"")
    fleeting = {"date", "x-request-id"} | ({"content-length"} if path == "/metrics" else set())
    assert {name: value for name, value in head.headers.items() if name not in fleeting} == {
        name: value for name, value in get.headers.items() if name not in fleeting
    }


def test_models_are_not_sent_again(client: httpx.Client) -> None:
    first = client.get("/v1/detector/file")
    assert len(first.content) == int(first.headers["x-decoded-length"]) > 200_000
    assert client.get("/v1/detector/file", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
