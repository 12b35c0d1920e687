"""Error responses: problem details for HTTP APIs (RFC 9457), from mien's exceptions."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from mien.errors import ImageError, MienError, RequestError, VideoError
from mien.serving.schema import Problem

Answers = dict[int | str, dict[str, Any]]

WORDS = {
    400: "The body doesn't match its content type, or the connection was closed.",
    401: "The API key is missing or wrong.",
    404: "There is no such model or clip here.",
    408: "The body took too long to arrive.",
    409: "The clip is not read yet.",
    413: "The body is too large, or has too many files.",
    415: "The body has an unsupported type.",
    422: "The picture can't be read, or a parameter is unknown, repeated or invalid.",
    500: "The server failed.",
    503: "The server is overloaded, or took too long; see Retry-After.",
}
"""Meaning of each HTTP status, for the OpenAPI document."""

NUMBER = "mien.request"
"""Key of the request id in the scope; the log has the same id."""

STATUS: dict[type[MienError], int] = {ImageError: 422, VideoError: 422}
"""HTTP status of each class of error; a ``RequestError`` has its own status, all others are 500."""


def documented(*statuses: int) -> Answers:
    """The error responses of an endpoint, for the OpenAPI document."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": WORDS[status], "content": content} for status in statuses}


def of(error: MienError) -> Problem:
    """The problem details of an error, for a response or for one picture of several."""
    status = error.status if isinstance(error, RequestError) else STATUS.get(type(error), 500)
    words = str(error)
    return problem(status, words[:1].upper() + words[1:])


def problem(status: int, detail: str) -> Problem:
    """Problem details of an HTTP status; ``detail`` says what is wrong and how to fix it."""
    return Problem(type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=detail)


def answer(found: Problem, headers: dict[str, str] | None = None) -> Response:
    """Problem details as a response."""
    return JSONResponse(
        found.model_dump(), status_code=found.status, headers=headers, media_type="application/problem+json"
    )


async def mien_error(_: Request, error: Exception) -> Response:
    """The response to one of mien's errors."""
    assert isinstance(error, MienError)
    headers = {}
    if isinstance(error, RequestError):
        if error.retry_after is not None:
            headers["Retry-After"] = str(error.retry_after)
        if error.status in (408, 413, 415, 503):  # the rest of the body may not have been read
            headers["Connection"] = "close"
    return answer(of(error), headers)


async def fault(request: Request, _: Exception) -> Response:
    """The response to an unexpected error; ``guard`` writes the log."""
    words = f"The server failed: please report this, with the server's log of request {request.scope[NUMBER]}."
    return answer(problem(500, words), {"Connection": "close"})


async def invalid(_: Request, error: Exception) -> Response:
    """The response to an invalid parameter, without the sent value."""
    assert isinstance(error, RequestValidationError)
    parts = [f"{'.'.join(map(str, part['loc'][1:]))}: {part['msg']}" for part in error.errors()]
    return answer(problem(422, "; ".join(parts) + "."))


async def http_error(request: Request, error: Exception) -> Response:
    """The response to an unknown path or method."""
    assert isinstance(error, HTTPException)
    details = {
        404: "There is no such endpoint: see /docs for a list.",
        405: f"This endpoint doesn't support {request.method}.",
    }
    return answer(problem(error.status_code, details.get(error.status_code, error.detail)), dict(error.headers or {}))
