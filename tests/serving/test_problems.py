"""Error responses as problem details (RFC 9457)."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from mien.errors import DataError, ImageError, MienError, RequestError
from mien.serving import problems

REQUEST: Any = SimpleNamespace(scope={problems.NUMBER: "abc"}, method="PUT")


def answered(handler: Any, error: Exception) -> tuple[int, dict[str, str], dict[str, Any]]:
    response = asyncio.run(handler(REQUEST, error))
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, dict(response.headers), json.loads(response.body)


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (ImageError("the picture is damaged."), 422, ("Unprocessable Entity", "Unprocessable Content")),
        (RequestError(413, "Too many bytes."), 413, ("Request Entity Too Large", "Content Too Large")),
        (DataError("No rows."), 500, ("Internal Server Error",)),
    ],
)
def test_each_error_has_its_status_and_a_sentence_with_a_capital(
    error: MienError, status: int, title: tuple[str, ...]
) -> None:
    found = problems.of(error)
    assert (found.type, found.status) == ("about:blank", status)
    assert found.title in title
    assert found.detail == str(error)[0].upper() + str(error)[1:]
    assert answered(problems.mien_error, error)[2] == found.model_dump()


@pytest.mark.parametrize(
    ("status", "closes"), [(408, True), (413, True), (415, True), (503, True), (400, False), (422, False)]
)
def test_the_connection_is_closed_where_a_body_may_not_have_been_read(status: int, closes: bool) -> None:
    _, headers, _ = answered(problems.mien_error, RequestError(status, "So."))
    assert (headers.get("connection") == "close") is closes
    assert "retry-after" not in headers


def test_who_may_try_again_is_told_when() -> None:
    assert answered(problems.mien_error, RequestError(503, "Busy.", 2))[1]["retry-after"] == "2"


def test_an_unexpected_error_tells_nothing_but_the_number_of_the_request() -> None:
    status, headers, body = answered(problems.fault, ValueError("a secret"))
    assert (status, headers["connection"]) == (500, "close")
    assert "request abc" in body["detail"]
    assert "secret" not in json.dumps(body)


def test_an_invalid_parameter_is_named_without_its_value() -> None:
    error = RequestValidationError(
        [
            {"loc": ("query", "flip"), "msg": "must be a boolean", "input": "a secret", "type": "x"},
            {"loc": ("query", "a", 1), "msg": "is missing", "input": None, "type": "x"},
        ]
    )
    status, _, body = answered(problems.invalid, error)
    assert (status, body["detail"]) == (422, "flip: must be a boolean; a.1: is missing.")


def test_unknown_paths_and_methods() -> None:
    assert "/docs" in answered(problems.http_error, HTTPException(404))[2]["detail"]
    status, headers, body = answered(problems.http_error, HTTPException(405, headers={"Allow": "GET"}))
    assert (status, headers["allow"]) == (405, "GET")
    assert body["detail"] == "This endpoint doesn't support PUT."
    assert answered(problems.http_error, HTTPException(418, "So it is."))[2]["detail"] == "So it is."
