"""Progress in a log, on a terminal and in a notebook."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import mien
import records
from mien import shown as showing
from mien.errors import RunError
from mien.progress import SILENT, Lines
from mien.run import Run
from mien.shown import Log, Notebook, Shown, Terminal, Training


class Time:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(showing, "time", clock)
    return clock


class Kernel:
    """Stands for IPython in a notebook: keeps what is displayed and how it is updated."""

    def __init__(self) -> None:
        self.kernel, self.execution_count = object(), 1
        self.shown: list[list[dict[str, str]]] = []

    def display(self, bundle: dict[str, str], *, raw: bool, display_id: bool) -> Any:
        output = [bundle]
        self.shown.append(output)
        return types.SimpleNamespace(update=lambda bundle, raw: output.append(bundle))

    @property
    def texts(self) -> list[list[str]]:
        """The texts of each output, in the order of the updates."""
        return [[bundle["text/plain"] for bundle in output] for output in self.shown]


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel()
    module = types.SimpleNamespace(get_ipython=lambda: kernel)
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=kernel.display))
    return kernel


def steps_of(bar: Any, clock: Time, seconds: float) -> Iterator[int]:
    """The steps of a bar, each of which takes some seconds."""
    for step in bar:
        yield step
        clock.now += seconds


def test_a_log_has_a_line_a_minute_at_most(clock: Time) -> None:
    said: list[str] = []
    log = Log(said.append)
    assert list(steps_of(log.bar(range(10), "photos"), clock, 25)) == list(range(10))
    assert said == ["photos: 3 of 10, 2:55 left", "photos: 6 of 10, 1:40 left", "photos: 9 of 10, 0:25 left"]
    log.line("a note")
    log.line("another")
    assert said[3:] == ["a note", "another"]


def test_a_log_has_a_line_a_minute_of_a_long_video_and_none_of_a_short_one(clock: Time) -> None:
    said: list[str] = []
    log = Log(said.append)
    for _ in range(2):
        clock.now += 100
        for second in range(4):
            log.video(float(second), 10.0)
            clock.now += 25
    assert said == ["3 of 10 s, 2:55 left"] * 2


def test_a_log_has_the_first_epoch_of_each_training_and_then_one_a_minute(clock: Time, run: Run) -> None:
    said: list[str] = []
    log = Log(said.append)
    for _ in range(2):
        log.begin(run.folder, run.record, 0)
        for number in range(1, 11):
            clock.now += 25
            log.epoch(records.epoch(number), 10, is_best=False)
    assert [line.split()[1] for line in said] == ["1/10", "4/10", "7/10", "10/10"] * 2


def test_a_terminal_has_a_bar_which_gives_way_to_the_next_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(Terminal().bar(range(3), "work")) == [0, 1, 2]
    assert capsys.readouterr().err.startswith("work")
    Terminal().video(2.4, 8.0)
    assert click.unstyle(capsys.readouterr().err).endswith("2 of 8 s")


def test_a_line_takes_the_place_of_the_state_of_a_video(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    for text in ("first", "second", "third"):
        if text == "second":
            terminal.video(1.0, 8.0)
        terminal.line(text)
    assert click.unstyle(capsys.readouterr().err) == "first\n\r1 of 8 s\rsecond\nthird\n"


def test_a_notebook_redraws_one_line_per_cell(clock: Time, kernel: Kernel) -> None:
    notebook = Notebook()
    assert list(steps_of(notebook.bar(range(4), "photos"), clock, 10)) == [0, 1, 2, 3]
    assert kernel.texts == [
        ["photos: 1 of 4, 0:30 left", "photos: 2 of 4, 0:20 left", "photos: 3 of 4, 0:10 left", "photos: 4 of 4"]
    ]
    assert '<progress value="0.250" max="1"' in kernel.shown[0][0]["text/html"]
    kernel.execution_count = 2
    list(steps_of(notebook.bar(range(2), "<b>"), clock, 10))
    assert kernel.texts[1] == ["<b>: 1 of 2, 0:10 left", "<b>: 2 of 2"]
    assert "&lt;b&gt;: 1 of 2" in kernel.shown[1][0]["text/html"]


def test_a_notebook_shows_no_bar_of_what_is_quick_and_redraws_seldom(clock: Time, kernel: Kernel) -> None:
    list(steps_of(Notebook().bar(range(4), "photos"), clock, 0.1))
    assert kernel.texts == []
    list(steps_of(Notebook().bar(range(1000), "photos"), clock, 0.01))
    assert len(kernel.texts[0]) < 60


def test_a_notebook_shows_one_bar_for_all_epochs(
    clock: Time, kernel: Kernel, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = Notebook()
    notebook.line("a note")
    notebook.begin(run.folder, run.record, 0)  # of two epochs
    for number in (1, 2):
        list(steps_of(notebook.bar(range(2), f"epoch {number}/2"), clock, 10))
        notebook.epoch(records.epoch(number, valid_accuracy=0.3 * number, seconds=20.0), 2, is_best=True)
        clock.now += 1
    notebook.end({})
    assert capsys.readouterr().out == "a note\n"
    (texts,) = kernel.texts
    assert texts[0] == "epoch 1/2, 0:30 left"
    assert "epoch 2/2, hold-out accuracy 30.00%, 0:10 left" in texts
    assert texts[-1] == "epoch 2/2, hold-out accuracy 60.00%"
    assert ['value="1.000"' in bundle["text/html"] for bundle in kernel.shown[0]][-1]


def test_a_training_that_resumes_starts_at_its_share() -> None:
    share, text = Training(num_epochs=10, done=4).state(0.5, 30.0, "epoch 5/10")
    assert share == pytest.approx(0.45)
    assert text == "epoch 5/10, 5:30 left"


def test_progress_is_shown_where_the_user_is(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: Any = Shown()
    assert isinstance(shown._place, Notebook)
    kernel.kernel = None  # IPython in a terminal
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert isinstance(shown._place, Terminal)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    assert isinstance(shown._place, Log)
    assert shown._place is shown._place


def test_the_verbs_show_their_progress(faces_file: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    mien.train(faces_file, "demo", tmp_path / "run", epochs=1, image_size=16)
    err = capsys.readouterr().err
    assert "read 350 faces" in err
    assert "epoch    1/1" in err
    mien.train(faces_file, "demo", tmp_path / "quiet", epochs=1, image_size=16, progress=mien.SILENT)
    assert capsys.readouterr() == ("", "")


def test_an_interrupted_training_resumes(faces_file: Path, tmp_path: Path) -> None:
    """Interrupting a cell raises ``KeyboardInterrupt``, like Ctrl-C; the kernel, and so this process, goes on."""

    class Stop(Lines):
        def epoch(self, record: Any, num_epochs: int, is_best: bool) -> None:
            if record.epoch == 2:
                raise KeyboardInterrupt

    said: list[str] = []
    settings: dict[str, Any] = {"epochs": 3, "image_size": 16, "seed": 4}
    with pytest.raises(KeyboardInterrupt):
        mien.train(faces_file, "demo", tmp_path / "run", progress=Stop(said.append), **settings)
    with pytest.raises(RunError, match="resume it with"):
        mien.train(faces_file, "demo", tmp_path / "run", progress=SILENT, **settings)
    resumed = mien.resume(tmp_path / "run", progress=SILENT)
    whole = mien.train(faces_file, "demo", tmp_path / "whole", progress=SILENT, **settings)
    assert [row.valid_loss for row in resumed.history] == [row.valid_loss for row in whole.history]
    assert resumed.model_file.exists()
