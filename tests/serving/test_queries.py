"""Query parameters that an endpoint doesn't have are refused."""

from __future__ import annotations

import httpx
import pytest

JPEG = {"Content-Type": "image/jpeg"}


@pytest.mark.parametrize(
    ("method", "address", "sentence"),
    [
        ("POST", "/v1/analyze?modle=tiny", "There is no query parameter 'modle': did you mean 'model'?"),
        ("POST", "/v1/analyze?flip=true", "There is no query parameter 'flip': choose model, prior."),
        ("POST", "/v1/classify?model=tiny&crops=1", "There is no query parameter 'crops': choose model, prior."),
        ("POST", "/v1/analyze?model=tiny&model=base", "The query parameter 'model' is given 2 times: give it once."),
        ("POST", "/v1/analyze?model=tiny&model=tiny", "The query parameter 'model' is given 2 times: give it once."),
        ("POST", "/v1/analyze?Model=tiny", "There is no query parameter 'Model': did you mean 'model'?"),
        ("POST", "/v1/videos?evry=50", "There is no query parameter 'evry': did you mean 'every'?"),
        ("POST", "/v1/videos?every=2&every=3", "The query parameter 'every' is given 2 times: give it once."),
        ("GET", "/v1/videos/x?every=2", "This endpoint has no query parameters: leave out 'every'."),
        ("GET", "/v1/videos/x/rows.csv?every=", "This endpoint has no query parameters: leave out 'every'."),
        ("DELETE", "/v1/videos/x?all=1", "This endpoint has no query parameters: leave out 'all'."),
        ("GET", "/v1/models?limit=3", "This endpoint has no query parameters: leave out 'limit'."),
        ("GET", "/v1/detector/file?x", "This endpoint has no query parameters: leave out 'x'."),
    ],
)
def test_unknown_and_repeated_parameters_are_named(
    client: httpx.Client, two_faces: bytes, method: str, address: str, sentence: str
) -> None:
    body = {"content": two_faces, "headers": JPEG} if method == "POST" else {}
    answer = client.request(method, address, **body)  # type: ignore[arg-type] # httpx types each option
    assert (answer.status_code, answer.json()["detail"]) == (422, sentence)
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_endpoint_documents_that_it_refuses_parameters(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for endpoint in methods.values():
            assert ("422" in endpoint["responses"]) == path.startswith("/v1/"), path


def test_probes_ignore_parameters(client: httpx.Client) -> None:
    assert client.get("/healthz?from=proxy").status_code == 200
