"""Progress as lines of text, and none."""

from __future__ import annotations

import records
from mien.progress import SILENT, Lines

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
    figures = "epoch    3/80  loss 1.2346  accuracy 50.00%  hold-out loss 0.9877  hold-out accuracy 61.23%"
    assert said == ["a line", f"{figures} *  1,234 faces/s  12 s", f"{figures}    1,234 faces/s  12 s"]


def test_one_of_several_trainings_names_itself() -> None:
    said: list[str] = []
    Lines(said.append, "seed 1").epoch(EPOCH, 80, is_best=True)
    assert said == ["seed 1: epoch 3/80, hold-out accuracy 61.23%, 12 s"]


def test_silence_gives_the_steps_on() -> None:
    SILENT.line("nothing")
    SILENT.epoch(EPOCH, 80, is_best=True)
    assert list(SILENT.bar(range(3), "work")) == [0, 1, 2]
