"""How much is taken on at once: so many requests at work, so many waiting, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mien.errors import RequestError

RETRY_AFTER = 1
"""Seconds after which a client that was turned away may ask again."""


class Gate:
    """Lets requests in.

    Args:
        working: requests that are worked on at once.
        waiting: requests that may be here beyond those.
        timeout: seconds that a request may be here, its body included.
    """

    def __init__(self, *, working: int, waiting: int, timeout: float) -> None:
        self.inside = 0
        self.most = working + waiting
        self.timeout = timeout
        self._turns = asyncio.Semaphore(working)

    @asynccontextmanager
    async def admit(self) -> AsyncIterator[None]:
        """Be here, from before the body is read.

        Raises:
            RequestError: there are too many already, or the time is over; the body or the work took too long.
        """
        if self.inside >= self.most:
            raise RequestError(503, "The server has all the work it can take: try again later.", RETRY_AFTER)
        self.inside += 1
        try:
            async with asyncio.timeout(self.timeout):
                yield
        except TimeoutError:
            raise RequestError(
                503, f"This took longer than the {self.timeout:g} seconds allowed: try again later.", RETRY_AFTER
            ) from None
        finally:
            self.inside -= 1

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Be worked on; waits while too many are."""
        async with self._turns:
            yield
