"""How many requests, and how many of their bytes, are admitted at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from mien.errors import RequestError
from mien.serving.gate import RETRY_AFTER, Gate


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def gate(working: int = 1, waiting: int = 1, max_bytes: int = 100, timeout: float = 5.0) -> Gate:
    return Gate(working=working, waiting=waiting, max_bytes=max_bytes, timeout=timeout)


def test_so_many_work_so_many_wait_and_the_next_is_refused() -> None:
    async def work() -> None:
        doors, order, leave = gate(), list[str](), asyncio.Event()

        async def request(name: str) -> None:
            async with doors.turn():
                order.append(name)
                await leave.wait()

        first, second = asyncio.create_task(request("first")), asyncio.create_task(request("second"))
        await asyncio.sleep(0)
        assert (order, doors.inside, doors.is_full) == (["first"], 2, True)
        for refused in (doors.turn(), doors.admit()):
            with pytest.raises(RequestError) as caught:
                async with refused:
                    pass
            assert (caught.value.status, caught.value.retry_after) == (503, RETRY_AFTER)
        leave.set()
        await asyncio.gather(first, second)
        assert (order, doors.inside, doors.is_full) == (["first", "second"], 0, False)

    run(work())


def test_bytes_are_held_together_and_given_back_also_after_an_error() -> None:
    async def work() -> None:
        doors = gate()
        async with doors.admit() as first:
            first(60)
            async with doors.admit() as second:
                second(40)
                assert doors.held == 100
                with pytest.raises(RequestError):
                    second(1)
            assert doors.held == 60
            first(40)
        assert doors.held == 0

        async def fail() -> None:
            async with doors.admit() as hold:
                hold(50)
                raise RuntimeError("gone")

        with pytest.raises(RuntimeError, match="gone"):
            await fail()
        assert doors.held == 0

    run(work())


def test_a_body_that_arrives_slowly_takes_no_turn() -> None:
    async def work() -> None:
        doors = gate(working=1, waiting=0)
        async with doors.admit(), doors.admit():
            assert doors.inside == 0
            async with doors.turn():
                assert doors.inside == 1

    run(work())


def test_a_request_that_takes_too_long_is_ended() -> None:
    async def work() -> None:
        doors = gate(timeout=0.01)

        async def linger() -> None:
            async with doors.admit() as hold:
                hold(5)
                await asyncio.sleep(10)

        with pytest.raises(RequestError, match=r"longer than the 0\.01 seconds allowed") as caught:
            await linger()
        assert (caught.value.status, doors.held) == (503, 0)

    run(work())
