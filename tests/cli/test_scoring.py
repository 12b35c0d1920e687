"""predict on a Ray cluster: what is refused before it begins, and what is told."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mien.cli import scoring as cli_scoring
from mien.inference.options import PhotoOptions
from mien.scale import scoring as scale_scoring
from mien.scale.scoring import Part

Invoke = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--engine", "ray"), "needs an output: name a folder"),
        (("--engine", "ray", "-o", "out", "--annotate", "drawn"), "leave --annotate, --json, --jsonl and --csv"),
        (("--engine", "ray", "-o", "out", "--json"), "leave --annotate, --json, --jsonl and --csv"),
        (("--engine", "ray", "-o", "out", "-"), "can't read standard input"),
        (("--workers", "2"), "--workers is for --engine ray"),
    ],
)
def test_what_makes_no_sense_with_an_engine_says_so(
    invoke: Invoke, album: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = invoke("predict", album, *arguments)
    assert (code, out) == (2, "")
    assert message in err


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[Part]:
    """What the cluster gives; a test fills it in."""
    given: list[Part] = []
    monkeypatch.setattr(scale_scoring, "score", lambda photos, out, options, **_: iter(given))
    return given


def run(out: Path) -> None:
    cli_scoring.score(("album",), str(out), None, None, False, None, PhotoOptions("tiny"))


def test_the_counts_of_all_parts_are_added_up(
    parts: list[Part], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts += [Part(0, 2, 3, Counter(face=3), before=False), Part(1, 2, 3, Counter(face=1, no_face=2), before=True)]
    run(tmp_path / "out")
    assert capsys.readouterr().err == f"{tmp_path / 'out'}: 4 faces, 2 photos without one, 0 not read\n"


def test_nothing_left_to_do_says_so(parts: list[Part], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path / "out")
    assert "is already complete; remove it to start again" in capsys.readouterr().err


def test_a_stop_names_the_way_to_go_on_once_there_is_something(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object, **__: object) -> Iterator[Part]:
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(scale_scoring, "score", stop)
    for exists, said in ((False, ""), (True, f"'{tmp_path / 'out'}' has the finished photos; resume with --resume.\n")):
        if exists:
            (tmp_path / "out").mkdir()
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "out")
        assert capsys.readouterr().err == said


def test_a_ctrl_c_that_another_package_has_swallowed_is_raised_again() -> None:
    before = signal.getsignal(signal.SIGINT)
    with cli_scoring._heeded_interrupt() as heed:
        heed()
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        with pytest.raises(KeyboardInterrupt):
            heed()
    assert signal.getsignal(signal.SIGINT) is before
