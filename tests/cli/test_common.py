"""What the verbs share: options, progress and output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from mien import shown, tables
from mien.cli import common
from mien.data.reading import ReadOptions


def given(*words: str, training: bool = False) -> ReadOptions | str:
    """What a verb gets as its options for reading, or what is said instead."""
    seen: list[ReadOptions] = []

    @click.command()
    @common.data_options(training=training)
    def verb(reading: ReadOptions) -> None:
        seen.append(reading)

    done = CliRunner().invoke(verb, list(words))
    return seen[0] if seen else done.output


def test_options_for_reading_come_as_one_value() -> None:
    words = [
        "--layout",
        "folders",
        "--classes",
        "happy, sad,",
        "--drop",
        "fear,anger",
        "--drop",
        "calm",
        "--map",
        " a = b ",
    ]
    assert given(*words, "--coding", "rafdb", "--find-faces") == ReadOptions(
        layout="folders", classes=("happy", "sad"), drop=("fear", "anger", "calm"), map=(("a", "b"),), coding="rafdb", find_faces=True
    )  # fmt: skip
    assert given() == ReadOptions()
    assert given("--allow-leakage", training=True) == ReadOptions(allow_leakage=True)
    assert "No such option" in str(given("--allow-leakage"))


@pytest.mark.parametrize("pair", ["calm", "=calm", "calm= "])
def test_a_renaming_takes_two_names(pair: str) -> None:
    assert "write --map OLD=NEW" in str(given("--map", pair))


@pytest.mark.parametrize(("rank", "speaks"), [(None, True), ("0", True), ("1", False)])
def test_of_several_processes_the_first_one_speaks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rank: str | None, speaks: bool
) -> None:
    monkeypatch.delenv("RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("RANK", rank)
    assert common.speaks() is speaks
    with pytest.raises(SystemExit) as stop:
        common.fail("no.", 3)
    common.show({"a": 1}, False, lambda: "text")
    assert stop.value.code == 3
    assert capsys.readouterr() == (("text\n", "mien: no.\n") if speaks else ("", ""))


def test_results_are_text_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    common.show({"a": [1, "é\x1b"]}, True, lambda: "text")
    assert '"a"' in capsys.readouterr().out
    shown.say("a\x1b[31mb")
    assert "\x1b" not in capsys.readouterr().err


def test_colours_of_a_table_reach_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    table = tables.render(["class"], [["a\x1b[2Jb"]], ["#010203"])
    common.show({}, False, lambda: table)
    assert capsys.readouterr().out.splitlines()[2] == "\x1b[38;2;1;2;3m■\x1b[0m a\\x1b[2Jb"


def test_a_stop_says_how_to_go_on_if_there_is_something_to_go_on_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for needs, said in ((None, "do it again\n"), (tmp_path, "do it again\n"), (tmp_path / "none", "")):
        with pytest.raises(KeyboardInterrupt), common.resumable("do it again", needs):
            raise KeyboardInterrupt
        assert capsys.readouterr().err == said


def test_what_could_not_be_read_is_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    common.tell_counts("out", Counter(face=3, no_face=1))
    assert capsys.readouterr().err == "out: 3 faces, 1 photo without one, 0 not read\n"
    with pytest.raises(SystemExit) as stop:
        common.tell_counts(None, Counter(face=3, error=2))
    assert stop.value.code == 1
    assert "2 photos could not be read; their rows say why." in capsys.readouterr().err


def test_the_command_for_records_has_no_folders(tmp_path: Path) -> None:
    seen: list[Any] = []
    (tmp_path / "faces.csv").touch()

    def verb(function: Callable[[], tuple[str, ...]]) -> None:
        with click.Context(click.Command("mien")) as context:
            context.meta[common.ARGUMENTS] = ("train", str(tmp_path / "faces.csv"), "--set", "a/b=1")
            seen.append(function())

    verb(common.command_line)
    assert seen == [("mien", "train", "faces.csv", "--set", "a/b=1")]
