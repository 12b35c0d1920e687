"""The work behind the API: photos decoded and searched side by side, and the faces of all requests read in common batches."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.errors import MienError, RequestError
from mien.inference import priors
from mien.inference.classifier import Classifier
from mien.inference.photo import DetectedFaces, Face, PhotoResult, Reader
from mien.serving.settings import Settings

Crops = NDArray[np.uint8]  # (N, h, w), all of the model's size
Rows = NDArray[np.float32]  # (N, K)
Result = TypeVar("Result")


class Batcher:
    """Gathers the faces of requests that come at about the same time and reads them in one run.

    While a run goes on, what arrives waits for the next one. A run also waits, at most ``wait`` seconds, while faces of other
    pictures are expected; a picture that is alone never waits.

    Args:
        run: reads faces ``(N, h, w)``, gives ``(N, K)``; it is called in a thread, once at a time.
        most: faces after which a batch is full; one request's faces are never divided.
        wait: seconds.
        expected: how many pictures are being decoded or searched.
        observe: is told the number of faces in each run.
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
        """Read some faces, together with those of others."""
        future: asyncio.Future[Rows] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((crops, future))
        return await future

    async def work(self) -> None:
        """Read what is asked for, until cancelled."""
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
                if not future.done():  # the client may have gone
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
        """Let the thread go."""
        self._thread.shutdown(wait=False, cancel_futures=True)


class Engine:
    """The loaded models and the threads; made once, used by every request.

    Args:
        settings: which models, and how much at once.
        observe: is told the number of faces in each run.

    Raises:
        ModelFileError: there is no such model, or one without that decision.
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
        """Keep the batches going, until cancelled."""
        try:
            await asyncio.gather(*(batcher.work() for batcher in self._batchers.values()))
        finally:
            for batcher in self._batchers.values():
                batcher.close()
            self._threads.shutdown(wait=False, cancel_futures=True)

    def named(self, model: str | None) -> str:
        """The model that a request names, or the first where it names none.

        Raises:
            RequestError: there is none of that name here.
        """
        if model is None:
            return next(iter(self.readers))
        if model not in self.readers:
            raise RequestError(404, f"There is no such model here: name one of {', '.join(self.readers)}.")
        return model

    def with_prior(
        self, photos: Sequence[PhotoResult], model: str, prior: str | None
    ) -> tuple[list[PhotoResult], dict[str, float] | None]:
        """The photos of a request for its own class shares, or the server's where it states none; and those shares.

        Raises:
            RequestError: the shares don't fit, can't be estimated from so few faces, or the model can't allow for any.
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
        """Find and read the faces in an encoded photo, or read it as the ready-made crop that it is.

        Raises:
            ImageError: it is no picture, is damaged, or past the limits.
        """
        reader = self.readers[model]
        picture, found = await self._in_thread(self._crop if crops else self._find, reader, data)
        faces: list[Face] = []
        if len(found.crops):
            rows = await self._batchers[model].read(found.crops)
            faces = [reader.face(found, number, row) for number, row in enumerate(rows)]
        height, width = picture.pixels.shape[:2]
        return PhotoResult("", tuple(faces), note=picture.note, size=(width, height), rotated=found.rotated)

    def _find(self, reader: Reader, data: bytes) -> tuple[images.Picture, DetectedFaces]:
        photo = images.decode_picture(data, max_pixels=self.settings.max_pixels)
        return photo, reader.find(photo.pixels)

    def _crop(self, reader: Reader, data: bytes) -> tuple[images.Picture, DetectedFaces]:
        face = images.decode_picture(data, "L", max_pixels=min(self.settings.max_pixels, images.MAX_FACE_SIDE**2))
        return face, reader.whole(face.pixels)

    async def _in_thread(self, work: Callable[..., Result], *arguments: Any) -> Result:
        self.expected += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self.expected -= 1


def _rows(faces: list[list[float]], classifier: Classifier) -> Rows:
    return np.array(faces, np.float32).reshape(-1, len(classifier.classes))


def served_name(model: str) -> str:
    """How requests name a model: as it is called, or by its file's name without folders and ending."""
    return Path(model).stem


def _reader(name: str, settings: Settings) -> Reader:
    # Photos are searched side by side, one thread each; batches are read one after another, by all threads.
    classifier = Classifier.load(name, threads=settings.threads, decision=settings.decision)
    return Reader(classifier, settings.reading, threads=1)
