"""Read several clips at once, each in a process of its own.

The processes are started as commands, not by ``multiprocessing``, which would run the caller's script again in each. A process
that crashes, as a decoder may on a damaged file, costs its clip only.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import mien
from mien.errors import MienError
from mien.progress import Progress
from mien.videos.clip_reader import ClipReader, Outcome, ReadAll, begun, one_by_one, total_of
from mien.videos.clips import Clip

COMMAND = (sys.executable, "-P", "-c", "from mien.videos.parallel import work; work()")
PATIENCE = 10.0
"""Seconds in which a process that is stopped must end."""


@dataclass(frozen=True)
class Reached:
    """The time that a process has reached in its clip, in seconds."""

    time: float


@dataclass(frozen=True)
class Said:
    """A line for the user."""

    text: str


@dataclass(frozen=True)
class Places:
    """How clips share the cores of this machine.

    Attributes:
        workers: number of processes; 1 is this process.
        threads: threads of each; 0 uses all cores.
    """

    workers: int
    threads: int

    @classmethod
    def of(cls, num_clips: int, workers: int | None, device: str) -> Places:
        """Places for so many clips; by default a process for each core, or one if a GPU does the work."""
        cores = os.cpu_count() or 1
        wanted = workers or (cores if device == "cpu" else 1)
        num = max(1, min(wanted, num_clips))
        return cls(num, max(1, cores // num) if num > 1 else 0)

    @property
    def read_all(self) -> ReadAll:
        """The function that reads clips there."""
        return one_by_one if self.workers == 1 else partial(read_all, workers=self.workers)


Message = Reached | Said | Outcome | MienError


def read_all(clip_reader: ClipReader, clips: Sequence[Clip], progress: Progress, *, workers: int) -> Iterator[Outcome]:
    """Read clips with several processes; yields the outcomes as the clips end.

    Raises:
        MienError: a process could not write its results; the others are stopped.
    """
    total = total_of(clip_reader, clips, progress)
    messages: queue.SimpleQueue[tuple[int, Message | None]] = queue.SimpleQueue()
    crew = _Crew(clip_reader)
    pool = ThreadPoolExecutor(min(workers, len(clips)))
    try:
        for number, clip in enumerate(clips):
            pool.submit(crew.read, number, clip, messages)
        left = len(clips)
        while left:
            number, message = messages.get()
            match message:
                case None:
                    progress.line(begun(number + 1, clips))
                case Reached(time):
                    total.at(clips[number].name, time)
                case Said(text):
                    progress.line(text)
                case Outcome():
                    total.ended(message)
                    left -= 1
                    yield message
                case MienError():
                    raise message
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        crew.stop()
        pool.shutdown()


class _Crew:
    """Processes that read clips; each is used for one clip after another.

    Args:
        clip_reader: sent to each process when it starts.
    """

    def __init__(self, clip_reader: ClipReader) -> None:
        self.content = pickle.dumps(clip_reader)
        self.free: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()
        self.all: list[subprocess.Popen[bytes]] = []
        self.is_stopped = False
        self.lock = threading.Lock()

    def read(self, number: int, clip: Clip, messages: queue.SimpleQueue[tuple[int, Message | None]]) -> None:
        """Have a process read a clip, and pass on its messages: None at first, and at last an outcome or an error."""
        messages.put((number, None))
        try:
            process = self._process()
        except EOFError:  # all are stopped
            return
        try:
            stdin, stdout = _pipes(process)
            stdin.write(pickle.dumps(clip))
            stdin.flush()
            message: Any = None
            while not isinstance(message, Outcome | MienError):
                message = pickle.load(stdout)
                messages.put((number, message))
            self.free.put(process)
        except (OSError, EOFError, pickle.UnpicklingError):
            messages.put((number, Outcome(clip.name, f"the process that read it has crashed ({_end(process)})")))

    def _process(self) -> subprocess.Popen[bytes]:
        """A process without a clip; a new one if there is none."""
        with suppress(queue.Empty):
            return self.free.get_nowait()
        path = os.pathsep.join([str(Path(mien.__file__).parents[1]), *filter(None, sys.path)])
        # In a session of its own, so that Ctrl-C reaches this process only, which stops the others.
        environment = os.environ | {"PYTHONPATH": path}
        with self.lock:
            if self.is_stopped:
                raise EOFError
            process = subprocess.Popen(
                COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
            )
            self.all.append(process)
        with suppress(OSError):  # if it has crashed already, its first clip says so
            _pipes(process)[0].write(self.content)
        return process

    def stop(self) -> None:
        """End all processes; clips that are not finished keep what was read of them."""
        with self.lock:
            self.is_stopped = True
        for process in self.all:
            process.terminate()
        for process in self.all:
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pipe in _pipes(process):
                with suppress(OSError):
                    pipe.close()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[Any, Any]:
    return process.stdin, process.stdout


def _end(process: subprocess.Popen[bytes]) -> str:
    """How a process ended."""
    process.kill()
    code = process.wait()
    return signal.strsignal(-code) or f"signal {-code}" if code < 0 else f"exit code {code}"


class _Sender(Progress):
    """Progress of a clip, as messages."""

    def __init__(self, send: Any) -> None:
        self.send = send

    def line(self, text: str) -> None:
        """Send the line."""
        self.send(Said(text))

    def video(self, time: float, duration: float | None) -> None:
        """Send the time."""
        self.send(Reached(time))


def work() -> None:
    """Read clips that come in from standard input, until it is closed; the start of each process."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(1)

    signal.signal(signal.SIGTERM, stop)
    to = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not come between the messages

    def send(message: Message) -> None:
        to.write(pickle.dumps(message))
        to.flush()

    with suppress(EOFError, BrokenPipeError):  # the caller has ended
        clip_reader: ClipReader = pickle.load(sys.stdin.buffer)
        while True:
            clip: Clip = pickle.load(sys.stdin.buffer)
            try:
                send(clip_reader.read(clip, _Sender(send)))
            except MienError as error:
                send(error)
