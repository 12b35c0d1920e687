"""Run a function over many items in threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

BATCH = 256
"""Number of items per task: handing over one item costs as much as decoding a small face."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """The results of a function for all items, in their order; ``BATCH`` items are one task.

    Raises:
        Exception: the first error of the function, in the order of the items.
    """

    def task(start: int) -> list[Result]:
        return [function(item) for item in items[start : start + BATCH]]

    with ThreadPoolExecutor() as pool:
        return [result for results in pool.map(task, range(0, len(items), BATCH)) for result in results]
