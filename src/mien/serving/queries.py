"""The query parameters of a request: unknown and repeated ones are refused, as on the command line."""

from __future__ import annotations

from collections import Counter

from fastapi import Request
from fastapi.routing import APIRoute

from mien.checks import no_such
from mien.errors import RequestError

LONGEST = 100
"""Characters of a parameter's name that an error quotes."""


async def check(request: Request) -> None:
    """Refuse a query with a parameter that the endpoint doesn't have, or with one that is given twice.

    Raises:
        RequestError: the query has such a parameter (422); the message names it, and the nearest known one.
    """
    route = request.scope["route"]
    known = [field.alias for field in route.dependant.query_params] if isinstance(route, APIRoute) else []
    for name, count in Counter(name for name, _ in request.query_params.multi_items()).items():
        shown = name[:LONGEST]
        if not known:
            raise RequestError(422, f"This endpoint has no query parameters: leave out '{shown}'.")
        if name not in known:
            raise RequestError(422, no_such("query parameter", shown, known))
        if count > 1:
            raise RequestError(422, f"The query parameter '{shown}' is given {count} times: give it once.")
