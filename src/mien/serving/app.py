"""The application: the API, the page and the documentation, wrapped in middleware."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import fastapi_offline
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

import mien
from mien import extras
from mien.errors import MienError
from mien.serving import api, problems, samples
from mien.serving.assets import Asset, Assets, respond
from mien.serving.engine import Engine
from mien.serving.gate import Gate
from mien.serving.guard import Authentication, Guard, Hosts, Prefix
from mien.serving.jobs import VideoJobs
from mien.serving.metrics import Metrics
from mien.serving.settings import Settings
from mien.serving.state import State

PAGE = Path(__file__).parent / "page"
SWAGGER = Path(fastapi_offline.__file__).parent / "static"
"""Swagger UI from an installed package, so that /docs requests nothing from other hosts."""


def create_app(settings: Settings, state: State | None = None) -> ASGIApp:
    """Create the application, with its models loaded.

    Args:
        settings: all settings.
        state: shared with the process: the application sets that it is ready, and reads whether to stop.

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
    jobs = VideoJobs(settings) if settings.max_video and extras.is_there("av") else None
    metrics.videos.set_function(lambda: 0 if jobs is None else len(jobs))
    state = state or State()

    app = FastAPI(
        title="mien: facial expressions in photos and clips",
        version=mien.__version__,
        summary="Detects faces in photos and clips, and classifies their expressions.",
        description="An expression is not a feeling: a smile is a shape of the mouth, not proof of joy. "
        "Pictures are kept in memory during a request, and never stored; clips are deleted once they are read.",
        openapi_tags=[
            {"name": "faces", "description": "Photos and face crops: answered at once."},
            {"name": "clips", "description": "Videos: sent, analysed one at a time, deleted."},
            {
                "name": "models",
                "description": "The models of this server, and the files that the page runs in the browser.",
            },
            {"name": "server", "description": "For monitoring."},
        ],
        generate_unique_id_function=lambda route: route.name,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would have the address behind the proxy
        servers=[{"url": settings.root_path}] if settings.root_path else None,
        lifespan=_lifespan(engine, jobs, state),
    )
    app.include_router(api.router(api.Api(engine, gate, metrics, settings), jobs, state.takes_requests))
    _handle_errors(app)
    _serve_files(app, settings.root_path)
    return Guard(_with_access(app, settings), metrics, state)


def _lifespan(
    engine: Engine, jobs: VideoJobs | None, state: State
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What runs beside the requests, from the start of the server to its end."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(engine.work())]
        if jobs is not None:
            tasks.append(asyncio.create_task(jobs.work()))
        state.is_ready = True
        yield
        state.is_ready = False
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    return lifespan


def _with_access(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The application behind the key check, which is behind CORS, so that pages elsewhere can read a 401; all behind the host check."""
    if settings.keys:
        app = Authentication(app, settings.keys)
    if settings.origins:
        app = CORSMiddleware(
            app,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type"],
            expose_headers=["X-Request-ID", "Retry-After"],
        )
    if settings.root_path:
        app = Prefix(app, settings.root_path)
    return Hosts(app, settings)


def _handle_errors(app: FastAPI) -> None:
    app.add_exception_handler(MienError, problems.mien_error)
    app.add_exception_handler(RequestValidationError, problems.invalid)
    app.add_exception_handler(HTTPException, problems.http_error)
    app.add_exception_handler(Exception, problems.fault)


def _serve_files(app: FastAPI, root_path: str) -> None:
    """The page at /, its files under /page/, and the API's documentation at /docs."""
    made = {f"samples/{name}.jpg": Asset(partial(samples.photo, name), "image/jpeg") for name in samples.SAMPLES}
    files = Assets({"": PAGE, "swagger/": SWAGGER}, made)
    index, documents = (_linked(files.assets[name], root_path, files.version) for name in ("index.html", "docs.html"))

    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        return await respond(index, request.headers)

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        return await respond(documents, request.headers)

    @app.get("/page/{name:path}", include_in_schema=False)
    async def file(request: Request, name: str) -> Response:
        return await files.respond(name, request.headers)


def _linked(page: Asset, root_path: str, version: str) -> Asset:
    """A page whose links have the path prefix of the proxy, and those to its files their version."""
    text = page.load().decode()
    text = re.sub(r'(src|href)="/page/', rf'\1="{root_path}/page/{version}/', text)
    if root_path:
        text = re.sub(rf'(src|href)="/(?!{re.escape(root_path[1:])}/)', rf'\1="{root_path}/', text)
    return Asset(text.encode, page.kind, page.is_packed)
