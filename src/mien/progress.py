"""How work that takes long tells of itself: lines, bars and epochs, from one object."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mien.run_record import EpochRecord


class Progress:
    """Takes what work tells of itself; this one shows nothing. What a method raises stops the work there."""

    def line(self, text: str) -> None:
        """Take a line for people."""

    def bar(self, steps: Iterable[int], label: str) -> Iterable[int]:
        """Take the steps of one piece of work, to give them on as they are done."""
        return steps

    def epoch(self, record: EpochRecord, num_epochs: int, is_best: bool) -> None:
        """Take an epoch of a training, once a checkpoint that is due is stored.

        Args:
            record: of the epoch.
            num_epochs: of the recipe.
            is_best: whether its hold-out accuracy is the best so far.
        """


SILENT = Progress()


class Lines(Progress):
    """Progress as lines of text.

    Args:
        say: takes each line.
        title: which training it is, where several are told of.
    """

    def __init__(self, say: Callable[[str], None], title: str = "") -> None:
        self.say = say
        self.title = title

    def line(self, text: str) -> None:
        """Say the line."""
        self.say(text)

    def epoch(self, record: EpochRecord, num_epochs: int, is_best: bool) -> None:
        """Say the epoch's figures."""
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
