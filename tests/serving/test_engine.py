"""The batches: who waits for whom, and who gets which answer."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from mien import images
from mien.errors import ImageError, RequestError
from mien.inference.photo import PhotoResult
from mien.serving.engine import Batcher, Crops, Engine, Rows
from mien.serving.settings import Settings
from mien.synthetic import drawn


def crops(*values: int) -> Crops:
    """Faces that are each one gray level all over."""
    return np.array(values, np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8)


def mean(faces: Crops) -> Rows:
    """A reading by which each face can be told: its gray level."""
    return np.asarray(faces.mean(axis=(1, 2))[:, None], np.float32)


def with_batcher(
    work: Callable[[Batcher], Awaitable[Any]], run: Callable[[Crops], Rows] = mean, **options: Any
) -> tuple[Any, list[int]]:
    """Run something against a batcher; gives what it gave, and the sizes of the batches."""
    sizes: list[int] = []

    async def go() -> Any:
        settings = {"most": 8, "wait": 0.05, "expected": lambda: 99, **options}
        batcher = Batcher(run, observe=sizes.append, **settings)
        task = asyncio.create_task(batcher.work())
        try:
            return await work(batcher)
        finally:
            task.cancel()
            batcher.close()

    return asyncio.run(go()), sizes


def test_faces_of_many_requests_are_read_together_and_given_back_to_each() -> None:
    async def work(batcher: Batcher) -> list[Rows]:
        return await asyncio.gather(*(batcher.read(crops(*range(n, 2 * n))) for n in (1, 2, 3)))

    rows, sizes = with_batcher(work)
    assert sizes == [6]
    assert [row[:, 0].tolist() for row in rows] == [[1], [2, 3], [3, 4, 5]]


def test_a_full_batch_does_not_wait_and_a_request_is_never_divided() -> None:
    async def work(batcher: Batcher) -> list[Rows]:
        return await asyncio.gather(*(batcher.read(crops(*[n] * 5)) for n in range(4)))

    started = time.perf_counter()
    rows, sizes = with_batcher(work, wait=60.0)
    assert time.perf_counter() - started < 10
    assert sizes == [10, 10]
    assert [set(row[:, 0]) for row in rows] == [{0}, {1}, {2}, {3}]


def test_a_request_that_is_alone_does_not_wait() -> None:
    started = time.perf_counter()
    _, sizes = with_batcher(lambda batcher: batcher.read(crops(1)), wait=60.0, expected=lambda: 0)
    assert time.perf_counter() - started < 10
    assert sizes == [1]


def test_the_wait_for_others_ends() -> None:
    _, sizes = with_batcher(lambda batcher: batcher.read(crops(1)), wait=0.01)
    assert sizes == [1]


def test_what_arrives_during_a_run_waits_for_the_next() -> None:
    running, go_on = threading.Event(), threading.Event()

    def run(faces: Crops) -> Rows:
        running.set()
        assert go_on.wait(10)
        return mean(faces)

    async def work(batcher: Batcher) -> list[Rows]:
        first = asyncio.create_task(batcher.read(crops(1)))
        while not running.is_set():
            await asyncio.sleep(0.001)
        others = [asyncio.create_task(batcher.read(crops(n))) for n in (2, 3)]
        await asyncio.sleep(0.01)
        go_on.set()
        return await asyncio.gather(first, *others)

    rows, sizes = with_batcher(work, run, wait=0.0)
    assert sizes == [1, 2]
    assert [float(row[0, 0]) for row in rows] == [1, 2, 3]


def test_an_error_reaches_those_whose_run_it_was_and_the_next_run_goes_on() -> None:
    def run(faces: Crops) -> Rows:
        if faces.max() == 13:
            raise RuntimeError("unlucky")
        return mean(faces)

    async def work(batcher: Batcher) -> Rows:
        with pytest.raises(RuntimeError, match="unlucky"):
            await batcher.read(crops(13))
        return await batcher.read(crops(7))

    rows, _ = with_batcher(work, run, wait=0.0)
    assert rows.tolist() == [[7]]


def test_who_has_gone_is_not_read() -> None:
    async def work(batcher: Batcher) -> Rows:
        gone = asyncio.create_task(batcher.read(crops(1, 1, 1)))
        await asyncio.sleep(0)
        gone.cancel()
        return await batcher.read(crops(5))

    rows, sizes = with_batcher(work)
    assert sizes == [1]
    assert rows.tolist() == [[5]]


def test_a_model_file_is_named_by_its_file(run: Any) -> None:
    engine = Engine(Settings(models=("tiny", str(run.model_file))), observe=lambda faces: None)
    assert list(engine.readers) == ["tiny", "model"]
    assert engine.named(None) == "tiny"
    with pytest.raises(RequestError, match="choose one of tiny, model"):
        engine.named("/etc/passwd")


def test_small_crops_are_decoded_at_once_and_others_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[int] = []

    async def go() -> list[PhotoResult]:
        engine = Engine(Settings(models=("tiny",)), observe=lambda num: None)
        in_thread = engine._in_thread

        async def noted(*work: Any) -> Any:
            handed.append(len(work[2]))
            return await in_thread(*work)

        monkeypatch.setattr(engine, "_in_thread", noted)
        task = asyncio.create_task(engine.work())
        await asyncio.sleep(0)
        results = [await engine.read(data, "tiny", crops=True) for data in (small, large)]
        with pytest.raises(ImageError):
            await engine.read(b"no picture", "tiny", crops=True)
        task.cancel()
        return results

    face = drawn.draw(1, seed=3).images[0]
    small, large = images.encode_png(face), images.encode_png(np.kron(face, np.ones((4, 4), np.uint8)))
    results = asyncio.run(go())
    assert [result.size for result in results] == [(48, 48), (192, 192)]
    assert results[0].faces[0].label == results[1].faces[0].label
    assert handed == [len(large), len(b"no picture")]
