"""Request bodies: pictures as the complete body or as files of a form, limited in size, and in memory only."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from mien.errors import RequestError
from mien.serving.gate import Hold
from mien.serving.settings import Settings
from mien.words import counted

DISCARDED = 8
"""Bodies up to this multiple of the limit are read to their end and discarded, so that the client receives the response."""

PATIENCE = 5.0
"""Time in seconds during which a body may arrive at any speed."""

SLOWEST = 20_000
"""Minimum mean speed after that, in bytes per second."""

SLOWEST_CLIP = 100_000
"""The same for clips: they take one of few places while they arrive."""

FIELDS = 16
"""Maximum number of form fields that are not files; a form with one is refused with its name."""


@dataclass(frozen=True)
class Upload:
    """One received picture: the file name sent by the client, or None if the picture was the complete body."""

    name: str | None
    data: bytes


class _InMemory(MultiPartParser):
    spool_max_size = 0  # never spools to disk; the length of the body is limited anyway


async def read(request: Request, settings: Settings, hold: Hold) -> list[Upload]:
    """Read the pictures of a request.

    Args:
        request: its body is one picture (``image/*`` or ``application/octet-stream``) or a form with files
            (``multipart/form-data``, any field names).
        settings: the limits.
        hold: called with the number of bytes received.

    Raises:
        RequestError: unsupported type (415), body too large (413), too slow (408), empty or a form without files or with other fields (422), or an
            invalid form (400); or the server holds too many bytes already (503).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RequestError(
            415, "Compressed bodies are not supported: send the picture as it is, without Content-Encoding."
        )
    if kind != "multipart/form-data" and kind != "application/octet-stream" and not kind.startswith("image/"):
        raise RequestError(
            415,
            "Send one picture as the body with its type, such as 'Content-Type: image/jpeg', or several as the files of a "
            "multipart/form-data form.",
        )
    data = await _whole(request, settings, hold)
    if kind == "multipart/form-data":
        return await _files(request, data, settings.max_files)
    if not data:
        raise RequestError(422, "The body is empty: send a picture.")
    return [Upload(None, data)]


async def save(request: Request, path: Path, most: int) -> None:
    """Write the clip of a request to a file as it arrives.

    Args:
        request: its body is a clip (``video/*`` or ``application/octet-stream``).
        path: the file; what has been written so far is left there after an error.
        most: maximum size in bytes.

    Raises:
        RequestError: unsupported type (415), body too large (413), too slow (408) or empty (422), or the connection was closed (400).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/octet-stream" and not kind.startswith("video/"):
        raise RequestError(415, "Send a clip as the body with its type, such as 'Content-Type: video/mp4'.")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise _clip_too_large(most)
    loop = asyncio.get_running_loop()
    total, started = 0, loop.time()
    try:
        async with asyncio.timeout(PATIENCE) as clock:
            with path.open("wb") as file:
                async for piece in request.stream():
                    total += len(piece)
                    if total > most:
                        raise _clip_too_large(most)
                    await loop.run_in_executor(None, file.write, piece)  # the disk may be slow
                    clock.reschedule(started + PATIENCE + total / SLOWEST_CLIP)
    except TimeoutError:
        raise RequestError(408, "The clip took too long to arrive: send it faster, or a shorter one.") from None
    except ClientDisconnect:
        raise RequestError(400, "The connection was closed before the clip had arrived.") from None
    except OSError as error:
        raise RequestError(
            503, f"The server has no room for the clip ({error.strerror}): try again later.", 60
        ) from None
    if not total:
        raise RequestError(422, "The body is empty: send a clip.")


def _clip_too_large(most: int) -> RequestError:
    return RequestError(413, f"The clip has more than the {most:,} bytes allowed: send a shorter or smaller one.")


async def _files(request: Request, data: bytes, most: int) -> list[Upload]:
    async def whole() -> AsyncGenerator[bytes, None]:
        yield data

    # Names are UTF-8 in every browser; other charsets allow names that can't be encoded.
    kind = re.sub(r";\s*charset=[^;]*", "", request.headers["content-type"], flags=re.IGNORECASE)
    try:
        _check_end(kind, data)
        form = await _InMemory(Headers({"content-type": kind}), whole(), max_files=most, max_fields=FIELDS).parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise RequestError(
                413, f"A request may have at most {counted(most, 'file')}: send several requests."
            ) from None
        raise _no_form() from None
    except (KeyError, ValueError):  # no boundary, or an invalid one
        raise _no_form() from None
    files = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
    others = [name for name, part in form.multi_items() if not isinstance(part, UploadFile)]
    uploads = [Upload(part.filename or "", await part.read()) for part in files]
    await form.close()
    if not uploads:
        raise RequestError(422, "The form has no files: send at least one, as in  curl -F files=@photo.jpg")
    if others:
        where = "write parameters into the address, as in  /v1/analyze?model=tiny"
        raise RequestError(422, f"The form field '{others[0][:100]}' is not a file: {where}")
    return uploads


def _check_end(kind: str, data: bytes) -> None:
    """Refuse a truncated form, of which the parser would silently drop the last file.

    Raises:
        ValueError: its last boundary is missing.
    """
    _, options = parse_options_header(kind)
    boundary = options.get(b"boundary", b"")
    if not boundary or b"--%b--" % boundary not in data:
        raise ValueError("cut off")


def _no_form() -> RequestError:
    return RequestError(400, "The form can't be read: send it as multipart/form-data with its boundary.")


async def _whole(request: Request, settings: Settings, hold: Hold) -> bytes:
    most = settings.max_body
    declared = request.headers.get("content-length", "")
    length = int(declared) if declared.isdigit() else 0
    if length > most and (length > DISCARDED * most or "expect" in request.headers):
        raise _too_large(most)
    pieces, total, started = [], 0, asyncio.get_running_loop().time()
    # Slightly earlier than the time limit of the request, so that the client gets this error and not that one.
    last, first = settings.timeout * 0.9, min(settings.timeout * 0.9, PATIENCE)
    try:
        async with asyncio.timeout(first) as clock:
            async for piece in request.stream():
                total += len(piece)
                if total > DISCARDED * most:
                    break
                if max(total, length) <= most:
                    hold(len(piece))
                    pieces.append(piece)
                clock.reschedule(started + min(last, first + total / SLOWEST))
    except TimeoutError:
        raise RequestError(408, "The body took too long to arrive: send it faster, or a smaller picture.") from None
    except ClientDisconnect:
        raise RequestError(400, "The connection was closed before the body had arrived.") from None
    if total > most:
        raise _too_large(most)
    return b"".join(pieces)


def _too_large(most: int) -> RequestError:
    return RequestError(413, f"The body has more than the {most:,} bytes allowed: send a smaller picture, or fewer.")
