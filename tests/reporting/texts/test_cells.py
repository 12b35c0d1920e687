"""Bare numbers as cells of tables."""

from __future__ import annotations

import pytest

from mien.evaluation.metrics import Score
from mien.reporting.texts import cells


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (cells.count(1234567), "1,234,567"), (cells.decimal(1234.56), "1,234.6"), (cells.decimal(0.12345, 3), "0.123"),
        (cells.signed(0.5), "+0.5"), (cells.signed(-1234.25, 2), "-1,234.25"), (cells.compact(0.05), "0.05"),
        (cells.compact(1e-05), "1e-05"), (cells.compact(3.0), "3"), (cells.true_minus("-0.5"), "−0.5"),
        (cells.ends((0.61, 0.652)), "61.0% to 65.2%"), (cells.decimal_ends((0.9123, 1.04561), 4), "0.9123 to 1.0456"),
        (cells.optional_p_value(None), "–"), (cells.optional_p_value(None, ""), ""), (cells.magnitude(0.000234), "0.0002"),
        (cells.megabytes(12_345_678), "12.3 MB"), (cells.megabytes(2_000_000_000, 0), "2,000 MB"),
        (cells.signed_tick(-2.5), "−2.5"), (cells.signed_tick(0.0), "0"), (cells.signed_tick(3.0), "+3"),
    ],
)  # fmt: skip
def test_a_figure_is_shown_as_tables_show_it(shown: str, expected: str) -> None:
    assert shown == expected


def test_a_share_that_is_not_defined_is_a_dash() -> None:
    assert cells.bounded(None) == cells.DASH
    assert cells.bounded(Score(0.631, 0.612, 0.659)) == "63.1% (61–66)"
    assert cells.optional_p_value(0.25) == cells.p_value(0.25)
