from __future__ import annotations

import numpy as np
import pytest

from mien import emotions, tables


def test_numbers_go_right_and_words_left() -> None:
    assert tables.render(["name", "n"], [["a", "5"], ["bcd", "1,000"]]).splitlines() == [
        "name      n",
        "----  -----",
        "a         5",
        "bcd   1,000",
    ]


def test_a_table_without_rows_has_its_heads() -> None:
    assert tables.render(["a", "b"], []).splitlines() == ["a  b", "-  -"]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "24")


def test_words_are_wrapped_where_there_is_no_room(narrow: None) -> None:
    told = tables.render(["name of it", "n"], [["one two three four five six", "5"], ["six", "12"]])
    assert max(map(len, told.splitlines())) <= 24
    assert told.splitlines()[2].endswith(" 5")
    assert told.split()[-2:] == ["six", "12"]


def test_columns_that_do_not_fit_stand_in_a_table_below(narrow: None) -> None:
    told = tables.render(["class", "angry", "happy", "surprise"], [["a", "1", "2", "3"]])
    first, second = (block.splitlines() for block in told.split("\n\n"))
    assert first == ["class  angry  happy", "-----  -----  -----", "a          1      2"]
    assert second == ["class  surprise", "-----  --------", "a             3"]


def test_a_wide_terminal_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert len(tables.render(["a"], [["word " * 30 + "end"]]).splitlines()) == 3


@pytest.mark.parametrize("num", [7, 8])
def test_the_matrix_of_the_expressions_fits_80_columns(num: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")  # 80, as there is no terminal
    told = tables.matrix(emotions.ALL_EMOTIONS[:num], np.full((num, num), 1000))
    assert max(map(len, told.splitlines())) <= 80


def test_chinese_takes_two_columns() -> None:
    assert tables.render(["類別", "n"], [["生氣", "5"], ["ab", "7"]]).splitlines() == [
        "類別  n", "----  -", "生氣  5", "ab    7",
    ]  # fmt: skip


def test_sentences_are_wrapped_and_tables_are_not(narrow: None) -> None:
    table = "a" + 30 * " " + "b"
    told = tables.wrapped(f"one two three four five six\n{table}\nshort")
    assert told == f"one two three four five\nsix\n{table}\nshort"


def test_bars_have_the_length_of_their_share() -> None:
    assert [tables.bar(share, 2) for share in (0, 0.5, 0.75, 1, 2)] == ["  ", "█ ", "█▌", "██", "██"]


@pytest.fixture
def colourful(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that shows colour."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_terminal_there_is_no_colour() -> None:
    assert "\x1b" not in tables.render(["class", ""], [["angry", "██"]], ["#ff0000"])


def test_colour_is_for_terminals_that_want_it(colourful: None, monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = tables.render(["class", ""], [["angry", "██"]], ["#ff0000"])
    assert coloured.splitlines()[2] == "\x1b[38;2;255;0;0m■\x1b[0m angry  \x1b[38;2;255;0;0m██\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in tables.render(["class", ""], [["angry", "██"]], ["#ff0000"])


def test_the_sign_of_a_class_is_before_its_name(colourful: None) -> None:
    """In the column of the names; a row without a class has none."""
    rows = [["a.jpg", "happy"], ["tree.jpg", "no_face"]]
    shown = tables.render(["photo", "expression"], rows, ["#0a0b0c", ""], named=1).splitlines()
    assert shown[2:] == ["a.jpg     \x1b[38;2;10;11;12m■\x1b[0m happy", "tree.jpg  no_face"]


def test_a_matrix_has_the_true_class_by_row() -> None:
    last = tables.matrix(["up", "down"], np.array([[5, 1], [2, 7]])).splitlines()[-1]
    assert last.split() == ["down", "2", "7"]
