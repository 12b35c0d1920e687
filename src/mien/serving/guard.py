"""Middleware for all responses: request id, security headers, one log line, handling of unexpected errors; and API keys.

Plain ASGI around the app, so that it covers every response, also those of other layers.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import secrets
import time
import traceback

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mien.serving import problems
from mien.serving.metrics import Metrics
from mien.serving.settings import Settings, is_loopback
from mien.serving.state import State

log = logging.getLogger("mien.serving")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",  # with the line above, needed for several threads in the browser
    "Cross-Origin-Resource-Policy": "same-origin",
}

_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The content security policy: nothing from other hosts, no inline scripts or styles."""

DOCS_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""Policy of /docs, where Swagger UI sets inline styles."""

EVERYWHERE = ("0.0.0.0", "::")
"""Addresses that mean all addresses of the machine."""

PROTECTED = ("/v1/", "/metrics")
"""Paths that need an API key, if there are keys."""


class Guard:
    """Middleware around the app."""

    def __init__(self, app: ASGIApp, metrics: Metrics, state: State) -> None:
        self.app = app
        self.metrics = metrics
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number, started, status = secrets.token_hex(8), time.perf_counter(), 0
        method = scope["method"]
        # HEAD is answered like GET; uvicorn leaves out the body.
        scope = {**scope, problems.NUMBER: number, "method": "GET" if method == "HEAD" else method}
        policy = DOCS_POLICY if scope["path"] == "/docs" else POLICY

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                given = {name for name, _ in headers.raw}
                headers.raw.extend(header for header in _RAW_HEADERS if header[0] not in given)
                headers["Content-Security-Policy"] = policy
                headers["X-Request-ID"] = number
                if self.state.is_stopping:
                    headers["Connection"] = "close"  # so that the next request goes to another server
                # Browsers revalidate files each time, so that a new page never runs with old scripts.
                is_file = scope["path"].startswith("/page/") or scope["path"].endswith("/file")
                headers.setdefault("Cache-Control", "no-cache" if is_file else "no-store")
            await send(message)

        try:
            await self.app(scope, receive, guarded)
        except Exception as error:  # `problems.fault` has sent the response
            # The message of an exception may quote received data; its location does not.
            where = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
            log.error("error", extra={"fields": {"id": number, "error": type(error).__name__, "where": where}})
        finally:
            self._note({**scope, "method": method}, number, status, time.perf_counter() - started)

    def _note(self, scope: Scope, number: str, status: int, seconds: float) -> None:
        """Write one log line, with the pattern of the route and not the path, which may hold anything."""
        route = getattr(scope.get("route"), "path", None) or ("/page" if status in (200, 304) else "none")
        method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "DELETE", "OPTIONS") else "other"
        self.metrics.requests.labels(route, method, str(status)).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        fields = {"id": number, "method": method, "route": route, "status": status, "ms": round(1000 * seconds, 1)}
        log.info("request", extra={"fields": fields})


class Hosts:
    """Reject requests with an unknown host name. Otherwise a web site whose name resolves to this machine (DNS rebinding) could make
    a visitor's browser use the server.

    Known are the names of loopback, the address that the server listens on, and the ``hosts`` of the settings. If it listens on all
    addresses (``0.0.0.0``, ``::``), any IP address is known, as a web site can't use one as its name.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.listening = settings.host.lower()
        self.names = {name.lower() for name in settings.hosts if not name.startswith("*")}
        self.endings = tuple(name[1:].lower() for name in settings.hosts if name.startswith("*"))  # "" for any

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request, or reject it."""
        if scope["type"] == "http" and not self._is_known(Headers(scope=scope).getlist("host")):
            words = "This host name is not allowed: start the server with --allow-host NAME, or set MIEN_HOSTS, to allow it."
            await problems.answer(problems.problem(421, words), {"Connection": "close"})(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _is_known(self, hosts: list[str]) -> bool:
        if not hosts:  # HTTP/1.0, which browsers don't use
            return True
        if len(hosts) > 1:  # a proxy may have used another one
            return False
        host = hosts[0].lower()
        name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0].removesuffix(".")
        if is_loopback(name) or name == self.listening or name in self.names or name.endswith(self.endings):
            return True
        return self.listening in EVERYWHERE and _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Prefix:
    """Remove the path prefix of a proxy from paths, if the proxy has not done so."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self.app = app
        self.root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request, or redirect a browser to the prefix with a slash, to which the page's links are relative."""
        if scope["type"] == "http" and scope["path"] == self.root_path:
            found = Response(status_code=308, headers={"Location": f"{self.root_path}/"})
            await found(scope, receive, send)
            return
        if scope["type"] == "http" and scope["path"].startswith(f"{self.root_path}/"):
            scope["path"] = scope["path"].removeprefix(
                self.root_path
            )  # in place, as `Guard` reads the route from this scope
            scope["raw_path"] = scope["path"].encode()
        await self.app(scope, receive, send)


class Authentication:
    """Pass on requests to the API that have a key; inside CORS, so that pages on other hosts can read a 401."""

    def __init__(self, app: ASGIApp, keys: tuple[str, ...]) -> None:
        self.app = app
        self.keys = [key.encode() for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request, or reject it."""
        if scope["type"] == "http" and scope["path"].startswith(PROTECTED) and not self._has_key(Headers(scope=scope)):
            found = problems.problem(401, "Send an API key, as in  Authorization: Bearer KEY")
            await problems.answer(found, {"WWW-Authenticate": "Bearer"})(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _has_key(self, headers: Headers) -> bool:
        kind, _, key = headers.get("authorization", "").partition(" ")
        given = key.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "")
        # Every key is compared, each in constant time.
        return sum(hmac.compare_digest(given.encode(), known) for known in self.keys) > 0
