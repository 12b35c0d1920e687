"""Progress as lines of text, to several receivers, and none."""

from __future__ import annotations

from typing import Any

import pytest

import mien
import records
from mien.progress import SILENT, Lines, Once, Progress, Several

EPOCH = records.epoch(
    3,
    train_loss=1.23456,
    train_accuracy=0.5,
    valid_loss=0.98765,
    valid_accuracy=0.61234,
    seconds=12.4,
    images_per_second=1234.5,
)


def test_each_epoch_is_a_line_with_its_figures_and_a_star_for_the_best() -> None:
    said: list[str] = []
    lines = Lines(said.append)
    lines.line("a line")
    lines.epoch(EPOCH, 80, is_best=True)
    lines.epoch(EPOCH, 80, is_best=False)
    lines.epoch(EPOCH, 3, is_best=False)
    figures = "epoch    3/80  loss 1.235  hold-out loss 0.988, accuracy 61.23%"
    assert said[:3] == ["a line", f"{figures} *  15:55 left", f"{figures}    15:55 left"]
    assert said[3].endswith("61.23%    12 s")  # the last one
    assert max(map(len, said)) <= 80


def test_one_of_several_trainings_names_itself() -> None:
    said: list[str] = []
    Lines(said.append, "seed 1").epoch(EPOCH, 80, is_best=True)
    assert said == ["seed 1: epoch 3/80, hold-out accuracy 61.23%, 12 s"]


def test_silence_gives_the_steps_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert mien.SILENT is SILENT
    SILENT.line("nothing")
    SILENT.epoch(EPOCH, 80, is_best=True)
    assert list(SILENT.bar(range(3), "work")) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


class Keeps(Progress):
    """Keeps the names of what it received."""

    def __init__(self, calls: list[str], name: str) -> None:
        self.calls, self.name = calls, name

    def line(self, text: str) -> None:
        self.calls.append(f"{self.name} {text}")

    def bar(self, steps: Any, label: str) -> Any:
        self.calls.append(f"{self.name} {label}")
        return steps

    def begin(self, folder: Any, record: Any, epochs_done: int) -> None:
        self.calls.append(f"{self.name} begin")

    def epoch(self, record: Any, num_epochs: int, is_best: bool) -> None:
        self.calls.append(f"{self.name} epoch {record.epoch}")

    def end(self, scores: Any) -> None:
        self.calls.append(f"{self.name} end")


def test_several_receivers_get_everything_and_the_first_shows_the_bars(run: Any) -> None:
    calls: list[str] = []
    both = Several(Keeps(calls, "a"), Keeps(calls, "b"))
    both.line("note")
    assert list(both.bar(range(2), "work")) == [0, 1]
    both.begin(run.folder, run.record, 0)
    both.epoch(EPOCH, 80, is_best=True)
    both.end({"accuracy": 0.5})
    assert calls == ["a note", "b note", "a work", "a begin", "b begin", "b epoch 3", "a epoch 3", "a end", "b end"]


def test_of_several_trainings_a_line_is_said_once() -> None:
    said: list[str] = []
    once = Once(Lines(said.append), without="--resume")
    for line in ("read 9 faces", "resume it with  mien train --resume runs/1", "read 9 faces", "done"):
        once.line(line)
    once.epoch(EPOCH, 80, is_best=True)
    assert said[:2] == ["read 9 faces", "done"]
    assert said[2].startswith("epoch    3/80")
    assert list(once.bar(range(3), "work")) == [0, 1, 2]
