"""The application: page, files and documentation around the API."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest

from mien.errors import ModelFileError
from mien.serving.app import create_app
from mien.serving.settings import Settings


def test_the_documentation_asks_nothing_of_others(client: httpx.Client) -> None:
    page = client.get("/docs").text
    parts = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert parts
    assert all(part.startswith("/") for part in parts)
    assert all(client.get(part).status_code == 200 for part in parts)
    assert "openapi.json" in client.get("/page/docs.js").text
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/v1/analyze", "/v1/classify", "/v1/models", "/healthz", "/readyz"} < set(paths)


def test_the_document_of_the_api_speaks_in_words(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["info"]["title"] == "mien: facial expressions in photos and clips"
    operations = [found for path in document["paths"].values() for found in path.values()]
    assert all(" " in found["summary"] for found in operations)
    assert {tag for found in operations for tag in found["tags"]} == {tag["name"] for tag in document["tags"]}
    assert {found["operationId"] for found in operations} >= {"analyze", "classify", "models", "send_video"}
    assert all(one.get("description") for found in operations for one in found.get("parameters", []))
    assert "HTTPValidationError" not in document["components"]["schemas"]  # all errors are problems


@pytest.mark.parametrize("path", ["/page/../settings.py", "/page/%2e%2e/settings.py", "/page/swagger/..%2f__init__.py"])
def test_no_file_outside_the_page_is_served(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def asked(app: Any, path: str, **headers: str) -> httpx.Response:
    """The answer of an application, without a server."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def plain() -> Any:
    return create_app(Settings(models=("tiny",), threads=1))


def test_it_is_ready_only_once_it_has_begun(plain: Any) -> None:
    assert asked(plain, "/healthz").status_code == 200
    assert asked(plain, "/readyz").status_code == 503


def test_the_page_is_asked_for_anew_each_time_and_its_links_stand_below_the_prefix(plain: Any) -> None:
    page = asked(plain, "/")
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-cache")
    assert '="/page/' in page.text
    below = asked(create_app(Settings(models=("tiny",), threads=1, root_path="/mien")), "/mien/")
    assert below.status_code == 200
    assert '="/page/' not in below.text
    assert below.text.count('="/mien/page/') == page.text.count('="/page/')


def test_keys_hosts_and_origins_stand_before_it() -> None:
    settings = Settings(models=("tiny",), threads=1, keys=("k" * 32,), origins=("https://a.org",), hosts=("localhost",))
    app = create_app(settings)
    refused = asked(app, "/v1/models", Origin="https://a.org")
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "https://a.org")
    assert asked(app, "/v1/models", Authorization=f"Bearer {'k' * 32}").status_code == 200
    assert asked(app, "/v1/models", Host="evil.org").status_code in (400, 403, 421)


def test_a_model_that_is_not_there_is_refused_at_once() -> None:
    with pytest.raises(ModelFileError, match="There is no model file 'nowhere'"):
        create_app(Settings(models=("nowhere",)))
