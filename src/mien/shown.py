"""Progress where the user is: ``SHOWN`` is the default of all verbs::

    notebook    one line of HTML with a bar and the time left, redrawn; notes are printed
    terminal    a bar with the time left, and a line for each epoch
    elsewhere   a line a minute at most; notes are always printed

It needs no package of its own: ``tqdm.auto`` and ``rich.progress`` take 190 and 140 ms to import here (click, which mien needs in
any case: 75 ms), and both need ipywidgets to redraw a line in a notebook (Python 3.11, AMD EPYC, 2026-11-26).
"""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mien import escapes
from mien.progress import Lines, Progress
from mien.words import duration_text

if TYPE_CHECKING:
    from mien.run_record import EpochRecord, RunRecord

MINUTE = 60.0
"""Seconds between two lines where nothing can be redrawn: in a log, or in a script without a terminal."""

SURE = 5.0
"""Seconds after which the time left of a video is shown."""

REDRAWN = 0.2
"""Seconds between two drawings of a line in a notebook."""

QUICK = 0.5
"""Seconds; an operation that ends sooner shows no bar in a notebook."""


def say(line: str) -> None:
    """Print one line on standard error."""
    click.echo(escapes.visible(line), err=True)


def redraw(line: str = "") -> None:
    """Replace the last line of a terminal, such as a counter; an empty line removes it."""
    click.echo(f"\r\x1b[K{escapes.visible(line)}", nl=False, err=True)


class Log(Lines):
    """Progress in a log: notes, and otherwise a line a minute at most."""

    def __init__(self, say: Callable[[str], None] = say) -> None:
        super().__init__(say)
        self.last = float("-inf")
        self.films = VideoClock()

    def begin(self, folder: Path, record: RunRecord, epochs_done: int) -> None:
        """Print the next epoch of this training, however soon it comes."""
        self.last = float("-inf")

    def bar(self, steps: Iterable[int], label: str) -> Iterator[int]:
        """Print the number of finished steps and the time left."""
        clock = Clock(steps)
        for done, step in enumerate(steps):
            if clock.seconds >= MINUTE and self._is_due():
                self.say(f"{label}: {clock.state(done)}")
            yield step

    def video(self, time: float, duration: float | None) -> None:
        """Print the time."""
        state = self.films.state(time, duration)
        if self.films.seconds >= MINUTE and self._is_due():
            self.say(state)

    def epoch(self, record: EpochRecord, num_epochs: int, is_best: bool) -> None:
        """Print the figures of an epoch."""
        if self._is_due():
            super().epoch(record, num_epochs, is_best)

    def _is_due(self) -> bool:
        now = time.monotonic()
        if now - self.last < MINUTE:
            return False
        self.last = now
        return True


class Terminal(Lines):
    """Progress on a terminal: a bar with the time left, which gives way to the line of the epoch."""

    def __init__(self) -> None:
        super().__init__(say)
        self.films = VideoClock()
        self.is_drawn = False

    def line(self, text: str) -> None:
        """Print the line in place of the state of a video."""
        if self.is_drawn:
            redraw()
            self.is_drawn = False
        super().line(text)

    def bar(self, steps: Iterable[int], label: str) -> Iterator[int]:
        """Show a bar over the steps."""
        with click.progressbar(steps, label=label, file=sys.stderr) as bar:
            yield from bar
        click.echo("\x1b[1A\x1b[2K", nl=False, err=True)  # the epoch's line takes the bar's place

    def video(self, time: float, duration: float | None) -> None:
        """Show the time."""
        redraw(self.films.state(time, duration))
        self.is_drawn = True


class Notebook(Lines):
    """Progress in a notebook: in each cell one line with a bar, which is redrawn; notes are printed."""

    def __init__(self) -> None:
        super().__init__(lambda text: print(escapes.visible(text)))
        self.cell, self.handle, self.drawn = -1, None, float("-inf")
        self.training: Training | None = None
        self.films = VideoClock()

    def begin(self, folder: Path, record: RunRecord, epochs_done: int) -> None:
        """Show the bars of this training as parts of one bar."""
        self.training = Training(record.recipe.epochs, epochs_done)

    def bar(self, steps: Iterable[int], label: str) -> Iterator[int]:
        """Show a bar over the steps, or over the epochs of a training."""
        clock, done = Clock(steps), -1
        for done, step in enumerate(steps):
            if clock.seconds > QUICK:
                self._draw(*self._state(clock, done, label))
            yield step
        if clock.seconds > QUICK:
            self._draw(*self._state(clock, done + 1, label), now=True)

    def _state(self, clock: Clock, done: int, label: str) -> tuple[float, str]:
        if self.training is None:
            return clock.share(done), f"{label}: {clock.state(done)}"
        return self.training.state(clock.share(done), clock.seconds, label)

    def video(self, time: float, duration: float | None) -> None:
        """Show the time."""
        self._draw(min(1.0, time / duration) if duration else 0.0, self.films.state(time, duration))

    def epoch(self, record: EpochRecord, num_epochs: int, is_best: bool) -> None:
        """Show the share of the epochs, the accuracy and the time left."""
        self.training = Training(num_epochs, record.epoch, record.seconds, record.valid_accuracy)
        state = self.training.state(0.0, 0.0, f"epoch {record.epoch}/{num_epochs}")
        self._draw(*state, now=record.epoch == num_epochs)

    def end(self, scores: Mapping[str, float]) -> None:
        """Show further bars by themselves."""
        self.training = None

    def _draw(self, share: float, text: str, now: bool = False) -> None:
        """Draw the line of this cell, unless it was drawn just before."""
        from IPython.display import display

        cell, moment = _shell().execution_count, time.monotonic()
        if cell == self.cell and moment - self.drawn < REDRAWN and not now:
            return
        shown = escapes.visible(text)
        bar = f'<progress value="{share:.3f}" max="1" style="vertical-align:middle"></progress>'
        bundle = {"text/plain": shown, "text/html": f"<div>{bar} {html.escape(shown)}</div>"}
        if cell == self.cell and self.handle is not None:
            self.handle.update(bundle, raw=True)
        else:
            self.cell, self.handle = cell, display(bundle, raw=True, display_id=True)
        self.drawn = moment


@dataclass(frozen=True)
class Training:
    """The state of a training between two epochs.

    Attributes:
        num_epochs: number of epochs of the recipe.
        done: number of finished epochs.
        seconds: duration of the last epoch; 0 before the first.
        accuracy: hold-out accuracy of the last epoch; None before the first.
    """

    num_epochs: int
    done: int
    seconds: float = 0.0
    accuracy: float | None = None

    def state(self, part: float, seconds: float, label: str) -> tuple[float, str]:
        """The finished share of the training, and a text with the last accuracy and the time left.

        Args:
            part: finished share of the current epoch.
            seconds: since its start.
            label: name of the epoch.
        """
        accuracy = "" if self.accuracy is None else f", hold-out accuracy {self.accuracy:.2%}"
        left = self.num_epochs - self.done - part
        each = self.seconds or (seconds / part if part else 0.0)
        time_left = f", {duration_text(each * left)} left" if each and left > 0 else ""
        return 1 - left / self.num_epochs, f"{label}{accuracy}{time_left}"


class Shown(Progress):
    """Progress where the user is: in a notebook, on a terminal, or in a log."""

    def __init__(self) -> None:
        self._places: dict[type[Lines], Lines] = {}

    @property
    def _place(self) -> Lines:
        kind = Notebook if in_notebook() else Terminal if sys.stderr.isatty() else Log
        return self._places.setdefault(kind, kind())

    def line(self, text: str) -> None:
        """Show the line."""
        self._place.line(text)

    def bar(self, steps: Iterable[int], label: str) -> Iterable[int]:
        """Show a bar over the steps."""
        return self._place.bar(steps, label)

    def video(self, time: float, duration: float | None) -> None:
        """Show the time."""
        self._place.video(time, duration)

    def begin(self, folder: Path, record: RunRecord, epochs_done: int) -> None:
        """Show a training from its start."""
        self._place.begin(folder, record, epochs_done)

    def epoch(self, record: EpochRecord, num_epochs: int, is_best: bool) -> None:
        """Show the epoch."""
        self._place.epoch(record, num_epochs, is_best)

    def end(self, scores: Mapping[str, float]) -> None:
        """Show the end of a training."""
        self._place.end(scores)


SHOWN = Shown()
"""Shows progress in a notebook, on a terminal or in a log: the default of the verbs."""


class Clock:
    """Steps and their time.

    Args:
        steps: the steps, whose number may be unknown.
    """

    def __init__(self, steps: Iterable[int]) -> None:
        self.total = len(steps) if isinstance(steps, Sized) else None
        self.started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def share(self, done: int) -> float:
        """The finished share, 0 to 1; 0 if the number of steps is unknown."""
        return done / self.total if self.total else 0.0

    def state(self, done: int) -> str:
        """The finished steps, and the time left if it is known."""
        if self.total is None:
            return f"{done:,}"
        left = f", {duration_text(self.seconds / done * (self.total - done))} left" if 0 < done < self.total else ""
        return f"{done:,} of {self.total:,}{left}"


class VideoClock:
    """The time that a video, or several, has reached, and the time left."""

    def __init__(self) -> None:
        self.reached = float("inf")
        self.begin, self.started = 0.0, 0.0

    @property
    def seconds(self) -> float:
        """Seconds since the first time of this video."""
        return time.monotonic() - self.started

    def state(self, reached: float, duration: float | None) -> str:
        """The time that is reached, in seconds of the video, and after some seconds the time left."""
        if reached <= self.reached:  # a new video
            self.begin, self.started = reached, time.monotonic()
        self.reached = reached
        # For joined recordings, the duration is that of the last one.
        if not duration or reached > duration:
            return f"{reached:.0f} s"
        read, seconds = reached - self.begin, self.seconds
        sure = read > 0 and seconds >= SURE
        left = f", {duration_text(seconds / read * (duration - reached))} left" if sure else ""
        return f"{reached:.0f} of {duration:.0f} s{left}"


def in_notebook() -> bool:
    """Whether this code runs in a notebook, or in another program that shows the outputs of an IPython kernel."""
    return "IPython" in sys.modules and getattr(_shell(), "kernel", None) is not None


def _shell() -> Any:
    """The shell of IPython; None outside of it."""
    return sys.modules["IPython"].get_ipython()
