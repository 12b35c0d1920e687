"""Prediction for the API: photos are decoded and searched in parallel, and the faces of all requests are classified in batches."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.errors import ImageError, MienError, RequestError
from mien.inference import priors
from mien.inference.classifier import Classifier
from mien.inference.photo import DetectedFaces, Face, PhotoResult, Reader
from mien.serving.settings import Settings

Crops = NDArray[np.uint8]  # (N, h, w), all of the model's size
Rows = NDArray[np.float32]  # (N, K)
Result = TypeVar("Result")

SMALL_BYTES, SMALL_PIXELS = 16_384, 128 * 128
"""Crops up to this size are decoded at once: it takes less time than handing them to a thread."""


class Batcher:
    """Collect the faces of concurrent requests and classify them in one run.

    Faces that arrive during a run wait for the next one. A run also waits, at most ``wait`` seconds, while faces of other pictures
    are expected; a single picture never waits.

    Args:
        run: classifies faces ``(N, h, w)``, returns ``(N, K)``; called in a thread, one call at a time.
        most: maximum batch size in faces; the faces of one request are never divided.
        wait: in seconds.
        expected: returns the number of pictures being decoded or searched.
        observe: called with the number of faces in each run.
    """

    def __init__(
        self,
        run: Callable[[Crops], Rows],
        *,
        most: int,
        wait: float,
        expected: Callable[[], int],
        observe: Callable[[int], None],
    ) -> None:
        self._run = run
        self._most = most
        self._wait = wait
        self._expected = expected
        self._observe = observe
        self._queue: asyncio.Queue[tuple[Crops, asyncio.Future[Rows]]] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, "mien-batch")

    async def read(self, crops: Crops) -> Rows:
        """Classify some faces, together with those of other requests."""
        future: asyncio.Future[Rows] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((crops, future))
        return await future

    async def work(self) -> None:
        """Run batches until cancelled."""
        while True:
            batch = await self._gather()
            if not batch:
                continue
            faces = np.concatenate([crops for crops, _ in batch]) if len(batch) > 1 else batch[0][0]
            self._observe(len(faces))
            try:
                rows = await asyncio.get_running_loop().run_in_executor(self._thread, self._run, faces)
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            start = 0
            for crops, future in batch:
                if not future.done():  # the client may have disconnected
                    future.set_result(rows[start : start + len(crops)])
                start += len(crops)

    async def _gather(self) -> list[tuple[Crops, asyncio.Future[Rows]]]:
        batch = [await self._queue.get()]
        faces = len(batch[0][0])
        deadline = asyncio.get_running_loop().time() + self._wait
        while faces < self._most:
            if self._queue.empty():
                if not self._expected():
                    break
                try:
                    async with asyncio.timeout_at(deadline):
                        batch.append(await self._queue.get())
                except TimeoutError:
                    break
            else:
                batch.append(self._queue.get_nowait())
            faces += len(batch[-1][0])
        return [item for item in batch if not item[1].done()]

    def close(self) -> None:
        """Stop the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)


class Engine:
    """The loaded models and the threads; created once, used by every request.

    Args:
        settings: models and limits.
        observe: called with the number of faces in each run.

    Raises:
        ModelFileError: there is no such model, or it lacks the decision.
    """

    def __init__(self, settings: Settings, *, observe: Callable[[int], None]) -> None:
        self.settings = settings
        self.expected = 0
        self.readers: Mapping[str, Reader] = {served_name(name): _reader(name, settings) for name in settings.models}
        self._threads = ThreadPoolExecutor(settings.workers, "mien-photo")
        self._batchers = {
            name: Batcher(
                partial(reader.classifier.probabilities, flip=reader.flip, batch_size=settings.batch),
                most=settings.batch,
                wait=settings.batch_wait / 1000,
                expected=lambda: self.expected,
                observe=observe,
            )
            for name, reader in self.readers.items()
        }

    async def work(self) -> None:
        """Run the batches until cancelled."""
        try:
            await asyncio.gather(*(batcher.work() for batcher in self._batchers.values()))
        finally:
            for batcher in self._batchers.values():
                batcher.close()
            self._threads.shutdown(wait=False, cancel_futures=True)

    def named(self, model: str | None) -> str:
        """The model that a request names, by default the first.

        Raises:
            RequestError: there is no such model.
        """
        if model is None:
            return next(iter(self.readers))
        if model not in self.readers:
            raise RequestError(404, f"There is no such model on this server: choose one of {', '.join(self.readers)}.")
        return model

    def with_prior(
        self, photos: Sequence[PhotoResult], model: str, prior: str | None
    ) -> tuple[list[PhotoResult], dict[str, float] | None]:
        """Adjust the photos of a request to its own class shares, or to the server's; returns the photos and the shares.

        Raises:
            RequestError: the shares are invalid, there are too few faces to estimate them, or the model doesn't support them.
        """
        reader = self.readers[model]
        classifier, abstain = reader.classifier, reader.options.abstain
        shares = classifier.prior
        if prior is not None:
            faces = [list(face.probabilities.values()) for photo in photos for face in photo.faces]
            try:
                shares = (
                    priors.estimate(_rows(faces, classifier), classifier.shares)
                    if prior == priors.AUTO
                    else classifier.with_prior(prior).shares
                )
                rows = iter(priors.shift(_rows(faces, classifier), priors.offsets(classifier.shares, shares)))
            except MienError as error:
                raise RequestError(422, str(error)) from None
            photos = [
                dataclasses.replace(
                    photo, faces=tuple(face.with_probabilities(next(rows), abstain) for face in photo.faces)
                )
                for photo in photos
            ]
        return list(photos), None if shares is None else dict(zip(classifier.classes, shares.tolist(), strict=True))

    async def read(self, data: bytes, model: str, *, crops: bool = False) -> PhotoResult:
        """Detect and classify the faces in an encoded photo, or classify it as a ready-made crop.

        Raises:
            ImageError: it is not a picture, is damaged, or is above the limits.
        """
        reader = self.readers[model]
        picture, found = await (self._read_crop(reader, data) if crops else self._in_thread(self._find, reader, data))
        faces: list[Face] = []
        if len(found.crops):
            rows = await self._batchers[model].read(found.crops)
            faces = [reader.face(found, number, row) for number, row in enumerate(rows)]
        height, width = picture.size
        return PhotoResult("", tuple(faces), note=picture.note, size=(width, height), rotated=found.rotated)

    def _find(self, reader: Reader, data: bytes) -> tuple[images.Picture, DetectedFaces]:
        photo = images.decode_picture(data, max_pixels=self.settings.max_pixels)
        return photo, reader.find(photo)

    async def _read_crop(self, reader: Reader, data: bytes) -> tuple[images.Picture, DetectedFaces]:
        if len(data) <= SMALL_BYTES:
            with contextlib.suppress(ImageError):  # large or damaged: read again in a thread
                return self._crop(reader, data, SMALL_PIXELS)
        return await self._in_thread(self._crop, reader, data, images.MAX_FACE_SIDE**2)

    def _crop(self, reader: Reader, data: bytes, max_pixels: int) -> tuple[images.Picture, DetectedFaces]:
        face = images.decode_picture(data, "L", max_pixels=min(self.settings.max_pixels, max_pixels))
        return face, reader.as_face(face.pixels)

    async def _in_thread(self, work: Callable[..., Result], *arguments: Any) -> Result:
        self.expected += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self.expected -= 1


def _rows(faces: list[list[float]], classifier: Classifier) -> Rows:
    return np.array(faces, np.float32).reshape(-1, len(classifier.classes))


def served_name(model: str) -> str:
    """The name of a model in requests: its short name, or its file name without folder and suffix."""
    return Path(model).stem


def _reader(name: str, settings: Settings) -> Reader:
    # Photos are searched in parallel, one thread each; batches run one after another, with all threads.
    classifier = Classifier.load(name, threads=settings.threads, decision=settings.decision, device=settings.device)
    return Reader(classifier, settings.reading, threads=1)
