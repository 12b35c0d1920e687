"""What holds for every answer."""

from __future__ import annotations

import http.client
import json
import logging
import re

import httpx
import pytest

import servers
from mien.serving import engine
from mien.serving.logs import JsonFormatter

KEY, OTHER = "0123456789abcdef", "fedcba9876543210"
JPEG = {"Content-Type": "image/jpeg"}


@pytest.mark.parametrize("path", ["/", "/docs", "/page/style.css", "/v1/models", "/healthz", "/nothing"])
def test_every_answer_has_an_id_and_security_headers(client: httpx.Client, path: str) -> None:
    first, second = client.get(path), client.get(path)
    assert len(first.headers["x-request-id"]) == 16
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    policy = first.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert ("unsafe-inline" in policy) == (path == "/docs")
    assert "'unsafe-eval'" not in policy
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["x-frame-options"] == "DENY"
    assert "server" not in first.headers
    assert "access-control-allow-origin" not in first.headers


def test_keys_lock_the_api_and_nothing_else(two_faces: bytes) -> None:
    with servers.running(keys=(KEY, OTHER)) as url, servers.Client(base_url=url) as client:
        open_paths = ("/", "/docs", "/openapi.json", "/healthz", "/readyz", "/page/main.js")
        assert {client.get(path).status_code for path in open_paths} == {200}
        for given in ({}, {"Authorization": f"Bearer {KEY}x"}, {"X-API-Key": KEY[:-1]}, {"X-API-Key": "é" * 16}):
            wrong = httpx.Headers(given, encoding="utf-8")
            for path in ("/v1/models", "/metrics"):
                answer = client.get(path, headers=wrong)
                assert answer.status_code == 401
                assert answer.headers["www-authenticate"] == "Bearer"
                assert answer.json()["detail"].startswith("Send an API key")
        answer = client.post("/v1/analyze", content=two_faces, headers=JPEG)
        assert answer.status_code == 401
        for headers in ({"Authorization": f"bearer {KEY}"}, {"X-API-Key": OTHER}):
            assert client.get("/v1/models", headers=headers).json()["key_needed"] is True
            assert client.post("/v1/analyze", content=two_faces, headers={**JPEG, **headers}).status_code == 200


def test_the_documentation_knows_of_the_keys(client: httpx.Client) -> None:
    assert "securitySchemes" not in client.get("/openapi.json").json()["components"]
    with servers.running(keys=(KEY,)) as url:
        document = servers.get(f"{url}/openapi.json").json()
    assert len(document["components"]["securitySchemes"]) == 2
    assert len(document["paths"]["/v1/analyze"]["post"]["security"]) == 2
    assert "security" not in document["paths"]["/healthz"]["get"]


def test_files_are_asked_for_again_and_come_only_if_they_changed(client: httpx.Client) -> None:
    for path in ("/", "/page/main.js"):
        first = client.get(path)
        assert first.headers["cache-control"] == "no-cache"
        assert first.headers["etag"]
    again = client.get("/page/main.js", headers={"If-None-Match": client.get("/page/main.js").headers["etag"]})
    assert again.status_code == 304
    assert client.get("/v1/models").headers["cache-control"] == "no-store"


def test_other_sites_may_call_only_where_they_are_named() -> None:
    with servers.running(origins=("https://a.org",), keys=(KEY,)) as url, servers.Client(base_url=url) as client:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        answer = client.options("/v1/analyze", headers={"Origin": "https://a.org", **asked})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://a.org"
        answer = client.get("/v1/models", headers={"Origin": "https://a.org"})
        assert answer.status_code == 401  # and the page that asked may see that
        assert answer.headers["access-control-allow-origin"] == "https://a.org"
        answer = client.get("/healthz", headers={"Origin": "https://b.org"})
        assert "access-control-allow-origin" not in answer.headers


def test_a_fault_of_ours_is_a_problem_that_tells_nothing(
    two_faces: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("what was in the picture")

    monkeypatch.setattr(engine.Engine, "_find", broken)
    with servers.running() as url, caplog.at_level(logging.INFO, "mien.serving"):
        answer = servers.post(f"{url}/v1/analyze", content=two_faces, headers=JPEG)
        assert servers.get(f"{url}/healthz").status_code == 200
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] in answer.json()["detail"]
    assert "what was" not in answer.text
    lines = [json.loads(JsonFormatter().format(record)) for record in caplog.records]
    (fault,) = [line for line in lines if line["event"] == "error"]
    assert fault["id"] == answer.headers["x-request-id"]
    assert fault["error"] == "ZeroDivisionError"
    assert any("test_guard.py" in where for where in fault["where"])
    assert "what was" not in json.dumps(lines)


def status_of(url: str, host: str, path: str = "/v1/models") -> int:
    return servers.get(url + path, headers={"Host": host}).status_code


OWN = ["localhost", "LOCALHOST:8000", "localhost.", "a.localhost", "127.0.0.1", "127.1.2.3:80", "[::1]:8000"]
FOREIGN = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example:8000",
    "evil.example:80@localhost",
    "",
    "[evil]",
]


def test_only_names_of_this_machine_are_answered(url: str) -> None:
    for host in OWN:
        assert status_of(url, host) == 200, host
    for host in (*FOREIGN, "192.168.1.5", "[fe80::1]"):
        for path in ("/", "/v1/models", "/docs", "/metrics", "/page/main.js"):
            assert status_of(url, host, path) == 421, host
    answer = servers.post(f"{url}/v1/analyze", content=b"x", headers={"Host": "evil.example"})
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"
    assert "--allow-host" in answer.json()["detail"]
    assert "evil" not in answer.text


def test_of_two_host_headers_none_is_believed(url: str) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    connection.putrequest("GET", "/v1/models", skip_host=True)
    for host in ("localhost", "evil.example"):
        connection.putheader("Host", host)
    connection.endheaders()
    assert connection.getresponse().status in (400, 421)
    connection.close()


def test_names_that_are_allowed_are_answered_and_addresses_where_all_are_listened_on() -> None:
    with servers.running(host="0.0.0.0", hosts=("mien.example.org", "*.lan")) as url:
        local = url.replace("0.0.0.0", "127.0.0.1")
        for host in (*OWN, "192.168.1.5:8000", "[fe80::1]", "Mien.Example.org:443", "a.b.lan"):
            assert status_of(local, host) == 200, host
        for host in (*FOREIGN, "example.org", "x.mien.example.org", "lan", "evillan"):
            assert status_of(local, host) == 421, host
    with servers.running(hosts=("*",)) as url:
        assert status_of(url, "evil.example") == 200


def test_head_says_what_get_would(client: httpx.Client) -> None:
    for path in ("/", "/docs", "/openapi.json", "/healthz", "/readyz", "/v1/models", "/page/main.js", "/metrics"):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b""), path
        assert head.headers["content-type"] == get.headers["content-type"]
        if path != "/metrics":  # which counts what was asked meanwhile
            assert head.headers["content-length"] == get.headers["content-length"]
    assert client.head("/nothing").status_code == 404
    assert client.head("/v1/analyze").status_code == 405
    assert client.get("/healthz").json() == {"status": "ok"}  # on the same connection: no body was left in it


def test_a_proxy_may_show_it_below_a_path(two_faces: bytes) -> None:
    with servers.running(root_path="/tools/mien", keys=(KEY,)) as url, servers.Client(base_url=url) as client:
        for prefix in ("", "/tools/mien"):  # taken off by the proxy, or not
            page = client.get(f"{prefix}/")
            assert page.status_code == 200
            for part in re.findall(r'(?:src|href)="([^"#]+)"', page.text + client.get(f"{prefix}/docs").text):
                assert part.startswith("/tools/mien/")
                assert client.get(prefix + part.removeprefix("/tools/mien")).status_code == 200
            assert client.get(f"{prefix}/v1/models").status_code == 401
            headers = {**JPEG, "X-API-Key": KEY}
            answer = client.post(f"{prefix}/v1/analyze", content=two_faces, headers=headers)
            assert len(answer.json()["photos"][0]["faces"]) == 2
            assert client.get(f"{prefix}/openapi.json").json()["servers"] == [{"url": "/tools/mien"}]
        assert client.get("/tools/mien").headers["location"] == "/tools/mien/"
        assert client.get("/tools/mien/tools/mien/v1/models", headers=headers).status_code == 404
        assert client.get("/tools/mienv1/models", headers=headers).status_code == 404
        assert 'route="/v1/analyze"' in client.get("/metrics", headers=headers).text
