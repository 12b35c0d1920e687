"""The addresses: the API, the page, and what machines ask a server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import fastapi_offline
from fastapi import FastAPI, Query, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, Response
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

import mien
from mien import emotions, modelfile
from mien.errors import MienError, RequestError
from mien.inference import detector, shipped
from mien.serving import bodies, problems, schema
from mien.serving.bodies import Upload
from mien.serving.engine import Engine
from mien.serving.gate import RETRY_AFTER, Gate
from mien.serving.guard import Guard, Lock
from mien.serving.metrics import Metrics
from mien.serving.settings import Settings

PAGE = Path(__file__).parent / "page"
RUNTIME = PAGE / "ort" / "ort-wasm-simd-threaded.wasm"
"""What the page needs to run models in the browser; ``make page`` puts it there, and without it the page does without."""

SWAGGER = Path(fastapi_offline.__file__).parent / "static"
"""Swagger UI as a package carries it, so that /docs asks nothing of other hosts."""

BEARER = HTTPBearer(auto_error=False, description="An API key.")
HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="An API key.")

PROBLEM = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
Answers = dict[int | str, dict[str, Any]]
Part = TypeVar("Part", schema.Photo, schema.Crop)

MODEL = Query(description="Which model reads; the server's first one where none is named.", max_length=200)


WORDS = {
    400: "The body can't be read as what it says it is, or the connection was closed.",
    401: "The API key is missing or wrong.",
    404: "There is no such model here.",
    408: "The body took too long to arrive.",
    413: "The body is too large, or has too many files.",
    415: "The body is of another type.",
    422: "The picture can't be read, or a parameter doesn't fit.",
    500: "The server failed.",
    503: "The server has all the work it can take, or took too long; see Retry-After.",
}
"""Status of an error to what it means, for the OpenAPI document."""


def _errors(*statuses: int) -> Answers:
    return {status: {"description": WORDS[status], **PROBLEM} for status in statuses}


def _takes(what: str) -> dict[str, Any]:
    """The request body in the OpenAPI document; it is read by ``bodies``, not by FastAPI, which would write it to disk."""
    binary = {"type": "string", "format": "binary"}
    form = {
        "type": "object",
        "properties": {"files": {"type": "array", "items": binary, "minItems": 1}},
        "required": ["files"],
    }
    content: dict[str, Any] = {kind: {"schema": binary} for kind in ("image/jpeg", "image/png", "image/webp")}
    content |= {"application/octet-stream": {"schema": binary}, "multipart/form-data": {"schema": form}}
    return {"requestBody": {"required": True, "description": what, "content": content}}


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
    _handle_errors(app)
    # For the OpenAPI document only: `Lock` does the checking, before anything is read.
    locked = [Security(scheme) for scheme in (BEARER, HEADER)] if settings.keys else []

    async def each(
        request: Request, one: Callable[[Upload], Awaitable[Part]], failed: Callable[[Upload, schema.Problem], Part]
    ) -> list[Part]:
        """Do the work of one request: a bad picture fails the request where it is the body, and itself alone in a form."""

        async def part(upload: Upload) -> Part:
            try:
                done = await one(upload)
            except MienError as error:
                metrics.pictures.labels("error").inc()
                if upload.name is None:
                    raise
                return failed(upload, problems.of(error))
            metrics.pictures.labels("read").inc()
            return done

        async with gate.admit() as hold:
            uploads = await bodies.read(request, settings, hold)
            async with gate.turn():
                # return_exceptions: the first error must not leave the others behind
                results = await asyncio.gather(*map(part, uploads), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return [result for result in results if not isinstance(result, BaseException)]

    @app.post(
        "/v1/analyze",
        dependencies=locked,
        responses=_errors(*WORDS),
        openapi_extra=_takes("One photo, or a form with several."),
        tags=["read"],
    )
    async def analyze(request: Request, model: Annotated[str | None, MODEL] = None) -> schema.Analysis:
        """Find the faces in photos and read their expressions."""
        name = engine.named(model)

        async def one(upload: Upload) -> schema.Photo:
            read = await engine.analyze(upload.data, name)
            faces = [schema.Face.model_validate(face.to_dict()) for face in read.faces]
            return schema.Photo(name=upload.name, width=read.width, height=read.height, faces=faces, error=None)

        def failed(upload: Upload, problem: schema.Problem) -> schema.Photo:
            return schema.Photo(name=upload.name, width=None, height=None, faces=[], error=problem)

        return schema.Analysis(model=name, photos=await each(request, one, failed))

    @app.post(
        "/v1/classify",
        dependencies=locked,
        responses=_errors(*WORDS),
        openapi_extra=_takes("One crop, or a form with several."),
        tags=["read"],
    )
    async def classify(request: Request, model: Annotated[str | None, MODEL] = None) -> schema.Classification:
        """Read ready-made crops of faces, brows to chin, as they are: no face is sought."""
        name = engine.named(model)

        async def one(upload: Upload) -> schema.Crop:
            probabilities = await engine.classify(upload.data, name)
            label = max(probabilities, key=probabilities.__getitem__)
            confidence = probabilities[label]
            reading = schema.Reading(
                label=label,
                confidence=confidence,
                abstained=confidence < settings.abstain,
                probabilities=probabilities,
            )
            return schema.Crop(name=upload.name, reading=reading, error=None)

        def failed(upload: Upload, problem: schema.Problem) -> schema.Crop:
            return schema.Crop(name=upload.name, reading=None, error=problem)

        return schema.Classification(model=name, crops=await each(request, one, failed))

    known = _models(engine, settings)

    @app.get("/v1/models", dependencies=locked, responses=_errors(401), tags=["read"])
    async def models() -> schema.Models:
        """The models that answer here, and the limits of a request."""
        return known

    @app.get("/healthz", tags=["server"])
    async def healthz() -> schema.State:
        """Whether the process lives."""
        return schema.State(status="ok")

    @app.get("/readyz", responses=_errors(503), tags=["server"])
    async def readyz() -> schema.State:
        """Whether it takes requests: the models are loaded, and there is room."""
        if not ready.is_set() or gate.is_full:
            raise RequestError(503, "The server takes no requests at the moment.", RETRY_AFTER)
        return schema.State(status="ready")

    @app.get("/metrics", include_in_schema=False)
    async def measured() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    _serve_files(app)
    _serve_models(app, known, locked)
    wrapped: ASGIApp = Lock(app, settings.keys) if settings.keys else app
    if settings.origins:
        wrapped = CORSMiddleware(
            wrapped,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type"],
            expose_headers=["X-Request-ID", "Retry-After"],
        )
    return Guard(wrapped, metrics)


def _handle_errors(app: FastAPI) -> None:
    app.add_exception_handler(MienError, problems.mien_error)
    app.add_exception_handler(RequestValidationError, problems.invalid)
    app.add_exception_handler(HTTPException, problems.http_error)
    app.add_exception_handler(Exception, problems.fault)


def _models(engine: Engine, settings: Settings) -> schema.Models:
    models = []
    for name, reader in engine.readers.items():
        spec = reader.classifier.spec
        classes = [schema.Expression(name=label, colour=emotions.colour(label)) for label in spec.classes]
        models.append(
            schema.Model(
                name=name,
                sha256=modelfile.sha256(reader.classifier.path),
                height=spec.size[0],
                width=spec.size[1],
                classes=classes,
                on_device=name in shipped.names() and RUNTIME.is_file(),  # a model of one's own is never given away
            )
        )
    limits = schema.Limits(
        bytes=settings.max_body,
        pixels=settings.max_pixels,
        files=settings.max_files,
        faces=settings.max_faces,
        seconds=settings.timeout,
    )
    manner = schema.Manner(min_confidence=settings.min_confidence, abstain=settings.abstain, flip=settings.flip)
    return schema.Models(models=models, manner=manner, limits=limits, key_needed=bool(settings.keys))


def _serve_models(app: FastAPI, known: schema.Models, locked: list[Any]) -> None:
    """The files with which the page finds and reads faces in the browser itself."""
    offered = {model.name for model in known.models if model.on_device}
    binary = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    answers: Answers = {200: {"content": binary}, **_errors(401, 404, 422)}

    @app.get(
        "/v1/models/{name}/file", dependencies=locked, response_class=FileResponse, responses=answers, tags=["read"]
    )
    async def model_file(name: str) -> FileResponse:
        """The file of a model that comes with mien; others are not given away."""
        if name not in offered:
            raise RequestError(404, "There is no model of that name whose file is offered here.")
        return FileResponse(shipped.resolve(name), media_type="application/octet-stream")

    @app.get("/v1/detector/file", dependencies=locked, response_class=FileResponse, responses=answers, tags=["read"])
    async def detector_file() -> FileResponse:
        """The file of the face detector."""
        return FileResponse(detector.PATH, media_type="application/octet-stream")


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
