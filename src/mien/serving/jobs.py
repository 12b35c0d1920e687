"""Clips on the server: one is analysed at a time, in a thread; all are deleted soon, with their results.

A clip is a file in a folder that only this process uses. It is deleted as soon as it has been read; its results are deleted on
request, or when nobody has asked about them for a while. If the process is killed, the next one deletes what it left.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mien import temporaries
from mien.errors import MienError, OutputError, RequestError, VideoError
from mien.inference import records
from mien.inference.photo import Reader
from mien.progress import Progress
from mien.serving import schema
from mien.serving.settings import Settings

if TYPE_CHECKING:
    from mien.videos.job import VideoResult

log = logging.getLogger("mien.serving")

CLIP, LINES, TABLE = "clip", "rows.jsonl", "rows.csv"
"""Files of a job: the clip, and its faces as JSON Lines and as CSV."""

PATIENCE = 10.0
"""Maximum time of an analysis, as a multiple of the maximum length of a clip."""

SWEEP_SECONDS = 1.0
"""Time between two searches for clips nobody asks about."""

RETRY_AFTER = 30
"""Seconds after which a client may try again if there are too many clips."""

HEADS = (
    (0, b"\x1a\x45\xdf\xa3"),  # Matroska, WebM
    (0, b"OggS"),
    (0, b"FLV\x01"),
    (0, b"\x00\x00\x01\xba"),  # MPEG program stream
    (0, b"\x00\x00\x01\xb3"),  # MPEG video
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),  # ASF, WMV
    (8, b"AVI "),
    *((4, kind) for kind in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),  # MP4, QuickTime
)
"""Where the first bytes of a clip have which signature. Other formats are refused: a playlist could make FFmpeg open other files."""

TS_PACKET = 188
"""Length of a packet of an MPEG transport stream, each of which begins with ``G``."""


class Cancelled(Exception):  # noqa: N818 # it is no error
    """The clip is not wanted any more."""


@dataclass(eq=False)
class Job:
    """A clip and its analysis.

    Attributes:
        id: its part of the address; it can't be guessed.
        folder: its files.
        model: name of the model.
        every: every Nth frame is analysed.
        state: where it is.
        seconds: the time that is reached.
        duration: length of the clip; None until it is known.
        result: None until it is done.
        error: why it failed, or None.
        asked: time of the last request about it, by ``time.monotonic``.
        is_cancelled: whether the analysis has to stop.
    """

    id: str
    folder: Path
    model: str
    every: int
    state: Literal["receiving", "waiting", "running", "done", "failed"] = "receiving"
    seconds: float = 0.0
    duration: float | None = None
    result: VideoResult | None = None
    error: MienError | None = None
    asked: float = field(default_factory=time.monotonic)
    is_cancelled: bool = False

    @property
    def clip(self) -> Path:
        """The received file."""
        return self.folder / CLIP


class VideoJobs:
    """All clips of the server.

    Args:
        settings: the limits.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.limits = schema.VideoLimits(
            bytes=settings.max_video,
            seconds=settings.max_video_seconds,
            clips=settings.max_videos,
            ttl=settings.video_ttl,
        )
        self._jobs: dict[str, Job] = {}
        self._thread = ThreadPoolExecutor(1, "mien-video")
        self._opened = ExitStack()
        self._root: Path | None = None  # made with the first clip

    def __len__(self) -> int:
        """The number of clips that take a place: one that failed has no files any more."""
        return sum(job.state != "failed" for job in self._jobs.values())

    def new(self, model: str, every: int) -> Job:
        """A place for a clip.

        Raises:
            RequestError: there are too many clips, or no files can be written.
        """
        if len(self) >= self.settings.max_videos:
            raise RequestError(503, "The server has too many clips at the moment: try again later.", RETRY_AFTER)
        number = secrets.token_urlsafe(16)
        try:
            if self._root is None:
                self._root = self._opened.enter_context(
                    temporaries.beside(Path(tempfile.gettempdir()) / "clips")
                ).parent
            job = Job(number, self._root / number, model, every)
            job.folder.mkdir(mode=0o700)
        except OSError as error:
            raise RequestError(
                503, f"The server can't write clips to its temporary folder ({error.strerror})."
            ) from None
        self._jobs[number] = job
        return job

    def start(self, job: Job, reader: Reader) -> None:
        """Analyse a clip that has arrived, after those before it.

        Raises:
            RequestError: it is not in a known format.
        """
        with job.clip.open("rb") as file:
            if not is_clip(file.read(2 * TS_PACKET)):
                raise RequestError(
                    422, "The clip has an unknown format: send MP4, MOV, WebM, MKV, AVI, MPEG, Ogg, FLV or WMV."
                )
        job.state, job.asked = "waiting", time.monotonic()
        self._thread.submit(self._run, job, reader)

    def find(self, number: str) -> Job:
        """A clip, which stays for another while.

        Raises:
            RequestError: there is none.
        """
        job = self._jobs.get(number)
        if job is None or job.state == "receiving":
            raise RequestError(404, "There is no such clip: it may have been deleted, as nobody asked about it.")
        job.asked = time.monotonic()
        return job

    def remove(self, job: Job) -> None:
        """Delete a clip and its results; an analysis stops soon."""
        job.is_cancelled = True
        self._jobs.pop(job.id, None)
        if job.state != "running":  # else the thread deletes them
            shutil.rmtree(job.folder, ignore_errors=True)

    async def work(self) -> None:
        """Delete clips nobody asks about, until cancelled; then delete all."""
        temporaries.sweep(Path(tempfile.gettempdir()))
        try:
            while True:
                await asyncio.sleep(SWEEP_SECONDS)
                oldest = time.monotonic() - self.settings.video_ttl
                for job in [job for job in self._jobs.values() if job.state != "receiving" and job.asked < oldest]:
                    self.remove(job)
        finally:
            for job in list(self._jobs.values()):
                self.remove(job)
            self._thread.shutdown(wait=True, cancel_futures=True)
            self._opened.close()

    def _run(self, job: Job, reader: Reader) -> None:
        """Analyse one clip, in the thread."""
        if job.is_cancelled:
            return
        job.state = "running"
        try:
            result = analyse(job, reader, self.settings.max_video_seconds)
        except Cancelled:
            job.state = "failed"
        except OutputError:
            job.error = RequestError(503, "The server has no room for the results of the clip: try again later.")
            job.state = "failed"
        except MienError as error:
            job.error = VideoError(str(error).replace(f"'{job.clip}'", "The clip"))
            job.state = "failed"
        except Exception as error:  # its message may quote received data
            log.error("error", extra={"fields": {"error": type(error).__name__, "where": "video"}})
            job.error = RequestError(500, "The server failed to read the clip: please report this.")
            job.state = "failed"
        else:
            job.result = result
            job.state = "done"
        job.clip.unlink(missing_ok=True)
        if job.is_cancelled:
            shutil.rmtree(job.folder, ignore_errors=True)


def analyse(job: Job, reader: Reader, most: float) -> VideoResult:
    """Write the faces of a clip, and return its segments; by the same steps as ``mien video``.

    Args:
        job: the clip, which has arrived.
        reader: detects the faces and predicts them.
        most: maximum length in seconds.

    Raises:
        VideoError: it can't be read, or is too long.
        Cancelled: it is not wanted any more.
    """
    from mien.videos.job import Plan, run  # PyAV is loaded with the first clip
    from mien.videos.reader import VideoReader

    with VideoReader(job.clip, max_pixels=reader.options.max_pixels) as clip:
        job.duration = clip.duration
    _check_length(job.duration or 0.0, most)
    result = run(
        reader,
        str(job.clip),
        Plan(every=job.every, out=job.folder / LINES, empty_frames=True),
        progress=_Watch(job, most),
    )
    columns = records.track_columns(reader.classifier.classes)
    with (
        records.opened(job.folder / TABLE, "csv", columns) as table,
        (job.folder / LINES).open(encoding="utf-8") as lines,
    ):
        for line in lines:
            table.write(json.loads(line))
    return result


def is_clip(head: bytes) -> bool:
    """Whether a file with these first bytes is in a format of ``HEADS``, or an MPEG transport stream."""
    if any(head[start : start + len(kind)] == kind for start, kind in HEADS):
        return True
    return head[:1] == b"G" and head[TS_PACKET : TS_PACKET + 1] == b"G"


def _check_length(seconds: float, most: float) -> None:
    if seconds > most + 1:  # headers round
        raise VideoError(f"The clip is longer than the {most:g} seconds allowed: cut it, or use mien video.")


class _Watch(Progress):
    """Notes the time that is reached, and stops an analysis that is cancelled, or takes too long.

    Args:
        job: the clip.
        most: maximum length in seconds.
    """

    def __init__(self, job: Job, most: float) -> None:
        self.job = job
        self.most = most
        self.last = time.monotonic() + PATIENCE * most

    def video(self, time_reached: float, duration: float | None) -> None:
        """Receive the time that is reached."""
        if self.job.is_cancelled:
            raise Cancelled
        _check_length(time_reached, self.most)
        if time.monotonic() > self.last:
            raise VideoError("The clip takes too long to read: cut it, or use mien video.")
        self.job.seconds = time_reached
