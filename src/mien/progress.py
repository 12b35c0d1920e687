"""Progress of long operations: lines, bars and epochs, through one object."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mien.run_record import EpochRecord


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

    def epoch(self, record: EpochRecord, num_epochs: int, is_best: bool) -> None:
        """Receive a finished epoch; a checkpoint that is due has been stored.

        Args:
            record: the scores of the epoch.
            num_epochs: number of epochs of the recipe.
            is_best: whether its hold-out accuracy is the best so far.
        """


SILENT = Progress()


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
        self.say(
            f"epoch {record.epoch:>4}/{num_epochs}  loss {record.train_loss:.4f}  accuracy {record.train_accuracy:.2%}  "
            f"hold-out loss {record.valid_loss:.4f}  hold-out accuracy {record.valid_accuracy:.2%}{' *' if is_best else '  '}  "
            f"{record.images_per_second:,.0f} faces/s  {record.seconds:.0f} s"
        )
