"""Functions over many items in threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mien import threads


def test_results_keep_the_order_of_the_items() -> None:
    assert threads.in_threads(lambda item: item * item, range(1000)) == [item * item for item in range(1000)]
    assert threads.in_threads(len, []) == []


def test_the_first_error_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        threads.in_threads(lambda item: 1 // (item - 300), range(1000))


def test_256_items_are_one_task_and_fewer_where_there_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks: list[Any] = []

    class Counting(ThreadPoolExecutor):
        def submit(self, *task: Any, **named: Any) -> Any:
            tasks.append(task)
            return super().submit(*task, **named)

    monkeypatch.setattr(threads, "ThreadPoolExecutor", Counting)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    threads.in_threads(str, range(4096))
    assert len(tasks) == 16
    threads.in_threads(str, range(16))
    assert len(tasks) == 16 + 8
