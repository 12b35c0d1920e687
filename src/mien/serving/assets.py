"""The files of the page: compressed once, revalidated by ETag, or kept by browsers for good where their address has their version."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response

from mien.errors import RequestError

KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}
"""Media type by suffix; other files are bytes."""

BYTES = "application/octet-stream"
PACKED = (".css", ".html", ".js", ".mjs", ".svg", ".wasm")
"""Suffixes of the files that are compressed."""

LEVEL = 6
"""Level of gzip; 9 takes twice the time for 0.4% less (onnxruntime's 14 MB become 3.7)."""

REVALIDATE, FOR_GOOD = "no-cache", "public, max-age=31536000, immutable"
"""``Cache-Control`` of files that may change, and of those whose address has their version."""

LENGTH = "X-Decoded-Length"
"""Header with the length before compression, with which the page shows how much it has loaded."""

_PACKED: dict[str, bytes] = {}  # by tag


@dataclass(frozen=True, eq=False)
class Asset:
    """One file.

    Args:
        load: gives its bytes, always the same.
        kind: media type.
        is_packed: whether it is worth compressing.
    """

    load: Callable[[], bytes]
    kind: str = BYTES
    is_packed: bool = False

    @cached_property
    def tag(self) -> str:
        """Hash of its content."""
        return hashlib.sha256(self.load()).hexdigest()[:20]

    @property
    def packed(self) -> bytes:
        """Its bytes in gzip, compressed once in a process."""
        if self.tag not in _PACKED:
            _PACKED[self.tag] = gzip.compress(self.load(), LEVEL, mtime=0)
        return _PACKED[self.tag]

    @cached_property
    def length(self) -> int:
        """Its length before compression."""
        return len(self.load())

    @cached_property
    def lock(self) -> threading.Lock:
        """Held while it is compressed, so that this happens once."""
        return threading.Lock()


def at(path: Path) -> Asset:
    """The file at a path."""
    return Asset(path.read_bytes, KINDS.get(path.suffix, BYTES), path.suffix in PACKED)


async def respond(asset: Asset, headers: Headers, cache: str = REVALIDATE) -> Response:
    """The file as a response, compressed if the client prefers that; without a body if the client has it.

    Args:
        asset: the file.
        headers: those of the request.
        cache: ``Cache-Control``.
    """
    return await run_in_threadpool(_respond, asset, headers, cache)


def _respond(asset: Asset, headers: Headers, cache: str) -> Response:
    is_gzip = asset.is_packed and prefers_gzip(headers.get("accept-encoding", ""))
    etag = f'"{asset.tag}{"-gzip" if is_gzip else ""}"'
    own = {"ETag": etag, "Cache-Control": cache} | ({"Vary": "Accept-Encoding"} if asset.is_packed else {})
    if has(etag, headers.get("if-none-match", "")):
        return Response(status_code=304, headers=own)
    own[LENGTH] = str(asset.length)
    if not is_gzip:
        return Response(asset.load(), media_type=asset.kind, headers=own)
    with asset.lock:
        body = asset.packed
    return Response(body, media_type=asset.kind, headers=own | {"Content-Encoding": "gzip"})


def prefers_gzip(accepted: str) -> bool:
    """Whether a client that sent this ``Accept-Encoding`` prefers gzip to no compression (RFC 9110, 12.5.3)."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        stated = [text.removeprefix("q=") for text in parameters if text.startswith("q=")]
        try:
            weights[name] = float(stated[0]) if stated else 1.0
        except ValueError:
            weights[name] = 0.0
    others = weights.get("*", 0.0)
    gzipped = weights.get("gzip", weights.get("x-gzip", others))
    return gzipped > 0 and gzipped >= weights.get("identity", others)


def has(etag: str, known: str) -> bool:
    """Whether a client that sent this ``If-None-Match`` has the file (weak comparison)."""
    tags = [tag.strip().removeprefix("W/") for tag in known.split(",")]
    return etag in tags or tags == ["*"]


class Assets:
    """The files of the page, below one address: as ``NAME``, or as ``VERSION/NAME`` for good.

    Args:
        folders: prefix of the names, to folder; a later one has priority.
        made: further files by name.

    Attributes:
        version: hash of all files in the folders.
    """

    def __init__(self, folders: Mapping[str, Path], made: Mapping[str, Asset]) -> None:
        self.assets = dict(made)
        for prefix, folder in folders.items():
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                self.assets[prefix + path.relative_to(folder).as_posix()] = at(path)
        digest = hashlib.sha256()
        for name in sorted(self.assets.keys() - made.keys()):
            digest.update(f"{name} {self.assets[name].tag}\n".encode())
        self.version = digest.hexdigest()[:12]

    async def respond(self, name: str, headers: Headers) -> Response:
        """One file as a response.

        Raises:
            RequestError: there is none of that name, or only in another version.
        """
        plain = name.removeprefix(f"{self.version}/")
        asset = self.assets.get(plain)
        if asset is None:
            raise RequestError(404, "There is no such file: reload the page.")
        return await respond(asset, headers, REVALIDATE if plain == name else FOR_GOOD)
