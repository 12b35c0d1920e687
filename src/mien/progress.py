"""Progress of long operations: lines, bars and epochs, through one object. ``mien.shown`` shows it where the user is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mien.words import duration_text

if TYPE_CHECKING:
    from mien.run_record import EpochRecord, RunRecord


class Progress:
    """Receives the progress of an operation; this class shows nothing. An exception in a method stops the operation."""

    def line(self, text: str) -> None:
        """Receive a line of text for the user."""

    def bar(self, steps: Iterable[int], label: str) -> Iterable[int]:
        """Wrap the steps of an operation; yields them unchanged.

        Args:
            steps: the steps.
            label: name of the operation.
        """
        return steps

    def video(self, time: float, duration: float | None) -> None:
        """Receive the time that a video has reached, and its duration if that is known, in seconds."""

    def begin(self, folder: Path, record: RunRecord, epochs_done: int) -> None:
        """Receive a training that starts or resumes.

        Args:
            folder: the run folder.
            record: its record.
            epochs_done: number of epochs that were finished before.
        """

    def epoch(self, record: EpochRecord, num_epochs: int, is_best: bool) -> None:
        """Receive a finished epoch; a checkpoint that is due has been stored.

        Args:
            record: the scores of the epoch.
            num_epochs: number of epochs of the recipe.
            is_best: whether its hold-out accuracy is the best so far.
        """

    def end(self, scores: Mapping[str, float]) -> None:
        """Receive the scores of the exported model on the held-out rows, by name."""

    def on_worker(self, tell: Callable[[str], None]) -> Progress:
        """The object that takes the place of this one in a process that trains on a cluster.

        Args:
            tell: sends a line to this process.
        """
        return Lines(tell)


SILENT = Progress()
"""Shows nothing."""


class Lines(Progress):
    """Progress as lines of text.

    Args:
        say: receives each line.
        title: name of the training, if several are reported.
    """

    def __init__(self, say: Callable[[str], None], title: str = "") -> None:
        self.say = say
        self.title = title

    def line(self, text: str) -> None:
        """Pass the line on."""
        self.say(text)

    def epoch(self, record: EpochRecord, num_epochs: int, is_best: bool) -> None:
        """Pass on one line with the epoch's figures."""
        if self.title:
            self.say(
                f"{self.title}: epoch {record.epoch}/{num_epochs}, hold-out accuracy {record.valid_accuracy:.2%}, "
                f"{record.seconds:.0f} s"
            )
            return
        epochs_left = num_epochs - record.epoch
        left = f"{duration_text(record.seconds * epochs_left)} left" if epochs_left else f"{record.seconds:.0f} s"
        self.say(  # at most 80 columns
            f"epoch {record.epoch:>4}/{num_epochs}  loss {record.train_loss:.3f}  hold-out loss {record.valid_loss:.3f}, "
            f"accuracy {record.valid_accuracy:.2%}{' *' if is_best else '  '}  {left}"
        )


class Several(Progress):
    """Several receivers, each of which gets everything; the first shows the bars.

    Args:
        receivers: one or more.
    """

    def __init__(self, *receivers: Progress) -> None:
        self.receivers = receivers

    def line(self, text: str) -> None:
        """Pass the line on."""
        for receiver in self.receivers:
            receiver.line(text)

    def bar(self, steps: Iterable[int], label: str) -> Iterable[int]:
        """The bar of the first."""
        return self.receivers[0].bar(steps, label)

    def video(self, time: float, duration: float | None) -> None:
        """Pass the time on."""
        for receiver in self.receivers:
            receiver.video(time, duration)

    def begin(self, folder: Path, record: RunRecord, epochs_done: int) -> None:
        """Pass the training on."""
        for receiver in self.receivers:
            receiver.begin(folder, record, epochs_done)

    def epoch(self, record: EpochRecord, num_epochs: int, is_best: bool) -> None:
        """Pass the epoch on."""
        for receiver in reversed(self.receivers):  # what is tracked is stored when the epoch is shown
            receiver.epoch(record, num_epochs, is_best)

    def end(self, scores: Mapping[str, float]) -> None:
        """Pass the scores on."""
        for receiver in self.receivers:
            receiver.end(scores)

    def on_worker(self, tell: Callable[[str], None]) -> Progress:
        """What takes the place of each."""
        return Several(*(receiver.on_worker(tell) for receiver in self.receivers))


class Once(Several):
    """Passes each line on once: for several trainings on the same data.

    Args:
        receiver: gets everything else as it is.
        without: lines with this text are left out.
    """

    def __init__(self, receiver: Progress, without: str) -> None:
        super().__init__(receiver)
        self.without = without
        self.seen: set[str] = set()

    def line(self, text: str) -> None:
        """Pass a new line on."""
        if text not in self.seen and self.without not in text:
            super().line(text)
        self.seen.add(text)
