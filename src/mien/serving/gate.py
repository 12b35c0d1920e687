"""Concurrency limits: the number of requests in progress, the number of waiting requests, and the bytes of their bodies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from mien.errors import RequestError

RETRY_AFTER = 1
"""Seconds after which a rejected client may try again."""

Hold = Callable[[int], None]


class Gate:
    """Admit requests within the limits.

    A request counts as in progress only after its body has arrived, so that slow clients block nobody; until then its bytes are
    counted.

    Args:
        working: maximum number of requests in progress.
        waiting: maximum number of further requests.
        max_bytes: maximum size of all bodies in memory.
        timeout: time limit of a request in seconds, including its body.
    """

    def __init__(self, *, working: int, waiting: int, max_bytes: int, timeout: float) -> None:
        self.inside = 0
        self.most = working + waiting
        self.held = 0
        self.max_bytes = max_bytes
        self.timeout = timeout
        self._turns = asyncio.Semaphore(working)

    @property
    def is_full(self) -> bool:
        """Whether the next request would be rejected."""
        return self.inside >= self.most

    @asynccontextmanager
    async def admit(self) -> AsyncIterator[Hold]:
        """Admit a request; yields a function that accounts for its buffered bytes.

        Raises:
            RequestError: there are too many requests or bytes, or the time limit is exceeded.
        """
        self._refuse_if(self.is_full)
        held = 0

        def hold(num: int) -> None:
            nonlocal held
            self._refuse_if(self.held + num > self.max_bytes)
            self.held += num
            held += num

        try:
            async with asyncio.timeout(self.timeout):
                yield hold
        except TimeoutError:
            raise RequestError(
                503, f"The request took longer than the {self.timeout:g} seconds allowed: try again later.", RETRY_AFTER
            ) from None
        finally:
            self.held -= held

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until the request can be processed.

        Raises:
            RequestError: there are too many requests.
        """
        self._refuse_if(self.is_full)
        self.inside += 1
        try:
            async with self._turns:
                yield
        finally:
            self.inside -= 1

    def _refuse_if(self, too_much: bool) -> None:
        if too_much:
            raise RequestError(503, "The server is overloaded: try again later.", RETRY_AFTER)
