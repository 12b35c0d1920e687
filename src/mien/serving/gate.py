"""How much is taken on at once: so many requests at work, so many waiting, so many bytes of bodies, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from mien.errors import RequestError

RETRY_AFTER = 1
"""Seconds after which a client that was turned away may ask again."""

Hold = Callable[[int], None]


class Gate:
    """Lets requests in.

    A request takes a place only once its body is here, so that slow clients keep nobody out; until then its bytes are counted.

    Args:
        working: requests that are worked on at once.
        waiting: requests that may be here beyond those.
        max_bytes: of all bodies that are held.
        timeout: seconds that a request may take, its body included.
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
        """Whether the next request is turned away."""
        return self.inside >= self.most

    @asynccontextmanager
    async def admit(self) -> AsyncIterator[Hold]:
        """Be here, from before the body is read; gives a function that counts bytes that are held from now on.

        Raises:
            RequestError: there are too many already, or the time is over.
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
                503, f"This took longer than the {self.timeout:g} seconds allowed: try again later.", RETRY_AFTER
            ) from None
        finally:
            self.held -= held

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Take a place and be worked on; waits while others are.

        Raises:
            RequestError: there is no place.
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
            raise RequestError(503, "The server has all the work it can take: try again later.", RETRY_AFTER)
