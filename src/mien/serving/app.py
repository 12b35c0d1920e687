"""The application: the API, the page and the documentation, behind what holds for every answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

import mien
from mien.errors import MienError
from mien.serving import api, problems
from mien.serving.engine import Engine
from mien.serving.gate import Gate
from mien.serving.guard import Authentication, Guard
from mien.serving.metrics import Metrics
from mien.serving.settings import Settings

PAGE = Path(__file__).parent / "page"
SWAGGER = Path(fastapi_offline.__file__).parent / "static"
"""Swagger UI as a package carries it, so that /docs asks nothing of other hosts."""


def create_app(settings: Settings) -> ASGIApp:
    """The application, with its models loaded.

    Raises:
        ModelFileError: there is no such model.
    """
    metrics = Metrics()
    gate = Gate(
        working=settings.max_requests,
        waiting=settings.queue,
        max_bytes=settings.max_body * (settings.max_requests + settings.queue),
        timeout=settings.timeout,
    )
    metrics.inside.set_function(lambda: gate.inside)
    metrics.held.set_function(lambda: gate.held)
    engine = Engine(settings, observe=metrics.batch.observe)
    ready = asyncio.Event()

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        work = asyncio.create_task(engine.work())
        ready.set()
        yield
        ready.clear()
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work

    app = FastAPI(
        title="mien",
        version=mien.__version__,
        summary="Finds faces in photos and reads their expressions.",
        description="Reading expressions is not reading feelings: a smile is a shape of the mouth, not proof of joy. "
        "Pictures are held in memory while they are read, and never kept.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.include_router(api.router(api.Desk(engine, gate, metrics, settings), ready.is_set))
    _handle_errors(app)
    _serve_files(app)
    return Guard(_with_access(app, settings), metrics)


def _with_access(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The application behind its keys, and those behind CORS, so that a page elsewhere can read a refusal."""
    if settings.keys:
        app = Authentication(app, settings.keys)
    if settings.origins:
        app = CORSMiddleware(
            app,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type"],
            expose_headers=["X-Request-ID", "Retry-After"],
        )
    return app


def _handle_errors(app: FastAPI) -> None:
    app.add_exception_handler(MienError, problems.mien_error)
    app.add_exception_handler(RequestValidationError, problems.invalid)
    app.add_exception_handler(HTTPException, problems.http_error)
    app.add_exception_handler(Exception, problems.fault)


def _serve_files(app: FastAPI) -> None:
    """The page at /, its parts below /page/, and the API's documentation at /docs."""

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return FileResponse(PAGE / "docs.html")

    app.mount("/page/swagger", StaticFiles(directory=SWAGGER))
    app.mount("/page", StaticFiles(directory=PAGE))
