"""Errors as answers: problem details for HTTP APIs (RFC 9457), from mien's one tree of errors."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from mien.errors import ImageError, MienError, RequestError
from mien.serving.schema import Problem

NUMBER = "mien.request"
"""Where a request's scope has its number, by which it is found in the log."""

STATUS: dict[type[MienError], int] = {ImageError: 422}
"""Kind of error to HTTP status; a ``RequestError`` brings its own, and any other is the server's own fault."""


def of(error: MienError) -> Problem:
    """The problem that an error is, for the body of an answer or for one picture of several."""
    status = error.status if isinstance(error, RequestError) else STATUS.get(type(error), 500)
    words = str(error)
    return problem(status, words[:1].upper() + words[1:])


def problem(status: int, detail: str) -> Problem:
    """A problem that its HTTP status names well enough; what is wrong and what to do stands in ``detail``."""
    return Problem(type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=detail)


def answer(found: Problem, headers: dict[str, str] | None = None) -> Response:
    """A problem as a whole answer."""
    return JSONResponse(
        found.model_dump(), status_code=found.status, headers=headers, media_type="application/problem+json"
    )


async def mien_error(_: Request, error: Exception) -> Response:
    """Answer with one of mien's errors."""
    assert isinstance(error, MienError)
    headers = {}
    if isinstance(error, RequestError):
        if error.retry_after is not None:
            headers["Retry-After"] = str(error.retry_after)
        if error.status in (408, 413, 415, 503):  # the rest of the body may not have been read
            headers["Connection"] = "close"
    return answer(of(error), headers)


async def fault(request: Request, _: Exception) -> Response:
    """Answer where the server itself failed; ``guard`` writes the log."""
    words = f"The server failed: report this, with what its log says of request {request.scope[NUMBER]}."
    return answer(problem(500, words), {"Connection": "close"})


async def invalid(_: Request, error: Exception) -> Response:
    """Answer where a parameter of the address doesn't fit; what was sent isn't repeated."""
    assert isinstance(error, RequestValidationError)
    parts = [f"{'.'.join(map(str, part['loc'][1:]))}: {part['msg']}" for part in error.errors()]
    return answer(problem(422, "; ".join(parts) + "."))


async def http_error(request: Request, error: Exception) -> Response:
    """Answer where there is no such address, or it has no such method."""
    assert isinstance(error, HTTPException)
    details = {
        404: "There is nothing at this address: /docs has those that there are.",
        405: f"This address doesn't take {request.method}.",
    }
    return answer(problem(error.status_code, details.get(error.status_code, error.detail)), dict(error.headers or {}))
