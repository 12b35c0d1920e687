"""Numbers as people read them."""

from __future__ import annotations

import pytest

from mien import words


@pytest.mark.parametrize(
    ("num", "told"), [(0, "0 faces"), (1, "1 face"), (2, "2 faces"), (21, "21 faces"), (1000, "1,000 faces")]
)
def test_a_thing_is_counted_in_the_right_number(num: int, told: str) -> None:
    assert words.counted(num, "face") == told
    assert words.counted(num, "copy", "copies") == told.replace("faces", "copies").replace("face", "copy")


@pytest.mark.parametrize(
    ("share", "decimals", "told"),
    [
        (0.0, 1, "0.0%"),
        (1.0, 1, "100.0%"),
        (1 - 1 / 3589, 1, ">99.9%"),
        (1 / 3589, 1, "<0.1%"),
        (-1 / 3589, 1, "-<0.1%"),
        (0.996, 0, ">99%"),
        (0.004, 0, "<1%"),
        (0.99949, 1, "99.9%"),
        (0.715, 1, "71.5%"),
        (0.99996, 2, ">99.99%"),
    ],
)
def test_what_is_not_all_or_nothing_is_not_shown_as_such(share: float, decimals: int, told: str) -> None:
    assert words.percent(share, decimals) == told


@pytest.mark.parametrize(
    ("share", "told"), [(0.665, "66.5%"), (0.66, "66%"), (0.125, "12.5%"), (0.07, "7%"), (0.002, "0.2%"), (0.0, "0%")]
)
def test_a_setting_is_shown_as_it_is(share: float, told: str) -> None:
    assert words.exact_percent(share) == told


def test_differences_have_no_negative_zero() -> None:
    assert words.points(-0.0001) == words.points(-0.0001, signed=True) == words.points(0.0, signed=True) == "0.0"
    assert words.points(0.014, signed=True) == "+1.4"
    assert words.points(-0.014) == words.points(-0.014, signed=True) == "-1.4"


def test_small_values_are_not_shown_as_none() -> None:
    assert (words.p_value(0.0), words.p_value(0.0004), words.p_value(0.001)) == ("<0.001", "<0.001", "0.001")
    assert (words.minutes(0.004), words.minutes(0.3), words.minutes(61.24)) == ("0.004", "0.3", "61.2")


@pytest.mark.parametrize(
    ("low", "high", "told"), [(0.996, 1.0, "99–100"), (0.0, 0.792, "0–80"), (0.5, 0.5, "50–50"), (0.29, 0.58, "29–58")]
)
def test_an_interval_in_whole_percents_holds_what_it_held(low: float, high: float, told: str) -> None:
    assert words.whole_interval(low, high) == told
