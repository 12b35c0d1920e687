"""Servers for tests: in a thread of this process, on a port of their own."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx

from mien.serving import server
from mien.serving.settings import Settings

_CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Never used, as these servers speak HTTP; without it, httpx reads all certificates of the system for each request."""

get, post, request = (partial(function, verify=_CONTEXT) for function in (httpx.get, httpx.post, httpx.request))
Client = partial(httpx.Client, verify=_CONTEXT, timeout=30)


@contextmanager
def running(**settings: Any) -> Iterator[str]:
    """The address of a server with these settings, which is stopped at the end."""
    checked = Settings(**{"port": 0, "models": ("tiny",), "threads": 1, **settings})
    made = server.prepare(checked)
    with server.listen(checked) as listener:
        thread = threading.Thread(target=made.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not made.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            made.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


class Connection:
    """A connection that sends whatever a test wants, at its own pace."""

    def __init__(self, url: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=20)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def head(self, path: str, *lines: str) -> None:
        """A POST's head, its last blank line included."""
        self.send("\r\n".join((f"POST {path} HTTP/1.1", "Host: localhost", *lines, "", "")).encode())

    def answer(self) -> tuple[int, dict[str, str], Any]:
        """Status, headers and body as JSON of what comes back; status 0 where the connection is closed without a word."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.socket.recv(65536)
            if not piece:
                return 0, {}, None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += self.socket.recv(65536)
        return int(first.split()[1]), headers, json.loads(body)

    def close(self) -> None:
        self.socket.close()
