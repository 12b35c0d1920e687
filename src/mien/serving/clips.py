"""The endpoints of clips: send one, ask how far it is, get its faces, delete it."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import FileResponse, Response

from mien.errors import RequestError
from mien.serving import bodies, problems, schema
from mien.serving.engine import Engine
from mien.serving.jobs import LINES, TABLE, Job, VideoJobs

TYPES = {"csv": (TABLE, "text/csv; charset=utf-8"), "jsonl": (LINES, "application/jsonl")}
"""File and media type of each format of the rows."""

TAGS: list[str | Enum] = ["clips"]
"""The group of these endpoints in the OpenAPI document."""

EVERY = Query(description="Analyse every Nth frame only.", ge=1, le=1000)
ID = Path(description="The id of the clip, as given when it was sent.", max_length=100)
FORM = Path(description="CSV, or JSON Lines, which has the landmarks too.")
MODEL = Query(description="The model; by default the server's first one.", max_length=200)


def add(v1: APIRouter, engine: Engine, jobs: VideoJobs) -> None:
    """Add the endpoints of clips to an API."""
    _add_sending(v1, engine, jobs)
    _add_results(v1, jobs)


def _add_sending(v1: APIRouter, engine: Engine, jobs: VideoJobs) -> None:
    binary = {"schema": {"type": "string", "format": "binary"}}
    kinds = ("video/mp4", "video/webm", "video/quicktime", "application/octet-stream")
    body: dict[str, Any] = {"required": True, "content": dict.fromkeys(kinds, binary)}

    @v1.post(
        "/videos",
        tags=TAGS,
        summary="Send a clip",
        status_code=202,
        responses=problems.documented(400, 401, 404, 408, 413, 415, 422, 503),
        openapi_extra={"requestBody": body},
    )
    async def send_video(
        request: Request, model: Annotated[str | None, MODEL] = None, every: Annotated[int, EVERY] = 1
    ) -> schema.Video:
        """Send a clip, which is analysed after those before it; then ask for it until it is done, get its rows, and delete it."""
        name = engine.named(model)
        job = jobs.new(name, every)
        try:
            await bodies.save(request, job.clip, jobs.limits.bytes)
            jobs.start(job, engine.readers[name])
        except BaseException:
            jobs.remove(job)
            raise
        return _video(job)


def _add_results(v1: APIRouter, jobs: VideoJobs) -> None:
    @v1.get("/videos/{id}", tags=TAGS, summary="Ask for a clip", responses=problems.documented(401, 404, 422))
    async def get_video(id: Annotated[str, ID]) -> schema.Video:
        """How far the analysis is, and its segments once it is done."""
        return _video(jobs.find(id))

    @v1.get(
        "/videos/{id}/rows.{form}",
        tags=TAGS,
        summary="Get the faces of a clip",
        responses=problems.documented(401, 404, 409, 422),
    )
    async def get_rows(id: Annotated[str, ID], form: Annotated[Literal["csv", "jsonl"], FORM]) -> FileResponse:
        """The faces of each frame as CSV or JSON Lines, as ``mien video -o`` writes them."""
        job = jobs.find(id)
        if job.state != "done":
            raise RequestError(409, "The clip is not read yet: ask for it until its state is done.")
        name, kind = TYPES[form]
        return FileResponse(job.folder / name, media_type=kind)

    @v1.delete(
        "/videos/{id}",
        tags=TAGS,
        summary="Delete a clip",
        status_code=204,
        responses=problems.documented(401, 404, 422),
    )
    async def delete_video(id: Annotated[str, ID]) -> Response:
        """Delete a clip and its results; an analysis is cancelled."""
        jobs.remove(jobs.find(id))
        return Response(status_code=204)


def _video(job: Job) -> schema.Video:
    state = "waiting" if job.state == "receiving" else job.state
    return schema.Video(
        id=job.id,
        state=state,
        model=job.model,
        seconds=round(job.seconds, 2),
        duration=job.duration,
        result=None if job.result is None else schema.VideoResult.model_validate(job.result.to_dict()),
        error=None if job.error is None else problems.of(job.error),
    )
