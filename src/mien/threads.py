"""Run a function over many items in threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

BATCH = 256
"""Maximum number of items per task: handing over one item costs as much as decoding a small face."""

_TASKS_PER_CORE = 4  # so that slow items, such as large photos, are spread over all cores

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """The results of a function for all items, in their order; up to ``BATCH`` items are one task.

    Raises:
        Exception: the first error of the function, in the order of the items.
    """

    cores = os.cpu_count() or 1
    batch = max(1, min(BATCH, len(items) // (_TASKS_PER_CORE * cores)))

    def task(start: int) -> list[Result]:
        return [function(item) for item in items[start : start + batch]]

    with ThreadPoolExecutor(cores) as pool:
        return [result for results in pool.map(task, range(0, len(items), batch)) for result in results]
