"""The server process: the socket, uvicorn, and timeouts for slow clients."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from mien.errors import SettingsError
from mien.serving import logs
from mien.serving.app import create_app
from mien.serving.settings import Settings
from mien.serving.state import State

HEAD_SECONDS = 10.0
"""Maximum time in seconds until a request's header has arrived; uvicorn has no limit."""

UNREAD_SECONDS = 30.0
"""Maximum time in seconds for which a response waits for a client that doesn't read."""

CONNECTIONS = 8
"""Maximum number of open connections, as a multiple of the admitted requests; further ones get 503 at once."""

KEEP_ALIVE_SECONDS = 5
"""Maximum time in seconds for which a connection is kept for its next request."""

SETTLE_SECONDS = 0.25
"""Time in seconds between the end of listening and the closing of idle connections, to receive requests sent before."""

BACKLOG = 2048
"""Maximum number of connections that wait to be accepted."""


class ImpatientProtocol(H11Protocol):
    """HTTP/1.1 that closes a connection if a request's header doesn't arrive in time (Slowloris), or a response isn't read."""

    head_timer: asyncio.TimerHandle | None = None
    write_timer: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """Start the timer of a response that isn't read."""
        super().pause_writing()
        self.write_timer = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the timer."""
        super().resume_writing()
        self._stop_writing()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the parent class
        """Start the timer of the first header."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers."""
        super().connection_lost(exc)
        self._stop()
        self._stop_writing()

    def data_received(self, data: bytes) -> None:
        """Stop the timer when the header is complete; start it with the first bytes of the next one."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()
        elif self.head_timer is None and not self.transport.is_closing():
            self._await_head()

    def _await_head(self) -> None:
        self.head_timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if not self.transport.is_closing() and (self.cycle is None or self.cycle.response_complete):
            self.transport.close()

    def _stop_writing(self) -> None:
        if self.write_timer is not None:
            self.write_timer.cancel()
            self.write_timer = None

    def _stop(self) -> None:
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None


class GracefulServer(uvicorn.Server):
    """A server that doesn't reset requests which were sent before it stopped listening.

    After SIGTERM it still accepts requests for a while, during which ``/readyz`` fails, so that a load balancer sends them elsewhere.
    After any signal, requests that have arrived are answered before connections are closed.

    Args:
        config: configuration of uvicorn.
        state: shared with the application; set when the server is to stop.
        grace: seconds between SIGTERM and the end of listening; another signal ends the wait.
    """

    def __init__(self, config: uvicorn.Config, state: State, grace: float) -> None:
        super().__init__(config)
        self.state = state
        self.grace = grace
        self.signals: list[int] = []

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note a signal."""
        self.signals.append(sig)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, then close the connections."""
        self.state.is_stopping = True
        loop = asyncio.get_running_loop()
        last = loop.time() + (self.grace if self.signals == [signal.SIGTERM] else 0.0)
        while loop.time() < last and len(self.signals) < 2:
            await asyncio.sleep(0.05)
        for server in self.servers:
            server.close()
        await asyncio.sleep(SETTLE_SECONDS)
        await super().shutdown(sockets)


def run(settings: Settings, started: Callable[[str], None]) -> None:
    """Serve until a signal arrives; requests in progress are answered first.

    Args:
        settings: all settings.
        started: called with the address, such as ``http://127.0.0.1:8000``, before the first request.

    Raises:
        ModelFileError: there is no such model.
        SettingsError: the server can't listen on the address.
    """
    server = prepare(settings)
    with listen(settings) as listener:
        logs.start()
        host, port = listener.getsockname()[:2]
        started(f"http://{f'[{host}]' if ':' in host else host}:{port}")
        with contextlib.suppress(KeyboardInterrupt):  # which uvicorn raises again once it has stopped
            server.run(sockets=[listener])


def prepare(settings: Settings) -> GracefulServer:
    """The server with its models loaded, ready to run on a socket.

    Raises:
        ModelFileError: there is no such model.
    """
    state = State()
    app = create_app(settings, state)
    connections = CONNECTIONS * (settings.max_requests + settings.queue)
    config = uvicorn.Config(
        app,
        http=ImpatientProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # headers of proxies can be forged
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        limit_concurrency=connections,
        timeout_graceful_shutdown=round(settings.timeout) + 1,
    )
    return GracefulServer(config, state, settings.grace)


def listen(settings: Settings) -> socket.socket:
    """A socket that listens on the address of the settings.

    Raises:
        SettingsError: it can't listen on the address.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # With the protocol named, asyncio turns off Nagle's algorithm, which delays responses by 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"Can't listen on {settings.host} port {settings.port} ({error.strerror or error}): choose another with --host and --port."
        ) from None
    return listener
