"""The endpoints of the API, and their OpenAPI document."""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Security
from fastapi.responses import Response
from fastapi.security import APIKeyHeader, HTTPBearer

from mien import palette
from mien.errors import MienError, RequestError
from mien.inference import detector, pretrained, priors
from mien.inference.classifier import Classifier
from mien.inference.photo import PhotoResult
from mien.serving import assets, bodies, clips, problems, queries, schema
from mien.serving.bodies import Upload
from mien.serving.engine import Engine
from mien.serving.gate import RETRY_AFTER, Gate
from mien.serving.jobs import VideoJobs
from mien.serving.metrics import Metrics
from mien.serving.settings import Settings
from mien.typed_json import JsonObject

RUNTIME = pathlib.Path(__file__).parent / "page" / "ort" / "ort-wasm-simd-threaded.wasm"
"""The runtime with which the page can run models in the browser; ``make page`` installs it, and it is optional."""

BEARER = HTTPBearer(auto_error=False, description="An API key.")
HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="An API key.")

MODEL = Query(description="The model; by default the server's first one.", max_length=200)

NAME = Path(description="The name of a pretrained model on this server.", max_length=200)
PRIOR = Query(
    description="Class shares in use, such as neutral=0.5,happy=0.3; or auto: estimated from the faces of this request, which "
    "must have at least 50.",
    max_length=1000,
)

READING = (400, 401, 404, 408, 413, 415, 422, 500, 503)
"""Statuses of requests with pictures."""


def _takes(what: str) -> JsonObject:
    """The request body in the OpenAPI document; it is parsed by ``bodies``, not by FastAPI, which would write it to disk."""
    binary = {"type": "string", "format": "binary"}
    form = {
        "type": "object",
        "properties": {"files": {"type": "array", "items": binary, "minItems": 1}},
        "required": ["files"],
    }
    content: dict[str, Any] = {kind: {"schema": binary} for kind in ("image/jpeg", "image/png", "image/webp")}
    content |= {"application/octet-stream": {"schema": binary}, "multipart/form-data": {"schema": form}}
    return {"requestBody": {"required": True, "description": what, "content": content}}


class Api:
    """Receives the pictures of a request and returns their predictions."""

    def __init__(self, engine: Engine, gate: Gate, metrics: Metrics, settings: Settings) -> None:
        self.engine = engine
        self.gate = gate
        self.metrics = metrics
        self.settings = settings

    async def read(
        self, request: Request, model: str, prior: str | None, *, crops: bool = False
    ) -> tuple[list[tuple[str | None, PhotoResult | MienError]], dict[str, float] | None]:
        """The name and the prediction of each picture, or the error; and the class shares in use, if any.

        Raises:
            MienError: the request is rejected, or its body is one picture that can't be read.
        """
        if prior != priors.AUTO:
            self.engine.with_prior([], model, prior)  # check before the work
        async with self.gate.admit() as hold:
            uploads = await bodies.read(request, self.settings, hold)
            async with self.gate.turn():
                parts = await asyncio.gather(*(self._one(upload, model, crops) for upload in uploads))
        photos, shares = self.engine.with_prior(
            [read for _, read in parts if isinstance(read, PhotoResult)], model, prior
        )
        others = iter(photos)
        return [(name, next(others) if isinstance(read, PhotoResult) else read) for name, read in parts], shares

    async def _one(self, upload: Upload, model: str, crops: bool) -> tuple[str | None, PhotoResult | MienError]:
        try:
            read = await self.engine.read(upload.data, model, crops=crops)
        except MienError as error:
            self.metrics.pictures.labels("error").inc()
            if upload.name is None:
                raise
            return upload.name, error
        self.metrics.pictures.labels("read").inc()
        return upload.name, read


def router(desk: Api, jobs: VideoJobs | None, is_ready: Callable[[], bool]) -> APIRouter:
    """All addresses of the API; without ``jobs``, those of videos are left out."""
    engine, settings = desk.engine, desk.settings
    # For the OpenAPI document only: `guard.Authentication` checks the key before the body is read.
    keys = [Security(scheme) for scheme in (BEARER, HEADER)] if settings.keys else []
    api = APIRouter()
    known = _models(engine, settings, None if jobs is None else jobs.limits)
    v1 = APIRouter(prefix="/v1", dependencies=[*keys, Depends(queries.check)])
    _add_faces(v1, desk)

    @v1.get("/models", tags=["models"], summary="List the models and limits", responses=problems.documented(401, 422))
    async def models() -> schema.Models:
        """The models of this server, and the limits of a request."""
        return known

    _add_files(v1, {model.name for model in known.models if model.on_device})
    if jobs is not None:
        clips.add(v1, engine, jobs)
    api.include_router(v1)
    _add_states(api, desk, is_ready)
    return api


def _add_faces(v1: APIRouter, desk: Api) -> None:
    """Endpoints of photos and face crops."""

    @v1.post(
        "/analyze",
        tags=["faces"],
        summary="Classify the faces in photos",
        responses=problems.documented(*READING),
        openapi_extra=_takes("One photo, or a form with several."),
    )
    async def analyze(
        request: Request, model: Annotated[str | None, MODEL] = None, prior: Annotated[str | None, PRIOR] = None
    ) -> schema.Analysis:
        """Detect the faces in photos and classify their expressions."""
        name = desk.engine.named(model)
        parts, shares = await desk.read(request, name, prior)
        return schema.Analysis(model=name, prior=shares, photos=[_photo(*part) for part in parts])

    @v1.post(
        "/classify",
        tags=["faces"],
        summary="Classify face crops",
        responses=problems.documented(*READING),
        openapi_extra=_takes("One crop, or a form with several."),
    )
    async def classify(
        request: Request, model: Annotated[str | None, MODEL] = None, prior: Annotated[str | None, PRIOR] = None
    ) -> schema.Classification:
        """Classify ready-made face crops, brows to chin, without detection."""
        name = desk.engine.named(model)
        parts, shares = await desk.read(request, name, prior, crops=True)
        return schema.Classification(model=name, prior=shares, crops=[_crop(*part) for part in parts])


def _photo(name: str | None, read: PhotoResult | MienError) -> schema.Photo:
    if isinstance(read, MienError):
        return schema.Photo(name=name, width=None, height=None, rotated=0, note=None, faces=[], error=problems.of(read))
    faces = [schema.Face.model_validate(face.to_dict()) for face in read.faces]
    return schema.Photo(
        name=name,
        width=read.size[0],
        height=read.size[1],
        rotated=read.rotated,
        note=read.note,
        faces=faces,
        error=None,
    )


def _crop(name: str | None, read: PhotoResult | MienError) -> schema.Crop:
    if isinstance(read, MienError):
        return schema.Crop(name=name, note=None, reading=None, error=problems.of(read))
    (face,) = read.faces
    return schema.Crop(name=name, note=read.note, reading=schema.Reading.model_validate(face.to_dict()), error=None)


def _add_files(v1: APIRouter, offered: set[str]) -> None:
    """Endpoints of the files with which the page detects and classifies faces in the browser."""
    binary = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    answers: problems.Answers = {200: {"content": binary}, **problems.documented(401, 404, 422)}

    files = {name: assets.at(pretrained.resolve(name)) for name in offered}
    found = assets.at(detector.PATH)

    @v1.get(
        "/models/{name}/file", tags=["models"], summary="Download a model", response_class=Response, responses=answers
    )
    async def model_file(request: Request, name: Annotated[str, NAME]) -> Response:
        """The file of a model that comes with mien; other models can't be downloaded."""
        if name not in files:
            raise RequestError(404, "There is no model of that name for download.")
        return await assets.respond(files[name], request.headers)

    @v1.get(
        "/detector/file",
        tags=["models"],
        summary="Download the face detector",
        response_class=Response,
        responses=answers,
    )
    async def detector_file(request: Request) -> Response:
        """The file of the face detector."""
        return await assets.respond(found, request.headers)


def _add_states(api: APIRouter, desk: Api, is_ready: Callable[[], bool]) -> None:
    """Endpoints for monitoring."""

    @api.get("/healthz", summary="Is the process alive?", tags=["server"])
    async def healthz() -> schema.State:
        """Whether the process is alive."""
        return schema.State(status="ok")

    @api.get("/readyz", summary="Does it accept requests?", responses=problems.documented(503), tags=["server"])
    async def readyz() -> schema.State:
        """Whether it accepts requests: the models are loaded, and it is not overloaded."""
        if not is_ready() or desk.gate.is_full:
            raise RequestError(503, "The server accepts no requests at the moment.", RETRY_AFTER)
        return schema.State(status="ready")

    @api.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(desk.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _offsets(classifier: Classifier, decision: str) -> list[float]:
    """Offsets that the server's decision or prior adds to the log-probabilities of a model."""
    spec, name = classifier.spec, classifier.name
    if classifier.prior is not None:
        return list(map(float, priors.offsets(priors.training_shares(spec, name), classifier.prior)))
    return list(spec.decisions.get(decision, [0.0] * len(spec.classes)))


def _models(engine: Engine, settings: Settings, video: schema.VideoLimits | None) -> schema.Models:
    models = []
    for name, reader in engine.readers.items():
        spec = reader.classifier.spec
        classes = [schema.Expression(name=name, colour=value) for name, value in palette.colours(spec.classes).items()]
        models.append(
            schema.Model(
                name=name,
                sha256=reader.classifier.sha256,
                height=spec.size[0],
                width=spec.size[1],
                classes=classes,
                offsets=_offsets(reader.classifier, settings.decision),
                device=reader.classifier.device,
                on_device=name in pretrained.names() and RUNTIME.is_file(),  # only pretrained models can be downloaded
            )
        )
    limits = schema.Limits(
        bytes=settings.max_body,
        pixels=settings.max_pixels,
        files=settings.max_files,
        faces=settings.max_faces,
        seconds=settings.timeout,
        video=video,
    )
    options = schema.ReadingOptions(
        min_confidence=settings.min_confidence,
        abstain=settings.abstain,
        flip=settings.flip,
        rotate=settings.rotate,
        detail=settings.detail,
        prior=settings.prior,
        decision=settings.decision,
    )
    return schema.Models(models=models, options=options, limits=limits, key_needed=bool(settings.keys))
